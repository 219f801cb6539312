#!/usr/bin/python3
"""The decision log at `all` costs at most a fifth of Assign's throughput, and loses nothing; a full ring does what is configured.

Two servers with a model of 64 features, one with the log at `all` and one without, are loaded in turn: ROUNDS rounds of SECONDS
each (6 of 10: a minute under the log). Every answer of the one must be in its log. The subjects have agreed, so that each call is
scored.
"""

import json
import os
import pathlib
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "6"))
SECONDS = float(os.environ.get("SECONDS_A_ROUND", "10"))
RATIO_MIN = 0.8
DIM, K, SUBJECTS = 64, 256, 200


def make_model(path):
    """A model file by the words of docs/storage_format.md."""
    import hashlib

    from assent.internal.v1 import model_file_pb2

    choice = random.Random(64)
    model = model_file_pb2.ModelFile(temperature=DIM)
    for i in range(DIM):
        feature = model.schema.features.add(name=f"feature_{i}", scale=1)
        feature.direct.SetInParent()
        model.background_mean.append(0)
    model.centroids = b"".join(struct.pack(f"<{DIM}f", *(choice.gauss(0, 1) for _ in range(DIM))) for _ in range(K))
    for i in range(K):
        model.segments.add(segment_id=f"segment-{i}")
    model.provenance.name = "decision-log"
    body = model.SerializeToString()
    pathlib.Path(path).write_bytes(b"ASSENTMF" + struct.pack("<IIQ", 1, 0, len(body)) + hashlib.sha256(body).digest() + body)


def agree(server):
    from assent.v1 import consent_service_pb2, consent_service_pb2_grpc

    consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
    for i in range(SUBJECTS):
        consent.RecordConsent(consent_service_pb2.RecordConsentRequest(
            subject={"namespace": "bench", "id": f"s{i:09d}"}, grants=[{"purpose": 1}], **assentd_process.NOTICE), timeout=60)


def load(build, server, seconds):
    """(calls a second, answers that were assigned)."""
    command = [os.path.join(build, "client", "assentctl"), "bench", "--target", server.data, "--dim", str(DIM), "--subjects",
               str(SUBJECTS), "--duration", str(seconds), "--warm-up", "1", "--json", "--no-progress"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def metric(server, name):
    page = urllib.request.urlopen(f"http://{server.metrics}/metrics").read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE))


def main():
    build = os.environ["ASSENT_BUILD"]
    tests = subprocess.run([os.path.join(build, "tests", "server", "decision_test"), "--gtest_filter=DecisionLogTest.AFullRing*"],
                           check=False)
    if tests.returncode != 0:
        print("a full ring does not do what is configured")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        stubs, model = os.path.join(folder, "stubs"), os.path.join(folder, "model.assent")
        assentd_process.make_stubs(stubs)
        sys.path.insert(0, stubs)
        make_model(model)
        with assentd_process.AssentdProcess(build, model) as plain, \
                assentd_process.AssentdProcess(build, model, "decisions { log: DECISION_LOG_MODE_ALL }") as logged:
            agree(plain)
            agree(logged)
            ratios, rates = [], []
            for i in range(ROUNDS):
                first, second = (plain, logged) if i % 2 == 0 else (logged, plain)
                reports = {first: load(build, first, SECONDS), second: load(build, second, SECONDS)}
                rates.append((reports[plain]["calls_per_s"], reports[logged]["calls_per_s"]))
                ratios.append(rates[-1][1] / rates[-1][0])
                print(f"round {i + 1}: {rates[-1][0]:,.0f} calls a second without, {rates[-1][1]:,.0f} with the log")
            answers = metric(logged, "assent_outcomes_total")
            assigned = sum(float(v) for v in re.findall(r'outcome="assigned"} (\S+)', urllib.request.urlopen(
                f"http://{logged.metrics}/metrics").read().decode()))
            dropped = metric(logged, "assent_decision_log_dropped_total") + metric(logged, "assent_decision_log_refused_total")
            for _ in range(1000):
                written = metric(logged, "assent_decision_log_written_total")
                if written == answers:
                    break
    ratio = statistics.median(ratios)
    print(f"{ratio:.3f} of the throughput (median of {ROUNDS} rounds, {min(ratios):.3f} to {max(ratios):.3f}) with every one of "
          f"{answers:,.0f} decisions logged in {ROUNDS * SECONDS:.0f} s, {assigned:,.0f} of them assigned, {dropped:.0f} dropped, "
          f"{answers - written:.0f} missing")
    return 0 if ratio >= RATIO_MIN and dropped == 0 and written == answers and assigned > 0.9 * answers else 1


if __name__ == "__main__":
    sys.exit(main())
