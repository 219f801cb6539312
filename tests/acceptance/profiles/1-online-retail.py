#!/usr/bin/python3
"""Recency, frequency and monetary value of every customer of the online-retail set, offline and served.

The definitions stand in docs/training.md, "Worked example". This program computes them from the file on its own; assentctl
features must agree for every customer. A model of 5 segments is trained on the events and served, the whole file is replayed
to the server by RecordEvents, and what Explain then says of every customer - the value of every feature, and the segment - must
be what the offline computation says.
"""

import concurrent.futures
import csv
import datetime
import io
import json
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

DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"]) / "online-retail/online_retail.csv.zst"
BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
K = 5
SELECT_CONTENT, PROFILE_CONTENT = 2, 4
HEADER_BYTES = 56  # docs/storage_format.md: magic, version, reserved, length, SHA-256
FLOAT32 = 2.0 ** -23
DISTINCT_EXACT, DISTINCT_ERROR = 16, 0.4  # invoices: exact up to 16, then a standard error of 9.2 % (docs/features.md)
TIE = 1e-5
FILTERS = 'filters { attribute: "Quantity" greater: 0 } filters { attribute: "UnitPrice" greater: 0 }'
FEATURES = ["recency", "frequency", "monetary", "invoices"]
SCHEMA = f"""
profile_purpose: {PROFILE_CONTENT}
features {{ name: "recency" unit: "d" aggregate {{
  function: AGGREGATE_FUNCTION_DAYS_SINCE_LAST event_type: "order_line" {FILTERS} }} }}
features {{ name: "frequency" transform: TRANSFORM_LOG1P aggregate {{
  function: AGGREGATE_FUNCTION_COUNT event_type: "order_line" {FILTERS} }} }}
features {{ name: "monetary" unit: "GBP" transform: TRANSFORM_LOG1P aggregate {{
  function: AGGREGATE_FUNCTION_SUM event_type: "order_line" attribute: "amount" {FILTERS} }} }}
features {{ name: "invoices" transform: TRANSFORM_LOG1P aggregate {{
  function: AGGREGATE_FUNCTION_DISTINCT event_type: "order_line" attribute: "InvoiceNo" {FILTERS} }} }}
"""
EVENTS = ["--events", DATA, "--subject-column", "CustomerID", "--time-column", "InvoiceDate", "--type", "order_line",
          "--attributes", "InvoiceNo:text,Quantity:number,UnitPrice:number", "--product", "amount=Quantity*UnitPrice"]


def assentctl(*arguments):
    done = subprocess.run([BUILD / "client/assentctl", *arguments, "--json", "--no-progress"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"assentctl {arguments[0]}: {done.stderr}")
    return json.loads(done.stdout)


def independent():
    """{customer: (time of the last order line, order lines, money, set of invoices)} and rows, in the file's order."""
    text = subprocess.run(["zstd", "-dcq", DATA], capture_output=True, check=True).stdout.decode()
    rows, customers = 0, {}
    for row in csv.DictReader(io.StringIO(text)):
        rows += 1
        if row["CustomerID"] in ("", "NA"):
            continue
        seen = customers.setdefault(row["CustomerID"], [None, 0, [], set()])
        quantity, price = float(row["Quantity"]), float(row["UnitPrice"])
        if quantity > 0 and price > 0:
            time = datetime.datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=datetime.timezone.utc).timestamp()
            seen[0] = time if seen[0] is None else max(seen[0], time)
            seen[1] += 1
            seen[2].append(quantity * price)
            seen[3].add(row["InvoiceNo"])
    return rows, {name: (last, lines, math.fsum(money), len(invoices))
                  for name, (last, lines, money, invoices) in customers.items()}


def features_differ(values, wanted, now, roundings=2):
    """Names of the features (None: missing) that are not what they must be at `now`, `roundings` to float32 allowed for."""
    last, lines, money, invoices = wanted
    recency = None if last is None else (now - last) / 86400
    bad = []
    for name, value, right in zip(FEATURES, values, (recency, lines, money, invoices)):
        if right is None or value is None:
            bad += [name] if value is not right else []
            continue
        slack = (roundings * FLOAT32 if name != "invoices" else
                 roundings * FLOAT32 if invoices <= DISTINCT_EXACT else DISTINCT_ERROR) * max(1, abs(right))
        bad += [name] if abs(value - right) > slack else []
    return bad


def read_features(path):
    with open(path, newline="") as lines:
        return {row["subject_id"]: [float(row[name]) if row[name] else None for name in FEATURES]
                for row in csv.DictReader(lines)}


