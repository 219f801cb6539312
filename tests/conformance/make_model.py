"""Writes the model of the conformance cases, from docs/storage_format.md alone: a second reading of that page.

    make_model.py PROTO_FOLDER OUT

Four segments in two features, far apart, so that every answer can be worked out by hand (cases.json says how).
"""

import hashlib
import pathlib
import struct
import subprocess
import sys

CENTROIDS = [(-1.5, -1.5), (2.0, 2.0), (2.0, -2.0), (-2.0, 2.0)]

TEXT = """
schema {
  features {
    name: "minutes" unit: "min/day" direct {} sensitivity: SENSITIVITY_NONE changeable: true
    transform: TRANSFORM_IDENTITY mean: 60 scale: 30 missing: MISSING_RULE_MEAN
  }
  features {
    name: "sessions" unit: "1/week" direct {} sensitivity: SENSITIVITY_NONE changeable: true
    transform: TRANSFORM_LOG1P clip_min: 0 clip_max: 100 mean: 2.0794415416798357 scale: 0.5
    missing: MISSING_RULE_VALUE missing_value: 3
  }
}
segments { segment_id: "light" label: "Light viewers" iab_audience_id: 1 sensitivity: SENSITIVITY_NONE training_rows: 10 }
segments { segment_id: "heavy" label: "Heavy viewers" sensitivity: SENSITIVITY_NONE training_rows: 10 }
segments {
  segment_id: "delicate" label: "A special category" sensitivity: SENSITIVITY_SPECIAL_CATEGORY training_rows: 10
}
segments {
  segment_id: "content-only" label: "For content only" sensitivity: SENSITIVITY_NONE allowed_purposes: 2 training_rows: 10
}
abstention { margin_min: 0.5 distance_max: 9 }
temperature: 1
background_mean: 0
background_mean: 0
provenance { name: "conformance" training_rows: 40 seed: 1 trainer: "make_model.py" }
"""


def content(proto_folder):
    packed = b"".join(struct.pack("<2f", *row) for row in CENTROIDS)
    escaped = "".join(f"\\{byte:03o}" for byte in packed)
    text = TEXT + f'centroids: "{escaped}"\n'
    return subprocess.run(["protoc", f"-I{proto_folder}", "--encode=assent.internal.v1.ModelFile",
                           "assent/internal/v1/model_file.proto"], input=text.encode(), capture_output=True,
                          check=True).stdout


def main():
    body = content(sys.argv[1])
    header = b"ASSENTMF" + struct.pack("<IIQ", 1, 0, len(body)) + hashlib.sha256(body).digest()
    pathlib.Path(sys.argv[2]).write_bytes(header + body)


if __name__ == "__main__":
    main()
