"""The rows that need no gRPC: kernels, publication, consent, metrics. Each is a Google Benchmark program of its own."""

from programs import google_benchmark
from table import Row

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def nanoseconds(result):
    return result["cpu_time"] * NANOSECONDS[result["time_unit"]]


def results(fixture, plan, progress, program, pattern="."):
    """{benchmark name: [one result a round]}, the benchmarks of the program in random order within each round."""
    path = fixture.path(program)
    progress.bar(pattern, 0, plan.rounds)
    found = google_benchmark(path, plan.micro_s, pattern, plan.rounds)
    progress.bar(pattern, plan.rounds, plan.rounds)
    return found


def metrics(fixture, plan, progress, _troubles):
    ours = Row("metrics per event", "ns", 5, 2.5, higher_is_better=False)
    theirs = Row("the same with prometheus-cpp's counters", "ns")
    found = results(fixture, plan, progress, "tests/bench/metrics_bench", "^metrics/")
    ours.samples = [nanoseconds(result) for result in found["metrics/one_assign"]]
    theirs.samples = [nanoseconds(result) for result in found["metrics/prometheus_cpp"]]
    return [ours, theirs]
