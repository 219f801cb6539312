#!/usr/bin/python3
"""assentctl train reaches the cost of an independent k-means (base R, best of many starts) within 1 %."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"])
ASSENTCTL = pathlib.Path(os.environ["ASSENT_BUILD"]) / "client/assentctl"
EXCESS_MAX = 0.01


def published(dataset, preparation, k):
    for line in (DATA / "published/kmeans_base_R.tsv").read_text().splitlines():
        fields = line.split("\t")
        if fields[0] == dataset and fields[1].startswith(preparation) and fields[2] == str(k):
            return float(fields[3])
    raise KeyError((dataset, preparation, k))


def with_header(source, target, header, separator, skip):
    """A CSV with a header, from a table that has none, or one of another kind."""
    with gzip.open(source, "rt") if source.suffix == ".gz" else open(source) as lines:
        rows = [line.split(separator) for line in lines.read().splitlines()[skip:] if line.strip()]
    target.write_text("\n".join(",".join(cells) for cells in [header, *([c.strip() for c in row] for row in rows)]) + "\n")


def cost(path, features, k, scale, work):
    command = [ASSENTCTL, "train", "--input", path, "--features", ",".join(features), "--k", str(k), "--seed", "1",
               "--scale", scale, "--abstain", "off", "--out", work / "model.assent", "--json", "--no-progress"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["cost"]


def main():
    work = pathlib.Path(tempfile.mkdtemp())
    mall = DATA / "mall-customers/Mall_Customers.csv"
    toy = DATA / "sklearn-toy"
    digits = [f"p{i}" for i in range(64)]
    iris = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    with_header(toy / "digits.csv.gz", work / "digits.csv", [*digits, "label"], ",", 0)
    with_header(toy / "iris.csv", work / "iris.csv", [*iris, "label"], ",", 1)
    cases = [("mall", "raw income,score", k, mall, ["AnnualIncome (k$)", "SpendingScore (1-100)"], "none")
             for k in range(2, 9)]
    cases += [("mall", "raw age,income,score", k, mall, ["Age", "AnnualIncome (k$)", "SpendingScore (1-100)"], "none")
              for k in (5, 6)]
    cases += [("iris", "raw", 3, work / "iris.csv", iris, "none"),
              ("sklearn-digits", "sklearn.scale", 10, work / "digits.csv", digits, "standard")]
    for name in ("s1", "s2"):
        with_header(DATA / f"clustering-benchmark/sipu/{name}.data.gz", work / f"{name}.csv", ["x", "y"], None, 0)
        cases.append((f"sipu/{name}", "raw", 15, work / f"{name}.csv", ["x", "y"], "none"))
    worst = -1.0
    for dataset, preparation, k, path, features, scale in cases:
        ours, theirs = cost(path, features, k, scale, work), published(dataset, preparation, k)
        excess = ours / theirs - 1
        worst = max(worst, excess)
        print(f"{dataset:16} k={k:<3} ours {ours:.6f}  published {theirs:.6f}  excess {100 * excess:+.4f} %")
    print(f"k-means cost, worst excess over base R: {100 * worst:+.3f} % of {len(cases)} (at most +1 %)")
    return 0 if worst <= EXCESS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
