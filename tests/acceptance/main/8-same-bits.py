#!/usr/bin/python3
"""The same input gives the same bits under every forced instruction set, in Assign and in BatchAssign, through assentd.

The model has 37 features and 300 segments (neither a multiple of a register); some events are centroids, some lie exactly or
nearly between two, where a float kernel and a double one would disagree. EVENTS and SEED can be set in the environment.
"""

import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402

EVENTS = int(os.environ.get("EVENTS", "20000"))
SEED = int(os.environ.get("SEED", "20240607"))
DIM, K = 37, 300
ROWS = 250
DEADLINE_S = 60


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def make_model(stubs, path):
    """A model file by the words of docs/storage_format.md; returns the centroids."""
    import hashlib

    sys.path.insert(0, stubs)
    from assent.internal.v1 import model_file_pb2

    choice = random.Random(SEED)
    centroids = [[float32(choice.gauss(0, 1)) for _ in range(DIM)] for _ in range(K)]
    model = model_file_pb2.ModelFile(temperature=DIM)
    for i in range(DIM):
        feature = model.schema.features.add(name=f"feature_{i}", scale=1)
        feature.direct.SetInParent()
        model.background_mean.append(0)
    model.centroids = b"".join(struct.pack(f"<{DIM}f", *row) for row in centroids)
    for i in range(K):
        model.segments.add(segment_id=f"segment-{i}")
    model.provenance.name = "same-bits"
    body = model.SerializeToString()
    header = b"ASSENTMF" + struct.pack("<IIQ", 1, 0, len(body)) + hashlib.sha256(body).digest()
    pathlib.Path(path).write_bytes(header + body)
    return centroids


def make_events(centroids):
    choice = random.Random(SEED + 1)
    events = []
    for i in range(EVENTS):
        kind = i % 4
        if kind == 0:
            events.append([choice.gauss(0, 1) for _ in range(DIM)])
        elif kind == 1:
            events.append(choice.choice(centroids))
        else:  # the middle of two, moved by a few units in the last place for kind 3
            a, b = choice.sample(centroids, 2)
            nudge = 0 if kind == 2 else choice.uniform(-4e-7, 4e-7)
            events.append([float32((x + y) / 2 + nudge * (y - x)) for x, y in zip(a, b)])
    return [[float32(value) for value in event] for event in events]


class Caller:
    def __init__(self, server):
        from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc
        from assent.v1 import consent_service_pb2, consent_service_pb2_grpc

        self.messages = assignment_service_pb2
        self.assignment = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
        consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
        consent.RecordConsent(consent_service_pb2.RecordConsentRequest(
            subject={"namespace": "login", "id": "anna"}, grants=[{"purpose": 1}], **assentd_process.NOTICE), timeout=DEADLINE_S)

    def one(self, events):
        """(segment, bits of the margin, bits of the distances and memberships) of each event."""
        def requests():
            for event in events:
                request = self.messages.StreamAssignRequest()
                request.request.subject.namespace, request.request.subject.id = "login", "anna"
                request.request.purpose, request.request.max_segments = 1, 3
                request.request.return_memberships = True
                request.request.features.dense.extend(event)
                yield request

        answers = [answer.response for answer in self.assignment.StreamAssign(requests(), timeout=DEADLINE_S * 10)]
        assert len(answers) == len(events) and all(answer.segments for answer in answers), answers[:1]
        return answers

    def unary(self, event):
        request = self.messages.AssignRequest(subject={"namespace": "login", "id": "anna"}, purpose=1, max_segments=3,
                                              return_memberships=True, features={"dense": event})
        return self.assignment.Assign(request, timeout=DEADLINE_S)

    def many(self, events):
        result = []
        for start in range(0, len(events), ROWS):
            rows = events[start:start + ROWS]
            request = self.messages.BatchAssignRequest(purpose=1, namespace="login", subject_ids=["anna"] * len(rows))
            request.features.columns = DIM
            request.features.values.extend(value for row in rows for value in row)
            answer = self.assignment.BatchAssign(request, timeout=DEADLINE_S)
            assert len(answer.margins) == len(rows) and not answer.errors, answer
            result += [(answer.segment_ids[index], struct.pack("<d", margin))
                       for index, margin in zip(answer.segment_index, answer.margins)]
        return result


def instruction_sets(build, folder):
    """Those that this machine has, as assentd itself says when it is told to use another."""
    config = os.path.join(folder, "assentd.textproto")
    pathlib.Path(config).write_text(f'data_dir: "{folder}/data"\npseudonym_key_file: "{folder}/key"\n')
    refused = subprocess.run([os.path.join(build, "server", "assentd"), "--config", config], capture_output=True,
                             text=True, check=False, env={**os.environ, "ASSENT_INSTRUCTION_SET": "no-such-set"})
    assert refused.returncode != 0, "an unknown instruction set was accepted"
    return re.search(r"this machine has ([\w, ]+)", refused.stderr).group(1).strip().split(", ")


def answers_under(name, build, model, events):
    os.environ["ASSENT_INSTRUCTION_SET"] = name
    with assentd_process.AssentdProcess(build, model) as server:
        caller = Caller(server)
        singles = caller.one(events)
        for i in range(0, len(events), max(1, len(events) // 500)):
            assert caller.unary(events[i]) == singles[i], f"event {i}: Assign and StreamAssign differ under {name}"
        return [answer.SerializeToString(deterministic=True) for answer in singles], [
            (answer.segments[0].segment_id, struct.pack("<d", answer.margin)) for answer in singles], caller.many(events)


def main():
    print(f"seed {SEED}")
    build = os.environ["ASSENT_BUILD"]
    differences, seen, reference = 0, [], None
    with tempfile.TemporaryDirectory() as folder:
        stubs, model = os.path.join(folder, "stubs"), os.path.join(folder, "model.assent")
        assentd_process.make_stubs(stubs)
        events = make_events(make_model(stubs, model))
        for name in instruction_sets(build, folder):
            singles, pairs, batch = answers_under(name, build, model, events)
            reference = reference or singles
            across = sum(a != b for a, b in zip(singles, reference))
            within = sum(a != b for a, b in zip(pairs, batch))
            print(f"{name}: {across} answers differ from {(seen or [name])[0]}'s, {within} rows of BatchAssign from Assign")
            differences += across + within
            seen.append(name)
    print(f"{len(seen)} instruction sets ({', '.join(seen)}), {EVENTS:,} events each, {differences} answers differ")
    return 0 if differences == 0 and len(seen) >= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
