#!/usr/bin/python3
"""What assentctl says of real data equals an independent computation: train, grant, assign, in batches and in a stream.

Online shoppers (12,330 sessions, ten columns) and mall customers (200 people, unscaled). The figures come from the CSV files and
`assentctl model show --json` alone, in double precision with numpy. Ties (relative gap below 1e-6) are set aside.
"""

import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness"))
import assentd_process  # noqa: E402

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"])
BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
TIE = 1e-6
PURPOSE = "select_content"
CASES = (
    ("online-shoppers/online_shoppers_intention.csv.gz", 8, "standard",
     ["Administrative", "Administrative_Duration", "Informational", "Informational_Duration", "ProductRelated",
      "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay"]),
    ("mall-customers/Mall_Customers.csv", 5, "none", ["AnnualIncome (k$)", "SpendingScore (1-100)"]),
)


def assentctl(*arguments, server=None):
    command = [BUILD / "client/assentctl", *map(str, arguments), "--json", "--no-progress"]
    if server:
        command += ["--target", server.data, "--control", server.control]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def read(path, features):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as lines:
        return numpy.array([[float(row[name]) for name in features] for row in csv.DictReader(lines)], dtype=numpy.float32)


def nearest(model, raw):
    """The ids of the nearest segments, and which rows are ties."""
    mean, scale = (numpy.array([feature[key] for feature in model["features"]]) for key in ("mean", "scale"))
    centroids = numpy.array([segment["centroid"] for segment in model["segments"]])
    scaled = (raw.astype(numpy.float64) - mean) / scale
    distances = ((scaled[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)
    two = numpy.sort(distances, axis=1)[:, :2]
    ids = [model["segments"][winner]["segment_id"] for winner in distances.argmin(axis=1)]
    return ids, (two[:, 1] - two[:, 0]) < TIE * two[:, 1]


def unequal(work, name, k, scale, features):
    path, model = DATA / name, work / "model.assent"
    assentctl("train", "--input", path, "--features", ",".join(features), "--k", k, "--seed", 7, "--scale", scale,
              "--abstain", "off", "--out", model)
    raw = read(path, features)
    wanted, ties = nearest(assentctl("model", "show", model), raw)
    (work / "ids.csv").write_text("subject_id\n" + "".join(f"{row + 1}\n" for row in range(len(raw))))
    counts = []
    with assentd_process.AssentdProcess(BUILD, model) as server:
        assentctl("consent", "grant", "--input", work / "ids.csv", "--purpose", PURPOSE, "--notice",
                  assentd_process.NOTICE["notice_id"], "--notice-version", assentd_process.NOTICE["notice_version"], server=server)
        for how in (["--model", model], ["--features", ",".join(features)]):
            answer = assentctl("assign", "--input", path, "--number-rows", "--purpose", PURPOSE, *how, server=server)
            got = [row["segment_id"] for row in answer["assignments"]]
            assert len(got) == len(raw), (len(got), len(raw))
            counts.append(sum(1 for row, segment in enumerate(got) if segment != wanted[row] and not ties[row]))
    print(f"{name}: {len(raw)} rows, {int(ties.sum())} ties, unequal in batches {counts[0]}, in a stream {counts[1]}")
    return len(raw), sum(counts)


def main():
    with tempfile.TemporaryDirectory() as work:
        results = [unequal(pathlib.Path(work), *case) for case in CASES]
    rows, wrong = (sum(column) for column in zip(*results))
    print(f"assentctl train and assign against numpy: {rows} rows of two sets, twice each, {wrong} unequal")
    return 0 if wrong == 0 and rows == 12530 else 1


if __name__ == "__main__":
    sys.exit(main())
