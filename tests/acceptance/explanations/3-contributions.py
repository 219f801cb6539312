#!/usr/bin/python3
"""Explain's contributions on two real data sets, over gRPC, equal definitions computed apart.

The terms: d_b - d_a, feature by feature. The Shapley values: by brute force over all subsets of features, where a feature that
is left out takes its value from every row of the training data in turn (interventional, as SHAP defines it), for some
rows; by SHAP's formula for linear models, w (x - mean), for all. The model file is read with Python's Protobuf; everything else is
numpy in double precision on the raw data.
"""

import csv
import gzip
import itertools
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import grpc
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness"))
import assentd_process  # noqa: E402

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"])
BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
SETS = [
    ("online-shoppers/online_shoppers_intention.csv.gz", 8,
     ["Administrative", "Administrative_Duration", "Informational", "Informational_Duration", "ProductRelated",
      "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay"]),
    ("marketing-campaign/marketing_campaign.csv.gz", 5,
     ["Kidhome", "Teenhome", "Recency", "MntWines", "MntFruits", "MntMeatProducts", "MntFishProducts",
      "MntSweetProducts", "NumDealsPurchases", "NumWebPurchases"]),
]
HEADER_BYTES = 56  # docs/storage_format.md
ROWS, BRUTE_ROWS = 2000, 20
SELECT_CONTENT = 2
TOLERANCE = 1e-6  # of the two distances together: raw values are float32, scaled ones too


def read(path, features):
    with gzip.open(path, "rt", newline="") as lines:
        return numpy.array([[float(row[name]) for name in features] for row in csv.DictReader(lines)], numpy.float32)


def scale(model, raw):
    scaled = numpy.empty(raw.shape)
    for column, feature in enumerate(model.schema.features):
        values = raw[:, column].astype(numpy.float64)
        if feature.HasField("clip_min"):
            values = numpy.maximum(values, feature.clip_min)
        if feature.HasField("clip_max"):
            values = numpy.minimum(values, feature.clip_max)
        scaled[:, column] = (values - feature.mean) / feature.scale
    return scaled


def brute_force(x, background, winner, runner_up):
    """Shapley values of the margin; every subset of features, every row of the background."""
    def margin(rows):
        return (((rows - runner_up) ** 2).sum(axis=1) - ((rows - winner) ** 2).sum(axis=1)).mean()

    count = len(x)
    worth = {}
    for size in range(count + 1):
        for subset in itertools.combinations(range(count), size):
            rows = background.copy()
            rows[:, list(subset)] = x[list(subset)]
            worth[frozenset(subset)] = margin(rows)
    values = numpy.zeros(count)
    for feature in range(count):
        for subset, value in worth.items():
            if feature in subset:
                continue
            weight = math.factorial(len(subset)) * math.factorial(count - len(subset) - 1) / math.factorial(count)
            values[feature] += weight * (worth[subset | {feature}] - value)
    return values


class Explained:
    """The worst differences of one data set."""

    def __init__(self):
        self.rows = self.brute = 0
        self.terms = self.linear = self.subsets = self.sums = 0.0

    def add(self, answer, x, scaled, centroids, background, by_subsets):
        winner, runner_up = (centroids[name] for name in (answer.segment.segment_id, answer.runner_up.segment_id))
        unit = ((x - winner) ** 2).sum() + ((x - runner_up) ** 2).sum() + 1
        terms = numpy.array([c.contribution for c in answer.contributions])
        shapley = numpy.array([c.shapley for c in answer.contributions])
        self.terms = max(self.terms, numpy.abs(terms - ((x - runner_up) ** 2 - (x - winner) ** 2)).max() / unit)
        linear = 2 * (winner - runner_up) * (x - scaled.mean(axis=0))
        self.linear = max(self.linear, numpy.abs(shapley - linear).max() / unit)
        self.sums = max(self.sums, abs(terms.sum() - answer.margin) / unit,
                        abs(shapley.sum() - (answer.margin - answer.expected_margin)) / unit)
        if by_subsets:
            values = brute_force(x, background, winner, runner_up)
            self.subsets = max(self.subsets, numpy.abs(shapley - values).max() / unit)
            self.brute += 1
        self.rows += 1


def run(data, k, features, work):
    path = work / "model.assent"
    subprocess.run([BUILD / "client/assentctl", "train", "--input", DATA / data, "--features", ",".join(features), "--k", str(k),
                    "--seed", "7", "--abstain", "off", "--out", path, "--no-progress"], check=True, stdout=subprocess.DEVNULL)
    from assent.internal.v1 import model_file_pb2
    from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc
    from assent.v1 import consent_service_pb2, consent_service_pb2_grpc
    model = model_file_pb2.ModelFile.FromString(path.read_bytes()[HEADER_BYTES:])
    raw = read(DATA / data, features)
    scaled = scale(model, raw)
    values = numpy.frombuffer(model.centroids, dtype="<f4").reshape(-1, len(features)).astype(numpy.float64)
    centroids = {card.segment_id: row for card, row in zip(model.segments, values)}
    found = Explained()
    subject = {"namespace": "session", "id": "somebody"}
    with assentd_process.AssentdProcess(BUILD, path) as server:
        consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
        consent.RecordConsent(consent_service_pb2.RecordConsentRequest(
            subject=subject, grants=[{"purpose": SELECT_CONTENT}], **assentd_process.NOTICE))
        service = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
        step = max(1, len(raw) // ROWS)
        for row in range(0, step * min(ROWS, len(raw)), step):
            request = assignment_service_pb2.AssignRequest(subject=subject, purpose=SELECT_CONTENT,
                                                           features={"dense": raw[row].tolist()})
            answer = service.Explain(assignment_service_pb2.ExplainRequest(request=request))
            found.add(answer, scaled[row], scaled, centroids, scaled, found.brute < BRUTE_ROWS)
    print(f"{data}: {found.rows} rows, {found.brute} by all subsets; off by at most: terms {found.terms:.1e}, "
          f"linear {found.linear:.1e}, subsets {found.subsets:.1e}, sums {found.sums:.1e} of the distances")
    return found


def main():
    work = pathlib.Path(tempfile.mkdtemp())
    assentd_process.make_stubs(work / "stubs")
    sys.path.insert(0, str(work / "stubs"))
    all_found = [run(data, k, features, work) for data, k, features in SETS]
    worst = max(max(found.terms, found.linear, found.subsets) for found in all_found)
    sums = max(found.sums for found in all_found)
    print(f"{sum(f.rows for f in all_found)} decisions on {len(SETS)} real sets, {sum(f.brute for f in all_found)} by all subsets: "
          f"off by at most {worst:.1e} of the distances, sums by {sums:.1e}")
    return 1 if worst > TOLERANCE or sums > 1e-12 or any(found.brute < BRUTE_ROWS for found in all_found) else 0


if __name__ == "__main__":
    sys.exit(main())