def offline_segments(model, table):
    """{customer: (segment, whether it is a tie)}, by numpy."""
    scaled = numpy.zeros((len(table), len(FEATURES)))
    for column, feature in enumerate(model.schema.features):
        assert feature.name == FEATURES[column], feature.name
        for row, values in enumerate(table.values()):
            if values[column] is None:
                continue  # the rule for missing values: the mean, which is 0 once scaled
            raw = math.log1p(max(values[column], 0)) if feature.transform == 2 else values[column]
            scaled[row, column] = (raw - feature.mean) / feature.scale
    centroids = numpy.frombuffer(model.centroids, dtype="<f4").reshape(-1, len(FEATURES)).astype(numpy.float64)
    distances = ((scaled[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)
    two = numpy.sort(distances, axis=1)[:, :2]
    ties = (two[:, 1] - two[:, 0]) < TIE * numpy.maximum(two[:, 1], 1)
    return {name: (model.segments[winner].segment_id, bool(tie))
            for name, winner, tie in zip(table, distances.argmin(axis=1), ties)}


class Service:
    def __init__(self, server):
        from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc
        from assent.v1 import consent_service_pb2, consent_service_pb2_grpc
        self.messages, self.consent_messages = assignment_service_pb2, consent_service_pb2
        self.assignment = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
        self.consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))

    def grant(self, customer):
        self.consent.RecordConsent(self.consent_messages.RecordConsentRequest(
            subject={"namespace": "login", "id": customer},
            grants=[{"purpose": SELECT_CONTENT}, {"purpose": PROFILE_CONTENT}], **assentd_process.NOTICE))

    def explain(self, customer):
        """(values, segment) from the profile as it stands."""
        answer = self.assignment.Explain(self.messages.ExplainRequest(request={
            "subject": {"namespace": "login", "id": customer}, "purpose": SELECT_CONTENT}))
        values = {part.feature: None if part.missing else part.value for part in answer.contributions}
        return [values[name] for name in FEATURES], answer.segment.segment_id


def serve_and_compare(model, customers, wanted, segments):
    """The numbers of customers with other features and with other segments on the server, and what replay said."""
    unequal_features, unequal_segments = 0, 0
    with assentd_process.AssentdProcess(BUILD, model, config="profiles { retention_days: 36500 }") as server:
        service = Service(server)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(service.grant, customers))
            replayed = assentctl("replay", "--target", server.data, "--purpose", "profile_content", *EVENTS)
            now = datetime.datetime.now(datetime.timezone.utc).timestamp()
            answers = dict(zip(customers, pool.map(service.explain, customers)))
        for name, (values, segment) in answers.items():
            # Recency goes on while the answers come in: a minute is less than float32 can tell after fifteen years.
            # A served value comes back from its scaled float32: an error of 2^-24 of at most 10 in ln(1 + x), and its own.
            bad = features_differ(values, wanted[name], now, roundings=8)
            recency = abs((values[0] or 0) - ((now - wanted[name][0]) / 86400 if wanted[name][0] else 0))
            bad = [feature for feature in bad if feature != "recency" or recency > 60 / 86400 + 1e-3]
            if bad and unequal_features < 5:
                print(f"customer {name}: {bad}: served {values}, computed {wanted[name]}")
            unequal_features += 1 if bad else 0
            unequal_segments += 1 if segment != segments[name][0] and not segments[name][1] else 0
    return unequal_features, unequal_segments, replayed


def main():
    work = pathlib.Path(tempfile.mkdtemp())
    (work / "schema.textproto").write_text(SCHEMA)
    rows, wanted = independent()

    newest = max(last for last, *_ in wanted.values() if last is not None)
    report = assentctl("features", "--schema", work / "schema.textproto", *EVENTS, "--out", work / "features.csv")
    end = datetime.datetime.fromisoformat(report["as_of"].replace("Z", "+00:00")).timestamp()
    table = read_features(work / "features.csv")
    unequal = sum(1 for name in wanted if name not in table or features_differ(table[name], wanted[name], end))
    estimated = [abs(table[name][3] - wanted[name][3]) / wanted[name][3] for name in wanted
                 if wanted[name][3] > DISTINCT_EXACT]
    offline = (f"{report['rows']} rows, {len(table)} customers: {unequal} with unequal features offline "
               f"(invoices above {DISTINCT_EXACT} are estimates, {100 * numpy.mean(estimated):.1f} % off on average, "
               f"{100 * max(estimated):.0f} % at most)")
    if unequal or set(table) != set(wanted) or report["rows"] != rows or rows != 541909 or end < newest:
        print(offline)
        return 1

    # The server reads profiles at the present, so the model is trained as of the present.
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assentctl("train", "--schema", work / "schema.textproto", *EVENTS, "--as-of", now, "--k", str(K), "--seed", "7",
              "--abstain", "off", "--out", work / "model.assent")
    assentctl("features", "--schema", work / "schema.textproto", *EVENTS, "--as-of", now, "--out", work / "now.csv")
    assentd_process.make_stubs(work / "stubs")
    sys.path.insert(0, str(work / "stubs"))
    from assent.internal.v1 import model_file_pb2
    model = model_file_pb2.ModelFile.FromString((work / "model.assent").read_bytes()[HEADER_BYTES:])
    segments = offline_segments(model, read_features(work / "now.csv"))
    if len(sys.argv) > 1 and sys.argv[1] == "offline":
        print(offline)
        return 0
    features, other, replayed = serve_and_compare(work / "model.assent", list(wanted), wanted, segments)
    ties = sum(tie for _, tie in segments.values())
    print(f"{offline}; served after replaying {replayed['events']} events in {replayed['calls']} calls "
          f"({replayed['seconds']:.1f} s): {features} with unequal features, {other} in another of {K} segments, "
          f"{ties} ties set aside")
    return 1 if features or other or replayed["folded"] != report["folded"] else 0


if __name__ == "__main__":
    sys.exit(main())
