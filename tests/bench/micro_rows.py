"""The rows that need no gRPC: kernels, publication, consent, metrics. Each group is a program of its own."""

import json

from programs import google_benchmark, run
from table import Row

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
QUICK_CONSENT_SUBJECTS = 100_000


def rows_of(output):
    """Rows from a program that prints one JSON object a row with its own minimum, median and maximum."""
    rows = []
    for line in output.splitlines():
        figure = json.loads(line)
        rows.append(Row(figure["row"], figure["unit"], figure["must"] or None, figure["aim"] or None,
                        figure.get("higher_is_better", figure["unit"] == "1/s")))
        rows[-1].summary = (figure["min"], figure["median"], figure["max"])
    return rows


def kernels(fixture, plan, progress, _troubles):
    program = fixture.path("tests/bench/kernels/kernel_bench")
    if plan.quick:  # its own table takes its time
        google_benchmark(program, plan.micro_s, "/256/64$")
        return []
    progress.say("kernels against FAISS, and the model read")
    return rows_of(run([program, "--json"]))


def consent(fixture, plan, progress, _troubles):
    progress.say("consent index and durable consent writes")
    command = [fixture.path("tests/bench/storage/storage_bench"), "--json"]
    return rows_of(run(command + ([f"--subjects={QUICK_CONSENT_SUBJECTS}"] if plan.quick else [])))


def metrics(fixture, plan, progress, _troubles):
    ours = Row("metrics per event", "ns", 5, 2.5, higher_is_better=False)
    theirs = Row("the same with prometheus-cpp's counters", "ns")
    progress.say("metrics")
    found = google_benchmark(fixture.path("tests/bench/metrics_bench"), plan.micro_s, "^metrics/", plan.rounds)

    def samples(name):
        return [result["cpu_time"] * NANOSECONDS[result["time_unit"]] for result in found[name]]

    ours.samples = samples("metrics/one_assign")
    theirs.samples = samples("metrics/prometheus_cpp")
    return [ours, theirs]
