#!/usr/bin/python3
"""./dev bench reaches the "must" column; a row that does not is named under "Not reached" in docs/performance.md."""

import json
import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def explained():
    page = (REPOSITORY / "docs/performance.md").read_text()
    _, _, section = page.partition("## Not reached")
    return section


def main():
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "bench.json"
        subprocess.run([REPOSITORY / "dev", "bench", "--json", result], check=True)
        report = json.loads(result.read_text())
    judged = [row for row in report["rows"] if row["must"] is not None]
    missed = [row for row in judged if row["verdict"] not in ("reached", "must")]
    silent = [row["name"] for row in missed if row["name"] not in explained()]
    print(f"{len(judged) - len(missed)} of {len(judged)} rows reach must; missed: "
          + ("; ".join(f"{row['name']} {row['median']:.3g}" for row in missed) or "none")
          + (f"; NOT EXPLAINED: {'; '.join(silent)}" if silent else ""))
    return 1 if silent or report["troubles"] or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
