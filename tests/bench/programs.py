"""Starts and stops the programs that a benchmark needs; every one of them ends with the run."""

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import threading

READY_TIMEOUT_S = 180
# Before a command: the kernel kills it when the thread that started it ends, so a benchmark that is killed leaves nothing behind.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class Failure(Exception):
    """A program did not do what the benchmark needs; the message is for people."""


class Program:
    """A server under test. `ready` is matched against its output lines; its groups are in `match`."""

    def __init__(self, command, ready, log, environment=None):
        self.log_path = log
        self._log = open(log, "wb")
        self.process = subprocess.Popen(
            [*DIES_WITH_US, *command], stdout=subprocess.PIPE, stderr=self._log, env={**os.environ, **(environment or {})}
        )
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self.match = self._wait(command, re.compile(ready), lines)

    def _read(self, lines):
        for line in self.process.stdout:
            self._log.write(line)
            lines.put(line.decode(errors="replace"))
        lines.put(None)

    def _wait(self, command, ready, lines):
        while True:
            try:
                line = lines.get(timeout=READY_TIMEOUT_S)
            except queue.Empty:
                line = None
            match = ready.search(line) if line is not None else None
            if match:
                return match
            if line is None:
                self.stop()
                with open(self.log_path, errors="replace") as log:
                    tail = "".join(log.readlines()[-15:])
                raise Failure(f"{os.path.basename(command[0])} did not get ready:\n{tail}")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run(command, **options):
    """Runs a short program to its end; Failure with its own words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command[:3])} …: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def need(program):
    path = shutil.which(program)
    if path is None:
        raise Failure(f"{program} is not installed (deploy/debian-packages.txt)")
    return path


def load(assentctl, target, pid=0, **flags):
    """One run of the load generator; returns its JSON report."""
    command = [assentctl, "bench", "--json", "--no-progress", "--target", target, "--server-pid", str(pid)]
    for name, value in flags.items():
        command += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
    report = json.loads(run(command))
    if report["failures"] or report["not_sent"]:
        report["trouble"] = f"failures {report['failures']}, not sent {report['not_sent']}"
    return report


def google_benchmark(program, seconds, pattern=".", repetitions=1):
    """Runs a Google Benchmark program; returns {name: [its results of each repetition]}."""
    output = run(
        [
            program,
            "--benchmark_format=json",
            f"--benchmark_min_time={seconds}",
            f"--benchmark_filter={pattern}",
            f"--benchmark_repetitions={repetitions}",
            "--benchmark_enable_random_interleaving=true",
        ]
    )
    results = {}
    for result in json.loads(output)["benchmarks"]:
        if result.get("run_type") != "aggregate":
            results.setdefault(result["run_name"], []).append(result)
    return results
