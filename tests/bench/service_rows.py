"""The rows that are measured through gRPC: assentd against the empty call, TLS, batches, the Python baseline."""

import statistics

from fixture import AGGREGATES, DIM, K
from programs import google_benchmark
from table import Row

OPEN_LOOP_RATE = 30_000
IN_FLIGHT = 64
BATCH_ROWS = 256
BATCH_IN_FLIGHT = 4


def in_turn(name, plan, progress, first, second, record):
    """Runs two measurements `plan.rounds` times, swapping which goes first, and records each pair."""
    for number in range(plan.rounds):
        progress.bar(name, number, plan.rounds)
        if number % 2 == 0:
            a = first()
            b = second()
        else:
            b = second()
            a = first()
        record(a, b)
    progress.bar(name, plan.rounds, plan.rounds)


def loader(fixture, target, seconds, plan, troubles, **flags):
    server = fixture.target(target)

    def measure():
        report = server.load(fixture.assentctl, duration=seconds, warm_up=plan.warm_up_s, **flags)
        if "trouble" in report:
            troubles.append(f"{target}: {report['trouble']}")
        return report

    return measure


def outcome_note(report):
    total = sum(report["sampled_outcomes"].values()) or 1
    return ", ".join(f"{name.removeprefix('OUTCOME_').lower()} {100 * count / total:.0f} %"
                     for name, count in report["sampled_outcomes"].items())


