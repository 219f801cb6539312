#!/usr/bin/python3
"""Random decisions on real data come back from their receipts, and from the log under every instruction set, bit for bit.

DECISIONS decisions (100,000), half of them on order lines of online-retail, half on ratings of MovieLens: features are left out at
random, purposes and people are drawn at random (some have agreed, some have not). Then the model is replaced and the server is
started anew for each instruction set of the machine. Under the first every receipt is explained: the decision must be the
answer of then, byte for byte. Under each every logged decision is replayed and must be identical, and its explanation's decision
must be the answer of then as well.
"""

import collections
import csv
import datetime
import gzip
import hashlib
import io
import os
import pathlib
import random
import re
import secrets
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402

DECISIONS = int(os.environ.get("DECISIONS", "100000"))
SEED = int(os.environ.get("SEED", "20261122"))
BUILD = os.environ["ASSENT_BUILD"]
DATA = pathlib.Path(os.environ["ASSENT_DATA_DIR"])
K, PEOPLE, IN_FLIGHT, DEADLINE_S = 40, 200, 64, 120


def online_retail():
    """(names, rows): an order line each."""
    text = subprocess.run(["zstd", "-dcq", DATA / "online-retail/online_retail.csv.zst"], capture_output=True, check=True)
    rows = []
    for row in csv.DictReader(io.StringIO(text.stdout.decode())):
        time = datetime.datetime.fromisoformat(row["InvoiceDate"])
        quantity, price = float(row["Quantity"]), float(row["UnitPrice"])
        rows.append([quantity, price, quantity * price, time.hour, time.weekday(), time.month, float(len(row["Description"]))])
    return ["quantity", "unit_price", "amount", "hour", "weekday", "month", "description_length"], rows


def movielens():
    """(names, rows): a rating each, with the genres of what was rated and the age of who rated it."""
    folder = DATA / "movielens-100k-users-1-629"
    genres = [line.split("|")[0] for line in (folder / "u.genre").read_text().splitlines() if "|" in line]
    items = {cells[0]: [float(cell) for cell in cells[-len(genres):]]
             for cells in (line.split("|") for line in (folder / "u.item").read_text(encoding="latin-1").splitlines())}
    ages = {cells[0]: float(cells[1]) for cells in (line.split("|") for line in (folder / "u.user").read_text().splitlines())}
    rows = []
    with gzip.open(folder / "u.data.gz", "rt") as lines:
        for user, item, rating, time in (line.split() for line in lines):
            moment = datetime.datetime.fromtimestamp(int(time), datetime.timezone.utc)
            rows.append([float(rating), ages[user], moment.hour, moment.weekday(), *items[item]])
    return ["rating", "age", "hour", "weekday", *(f"genre_{i}" for i in range(len(genres)))], rows


def write_model(path, names, rows, choice):
    """Segments around K rows that were drawn at random, by the words of docs/storage_format.md."""
    from assent.internal.v1 import model_file_pb2

    model = model_file_pb2.ModelFile(temperature=len(names))
    sample = choice.sample(rows, 5000)
    columns = list(zip(*sample))
    means, scales = [statistics.fmean(c) for c in columns], [statistics.pstdev(c) or 1 for c in columns]
    for name, mean, scale in zip(names, means, scales):
        feature = model.schema.features.add(name=name, mean=mean, scale=scale, missing=choice.choice([1, 2]))
        feature.direct.SetInParent()
        model.background_mean.append(0)
    for i, row in enumerate(choice.sample(rows, K)):
        model.centroids += struct.pack(f"<{len(names)}f", *((v - m) / s for v, m, s in zip(row, means, scales)))
        model.segments.add(segment_id=f"segment-{i}", label=f"Like row {i}", allowed_purposes=[1, 2] if i % 5 else [2])
    model.abstention.margin_min = 0.05
    model.provenance.name = path.name
    body = model.SerializeToString()
    new = path.with_suffix(".new")
    new.write_bytes(b"ASSENTMF" + struct.pack("<IIQ", 1, 0, len(body)) + hashlib.sha256(body).digest() + body)
    new.rename(path)


def agree(server, choice):
    from assent.v1 import consent_service_pb2, consent_service_pb2_grpc

    consent = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
    for i in range(PEOPLE):
        purposes = choice.choice([[1], [2], [1, 2], []])
        if purposes:
            consent.RecordConsent(consent_service_pb2.RecordConsentRequest(
                subject={"namespace": "login", "id": f"p{i}"}, grants=[{"purpose": p} for p in purposes],
                **assentd_process.NOTICE), timeout=DEADLINE_S)


