#!/usr/bin/env python3
"""Measures every row of the target table side by side in one run, and prints it.

    tests/bench/run.py BUILD_FOLDER [--quick] [--rounds N] [--only ROW…] [--subjects N] [--json FILE]

What is compared runs in turn (A B, B A, A B, …), so that the machine's mood hits both. A row's figure is the median of its
rounds. --quick shows that everything runs, in a few hundred milliseconds a row; its figures mean nothing. The exit status says
whether everything ran, never whether a target is reached.
"""

import argparse
import json
import os
import sys
import time

import micro_rows
import service_rows
from fixture import Fixture, cores
from programs import Failure
from table import markdown

QUICK_SUBJECTS = 20_000
SUBJECTS = 1_000_000


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="build folder of the preset `bench`")
    parser.add_argument("--quick", action="store_true", help="a smoke test: seconds, not minutes")
    parser.add_argument("--rounds", type=int, default=0, help="rounds a row (default 7, quick 1)")
    parser.add_argument("--only", nargs="*", default=[], help="groups to run: " + ", ".join(GROUPS))
    parser.add_argument("--subjects", type=int, default=0, help="consent records (default 1,000,000)")
    parser.add_argument("--json", help="write the result here too (default BUILD_FOLDER/bench.json)")
    return parser.parse_args()


class Progress:
    """Says what is being measured: a bar on a terminal, plain lines elsewhere."""

    def __init__(self):
        self.start = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def say(self, text):
        print(f"[{time.monotonic() - self.start:5.0f} s] {text}", file=sys.stderr, flush=True)

    def bar(self, name, done, total):
        if not self.terminal:
            if done == total:
                self.say(f"{name}: {total} rounds")
            return
        filled = 30 * done // total
        print(f"\r{name:<28} [{'#' * filled}{'.' * (30 - filled)}] {done}/{total}", end="\n" if done == total else "",
              file=sys.stderr, flush=True)


class Plan:
    """How long and how often."""

    def __init__(self, quick, rounds):
        self.quick = quick
        self.rounds = rounds or (1 if quick else 7)
        self.load_s = 0.15 if quick else 1.2
        self.warm_up_s = 0.05 if quick else 0.3
        self.tail_s = 0.2 if quick else 2.0  # a 99th percentile needs more calls
        self.micro_s = 0.01 if quick else 0.2


GROUPS = {
    "assign": service_rows.assign,
    "events": service_rows.events,
    "tail": service_rows.tail,
    "tls": service_rows.mutual_tls,
    "batch": service_rows.batch,
    "python": service_rows.python_baseline,
    "kernels": micro_rows.kernels,
    "consent": micro_rows.consent,
    "metrics": micro_rows.metrics,
}


def main():
    arguments = parse_arguments()
    unknown = set(arguments.only) - set(GROUPS)
    if unknown:
        sys.exit(f"run.py: no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    progress = Progress()
    plan = Plan(arguments.quick, arguments.rounds)
    subjects = arguments.subjects or (QUICK_SUBJECTS if arguments.quick else SUBJECTS)
    rows, troubles = [], []
    with Fixture(os.path.abspath(arguments.build), subjects, progress.say) as fixture:
        for name, measure in GROUPS.items():
            if arguments.only and name not in arguments.only:
                continue
            try:
                rows += measure(fixture, plan, progress, troubles)
            except Failure as failure:
                troubles.append(f"{name}: {failure}")
                progress.say(f"{name}: {failure}")
    print(f"\n{cores()}; servers, load generator and baselines share them, nothing is pinned.")
    print(f"{subjects:,} consent records, {plan.rounds} rounds a row, in turn.{' QUICK: not a measurement.' if plan.quick else ''}\n")
    print(markdown(rows))
    for row in rows:
        if row.note:
            print(f"\n{row.name}: {row.note}")
    for trouble in troubles:
        print(f"\ntrouble: {trouble}")
    target = arguments.json or os.path.join(arguments.build, "bench.json")
    with open(target, "w") as file:
        json.dump({"machine": cores(), "subjects": subjects, "rounds": plan.rounds, "quick": plan.quick,
                   "rows": [row.as_json() for row in rows], "troubles": troubles}, file, indent=1)
    print(f"\nwritten to {target}")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