def assign(fixture, plan, progress, troubles):
    ratio = Row("Assign / empty call, 64 in flight", "ratio", 0.90, 0.95)
    cpu = Row("server CPU per Assign / per empty call", "ratio", 1.09, 1.04, higher_is_better=False)
    calls = Row("Assign, 64 in flight", "calls/s")
    empty = Row("empty call, 64 in flight", "calls/s")
    cost = Row("server CPU per Assign", "µs")
    floor = Row("server CPU per empty call", "µs")
    sizes = []

    def record(ours, theirs):
        ratio.add(ours["calls_per_s"] / theirs["calls_per_s"])
        calls.add(ours["calls_per_s"])
        empty.add(theirs["calls_per_s"])
        cost.add(ours["server_cpu_us_per_call"])
        floor.add(theirs["server_cpu_us_per_call"])
        cpu.add(ours["server_cpu_us_per_call"] / theirs["server_cpu_us_per_call"])
        sizes[:] = [ours, theirs]

    ours = loader(fixture, "assent", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    theirs = loader(fixture, "empty", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    in_turn("Assign / empty call", plan, progress, ours, theirs, record)
    ratio.note = (f"request {sizes[0]['request_bytes']} bytes; answer {sizes[0]['response_bytes']} bytes, of the empty call "
                  f"{sizes[1]['response_bytes']}; answers: {outcome_note(sizes[0])}")
    return [ratio, cpu, calls, empty, cost, floor]


def events(fixture, plan, progress, troubles):
    ratio = Row(f"Assign with one event, {AGGREGATES} aggregates / empty call", "ratio", 0.80)
    calls = Row("Assign with one event, 64 in flight", "calls/s")
    cost = Row("server CPU per Assign with one event", "µs")
    flags = {"in_flight": IN_FLIGHT, "event": True, "dim": DIM - AGGREGATES}
    ours = loader(fixture, "assent-events", plan.load_s, plan, troubles, **flags)
    theirs = loader(fixture, "empty", plan.load_s, plan, troubles, **flags)
    ours()  # a first pass, so that there are new profiles and old ones, as in service

    def record(ours, theirs):
        ratio.add(ours["calls_per_s"] / theirs["calls_per_s"])
        calls.add(ours["calls_per_s"])
        cost.add(ours["server_cpu_us_per_call"])
        ratio.note = f"request {ours['request_bytes']} bytes, of the empty call {theirs['request_bytes']}; answers: {outcome_note(ours)}"

    in_turn("Assign with one event", plan, progress, ours, theirs, record)
    return [ratio, calls, cost]


def tail(fixture, plan, progress, troubles):
    """At the target's rate, and at a third of what the empty call reaches here: the load that the target meant on a machine
    of twice the speed, where 30,000/s was a third."""
    closed = loader(fixture, "empty", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    third = max(1000, round(closed()["calls_per_s"] / 3, -3))
    return (tail_at(fixture, plan, progress, troubles, OPEN_LOOP_RATE, "30,000/s", (1.25, 1.10))
            + tail_at(fixture, plan, progress, troubles, int(third), "a third of the empty call's rate", (None, None)))


def tail_at(fixture, plan, progress, troubles, rate, name, targets):
    ratio = Row(f"Assign p99 / empty call p99, open loop {name}", "ratio", *targets, higher_is_better=False)
    ours_us = Row(f"Assign p99, open loop {name}", "µs")
    theirs_us = Row(f"empty call p99, open loop {name}", "µs")
    ratio.note = f"{rate:,} calls/s"

    def record(ours, theirs):
        ratio.add(ours["latency_us"]["p99"] / theirs["latency_us"]["p99"])
        ours_us.add(ours["latency_us"]["p99"])
        theirs_us.add(theirs["latency_us"]["p99"])

    flags = {"rate": rate, "in_flight": 1024}
    ours = loader(fixture, "assent", plan.tail_s, plan, troubles, **flags)
    theirs = loader(fixture, "empty", plan.tail_s, plan, troubles, **flags)
    in_turn(f"p99, open loop {name}", plan, progress, ours, theirs, record)
    return [ratio, ours_us, theirs_us]


def mutual_tls(fixture, plan, progress, troubles):
    ratio = Row("Assign with mutual TLS / plain", "ratio", 0.70, 0.75)
    ours = loader(fixture, "assent-mtls", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    theirs = loader(fixture, "assent", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    in_turn("mutual TLS / plain", plan, progress, ours, theirs,
            lambda a, b: ratio.add(a["calls_per_s"] / b["calls_per_s"]))
    return [ratio]


def batch(fixture, plan, progress, troubles):
    share = Row("BatchAssign events/s / the kernel's own, 256x64", "ratio", 0.35, 0.50)
    events = Row("BatchAssign, 256 rows a call, 4 in flight", "events/s")
    limit = Row("the batch kernel alone, one core", "events/s")
    empty = Row("empty BatchAssign of the same size", "events/s")
    kernel = fixture.path("tests/bench/kernels/kernel_bench")

    def kernel_rate():
        results = google_benchmark(kernel, plan.micro_s, f"^assent/batch/{K}/{DIM}")
        return 1e9 / statistics.median(r["cpu_time"] / r.get("events", BATCH_ROWS) for rs in results.values() for r in rs)

    def record(report, rate):
        share.add(report["events_per_s"] / rate)
        events.add(report["events_per_s"])
        limit.add(rate)
        empty.add(floor()["events_per_s"])

    flags = {"method": "batch", "rows": BATCH_ROWS, "in_flight": BATCH_IN_FLIGHT}
    ours = loader(fixture, "assent", plan.load_s, plan, troubles, **flags)
    floor = loader(fixture, "empty", plan.load_s, plan, troubles, **flags)
    in_turn("BatchAssign / kernel", plan, progress, ours, kernel_rate, record)
    return [share, events, limit, empty]


def python_baseline(fixture, plan, progress, troubles):
    ratio = Row("Assign over Python + scikit-learn + Redis", "ratio", 15, 25)
    theirs_row = Row("Python threads + scikit-learn + Redis", "calls/s")

    def record(ours, theirs):
        ratio.add(ours["calls_per_s"] / theirs["calls_per_s"])
        theirs_row.add(theirs["calls_per_s"])

    ours = loader(fixture, "assent", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    theirs = loader(fixture, "python", plan.load_s, plan, troubles, in_flight=IN_FLIGHT)
    in_turn("Assign / Python", plan, progress, ours, theirs, record)
    return [ratio, theirs_row]
