#!/usr/bin/python3
"""All 12,330 sessions of the online-shoppers set, assigned over gRPC, equal an independent computation.

The model is trained by assentctl; this program reads the model file with Python's Protobuf, scales and compares in double
precision with numpy, and asks the server by StreamAssign, by Assign and by BatchAssign. Ties (relative gap below 1e-6) are set aside.
"""

import concurrent.futures
import csv
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile

import grpc
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness"))
import assentd_process  # noqa: E402

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"]) / "online-shoppers/online_shoppers_intention.csv.gz"
BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
FEATURES = ["Administrative", "Administrative_Duration", "Informational", "Informational_Duration", "ProductRelated",
            "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay"]
K = 8
TIE = 1e-6
HEADER_BYTES = 56  # docs/storage_format.md: magic, version, reserved, length, SHA-256
BATCH = 1000
SELECT_CONTENT = 2


def read_sessions():
    with gzip.open(DATA, "rt", newline="") as lines:
        rows = [[float(row[name]) for name in FEATURES] for row in csv.DictReader(lines)]
    return numpy.array(rows, dtype=numpy.float32)


def nearest(model, raw):
    """Index of the nearest centroid, and whether the row is a tie."""
    scaled = numpy.empty(raw.shape)
    for column, feature in enumerate(model.schema.features):
        assert feature.name == FEATURES[column] and feature.transform <= 1, feature
        values = raw[:, column].astype(numpy.float64)
        if feature.HasField("clip_min"):
            values = numpy.maximum(values, feature.clip_min)
        if feature.HasField("clip_max"):
            values = numpy.minimum(values, feature.clip_max)
        scaled[:, column] = (values - feature.mean) / feature.scale
    centroids = numpy.frombuffer(model.centroids, dtype="<f4").reshape(-1, len(FEATURES)).astype(numpy.float64)
    distances = ((scaled[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)
    two = numpy.sort(distances, axis=1)[:, :2]
    return distances.argmin(axis=1), (two[:, 1] - two[:, 0]) < TIE * two[:, 1]


class Service:
    def __init__(self, server):
        from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc
        from assent.v1 import consent_service_pb2, consent_service_pb2_grpc
        self.messages, self.consent_messages = assignment_service_pb2, consent_service_pb2
        self.assignment = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
        self.consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))

    def grant(self, row):
        self.consent.RecordConsent(self.consent_messages.RecordConsentRequest(
            subject={"namespace": "session", "id": str(row)}, grants=[{"purpose": SELECT_CONTENT}],
            **assentd_process.NOTICE))

    def request(self, row, values):
        return self.messages.AssignRequest(subject={"namespace": "session", "id": str(row)}, purpose=SELECT_CONTENT,
                                           features={"dense": values})

    def by_stream(self, raw):
        events = (self.messages.StreamAssignRequest(tag=row, request=self.request(row, values))
                  for row, values in enumerate(raw.tolist()))
        return [answer.response.segments[0].segment_id for answer in self.assignment.StreamAssign(events)]

    def by_call(self, raw):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda pair: self.assignment.Assign(self.request(*pair)), enumerate(raw.tolist()))
            return [answer.segments[0].segment_id for answer in answers]

    def by_batch(self, raw):
        segments = []
        for start in range(0, len(raw), BATCH):
            part = raw[start:start + BATCH]
            answer = self.assignment.BatchAssign(self.messages.BatchAssignRequest(
                purpose=SELECT_CONTENT, namespace="session",
                subject_ids=[str(row) for row in range(start, start + len(part))],
                features={"columns": len(FEATURES), "values": part.ravel().tolist()}))
            assert not answer.errors, answer.errors[0]
            segments += [answer.segment_ids[index] for index in answer.segment_index]
        return segments


def main():
    work = pathlib.Path(tempfile.mkdtemp())
    path = work / "model.assent"
    subprocess.run([BUILD / "client/assentctl", "train", "--input", DATA, "--features", ",".join(FEATURES), "--k", str(K),
                    "--seed", "7", "--abstain", "off", "--out", path, "--no-progress"], check=True)
    assentd_process.make_stubs(work / "stubs")
    sys.path.insert(0, str(work / "stubs"))
    from assent.internal.v1 import model_file_pb2
    model = model_file_pb2.ModelFile.FromString(path.read_bytes()[HEADER_BYTES:])
    raw = read_sessions()
    winners, ties = nearest(model, raw)
    wanted = [model.segments[winner].segment_id for winner in winners]
    with assentd_process.AssentdProcess(BUILD, path) as server:
        service = Service(server)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(service.grant, range(len(raw))))
        differ = {name: sum(1 for row, got in enumerate(answers) if got != wanted[row] and not ties[row])
                  for name, answers in (("Assign", service.by_call(raw)), ("StreamAssign", service.by_stream(raw)),
                                        ("BatchAssign", service.by_batch(raw)))}
    print(f"{len(raw)} sessions, {int(ties.sum())} ties set aside; unequal: " +
          ", ".join(f"{name} {count}" for name, count in differ.items()))
    return 1 if any(differ.values()) or len(raw) != 12330 else 0


if __name__ == "__main__":
    sys.exit(main())