def requests_of(names, rows, count, choice):
    from assent.v1 import assignment_service_pb2

    for _ in range(count):
        request = assignment_service_pb2.StreamAssignRequest()
        inner = request.request
        inner.subject.namespace, inner.subject.id = "login", f"p{choice.randrange(PEOPLE)}"
        inner.purpose = choice.randint(1, 2)
        inner.max_segments = choice.randrange(17)
        inner.return_memberships = choice.random() < 0.3
        inner.return_receipt = True
        missing = choice.choice([0, 0, 0.1, 0.5])
        for name, value in zip(names, choice.choice(rows)):
            if choice.random() >= missing:
                inner.features.named[name] = value
        yield request


def explain_all(server, sources, answers, receipt):
    """How many decisions came back otherwise than they were answered."""
    from assent.v1 import assignment_service_pb2, assignment_service_pb2_grpc

    stub = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
    wrong, waiting = 0, collections.deque()
    for source, answer in zip([*sources, *[None] * IN_FLIGHT], [*answers, *[None] * IN_FLIGHT]):
        if source is not None:
            request = assignment_service_pb2.ExplainRequest(**{"receipt" if receipt else "decision_id": source})
            waiting.append((stub.Explain.future(request, timeout=DEADLINE_S), answer))
        if waiting and (source is None or len(waiting) >= IN_FLIGHT):
            call, answered = waiting.popleft()
            response = call.result()
            response.decision.decision_id = ""
            scored = response.decision.HasField("model")
            same = response.decision.SerializeToString(deterministic=True) == answered
            wrong += not same or response.HasField("replay") != scored or scored and not response.replay.identical
    assert not waiting
    return wrong


def run(name, read, sets):
    from assent.v1 import assignment_service_pb2_grpc

    choice = random.Random(SEED)
    names, rows = read()
    with tempfile.TemporaryDirectory() as folder:
        model, keys = pathlib.Path(folder) / "model.assent", pathlib.Path(folder) / "sealing"
        write_model(model, names, rows, choice)
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_hex(32) + "\n")
        os.environ["ASSENT_INSTRUCTION_SET"] = sets[0]
        config = f'sealing_key_file: "{keys}" decisions {{ log: DECISION_LOG_MODE_ALL }}'
        with assentd_process.AssentdProcess(BUILD, model, config) as server:
            agree(server, choice)
            stub = assignment_service_pb2_grpc.AssignmentServiceStub(grpc.insecure_channel(server.data))
            receipts, ids, answers, outcomes = [], [], [], collections.Counter()
            for message in stub.StreamAssign(requests_of(names, rows, DECISIONS // 2, choice), timeout=3600):
                answer = message.response
                receipts.append(answer.receipt)
                ids.append(answer.decision_id)
                answer.receipt, answer.decision_id = b"", ""
                answers.append(answer.SerializeToString(deterministic=True))
                outcomes[answer.outcome] += 1
            assert len(answers) == DECISIONS // 2 and all(receipts) and all(ids), len(answers)
            assert len(outcomes) >= 4, outcomes  # assigned, abstained, without consent, restricted
            server.process.terminate()  # a stop writes what waits for the log
            assert server.process.wait() == 0
            write_model(model, names, rows, choice)
            wrong = 0
            for index, instruction_set in enumerate(sets):
                os.environ["ASSENT_INSTRUCTION_SET"] = instruction_set
                server.start()
                differ = explain_all(server, ids, answers, receipt=False)
                if index == 0:
                    differ += explain_all(server, receipts, answers, receipt=True)
                print(f"{name}, {instruction_set}: {differ} of {len(answers)} differ; outcomes {dict(outcomes)}", flush=True)
                wrong += differ
                if index + 1 < len(sets):
                    server.process.terminate()
                    assert server.process.wait() == 0
    return wrong


def instruction_sets(folder):
    """Those that this machine has, as assentd itself says when it is told to use another."""
    config = os.path.join(folder, "assentd.textproto")
    pathlib.Path(config).write_text(f'data_dir: "{folder}/data"\npseudonym_key_file: "{folder}/key"\n')
    refused = subprocess.run([os.path.join(BUILD, "server", "assentd"), "--config", config], capture_output=True,
                             text=True, check=False, env={**os.environ, "ASSENT_INSTRUCTION_SET": "no-such-set"})
    return re.search(r"this machine has ([\w, ]+)", refused.stderr).group(1).strip().split(", ")


def main():
    print(f"seed {SEED}")
    if not (DATA / "online-retail").is_dir() or not (DATA / "movielens-100k-users-1-629").is_dir():
        print("the data sets are not here")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        stubs = os.path.join(folder, "stubs")
        assentd_process.make_stubs(stubs)
        sys.path.insert(0, stubs)
        sets = instruction_sets(folder)
        wrong = run("online-retail", online_retail, sets) + run("movielens", movielens, sets)
    print(f"{DECISIONS:,} decisions on online-retail and MovieLens: {wrong} came back otherwise, from receipts, and from the log under "
          f"{len(sets)} instruction sets ({', '.join(sets)}), after the model was replaced")
    return 0 if wrong == 0 and len(sets) >= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
