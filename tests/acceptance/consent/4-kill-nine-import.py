#!/usr/bin/python3
"""kill -9 of assentd at 100 random moments, during concurrent imports over gRPC, loses no acknowledged row and halves none.

Each importer sends calls of rows for people that nobody has seen before. After the kill and a restart, everyone of an
acknowledged call must be recorded, and of the call that was on its way each row whole or not at all. KILLS and SEED can be
set in the environment.
"""

import os
import pathlib
import random
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "20240607"))
IMPORTERS = 3
ROWS_A_MESSAGE = 300
MESSAGES_A_CALL = 3
LIFE_S = (0.01, 0.4)  # how long a server lives under load before it is killed
DEADLINE_S = 30
GIVEN_S = 1_700_000_000


def pack_rows(importer, first, consent):
    """The messages of one call."""
    messages = []
    for message in range(MESSAGES_A_CALL):
        rows = []
        for row in range(ROWS_A_MESSAGE):
            number = first + message * ROWS_A_MESSAGE + row
            rows.append(consent.ConsentRow(
                subject={"namespace": "login", "id": f"{importer}-{number}"}, child=number % 5 == 0,
                purposes=[{"purpose": 2, "status": consent.CONSENT_STATUS_GRANTED, "given_time": {"seconds": GIVEN_S},
                           **assentd_process.NOTICE},
                          {"purpose": 4, "status": consent.CONSENT_STATUS_WITHDRAWN, "given_time": {"seconds": GIVEN_S}}]))
        messages.append(consent.ImportConsentsRequest(rows=rows))
    return messages


class Importer:
    """People below `acknowledged` must be there; those from there to `sent` may be."""

    def __init__(self, number):
        self.number, self.acknowledged, self.sent, self.checked = number, 0, 0, 0

    def import_until_dead(self, stub, consent):
        size = ROWS_A_MESSAGE * MESSAGES_A_CALL
        try:
            while True:
                messages = pack_rows(self.number, self.sent, consent)
                self.sent += size
                answer = stub.ImportConsents(iter(messages), timeout=DEADLINE_S)
                if answer.rows_taken != size:
                    raise RuntimeError(f"{answer.rows_taken} of {size} rows taken")
                self.acknowledged = self.sent
        except grpc.RpcError as failure:
            if failure.code() != grpc.StatusCode.UNAVAILABLE:
                raise


def export_all(stub, consent):
    rows = {}
    for part in stub.ExportConsents(consent.ExportConsentsRequest(), timeout=DEADLINE_S):
        if part.damaged_records:
            raise RuntimeError("damaged records")
        for row in part.rows:
            rows[row.pseudonym] = row
    return rows


def is_whole(row, consent):
    said = {one.purpose: one.status for one in row.purposes}
    return said == {2: consent.CONSENT_STATUS_GRANTED, 4: consent.CONSENT_STATUS_WITHDRAWN}


def check_people(importer, stub, consent, wrong):
    """Looks at the people of this life; those of earlier ones are counted in the export."""
    there = 0
    for number in range(importer.checked, importer.sent):
        must = number < importer.acknowledged
        if must and number % 50:
            there += 1
            continue  # the export's count has them; every fiftieth is looked at by id
        request = consent.GetConsentRequest(subject={"namespace": "login", "id": f"{importer.number}-{number}"})
        try:
            answer = stub.GetConsent(request, timeout=DEADLINE_S).consent
            there += 1
            if answer.child != (number % 5 == 0) or not is_whole(answer, consent):
                wrong.append(f"{importer.number}-{number} is half there")
        except grpc.RpcError as failure:
            if failure.code() != grpc.StatusCode.NOT_FOUND:
                raise
            if must:
                wrong.append(f"{importer.number}-{number} is lost")
    return there


def live_and_die(server, importers, choice, modules):
    consent, consent_grpc = modules
    stub = consent_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
    errors = []

    def guarded(importer):
        try:
            importer.import_until_dead(stub, consent)
        except Exception as error:  # raised below, in the main thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(importer,)) for importer in importers]
    for thread in threads:
        thread.start()
    time.sleep(choice.uniform(*LIFE_S))
    server.kill()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main():
    print(f"seed {SEED}")
    choice = random.Random(SEED)
    wrong, expected, cut_off = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        assentd_process.make_stubs(folder)
        sys.path.insert(0, folder)
        from assent.v1 import consent_service_pb2, consent_service_pb2_grpc

        modules = (consent_service_pb2, consent_service_pb2_grpc)
        importers = [Importer(number) for number in range(IMPORTERS)]
        with assentd_process.AssentdProcess(os.environ["ASSENT_BUILD"], None,
                                            insecure_roles=("consent", "privacy")) as server:
            for kill in range(KILLS):
                live_and_die(server, importers, choice, modules)
                server.start()
                stub = consent_service_pb2_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
                for importer in importers:
                    cut_off += importer.sent - importer.acknowledged
                    expected += check_people(importer, stub, consent_service_pb2, wrong)
                    importer.acknowledged = importer.checked = importer.sent
                if (kill + 1) % 10 == 0 or kill + 1 == KILLS:
                    rows = export_all(stub, consent_service_pb2)
                    wrong += [f"{name} is half there" for name, row in rows.items() if not is_whole(row, consent_service_pb2)]
                    if len(rows) != expected:
                        wrong.append(f"{len(rows)} recorded, {expected} expected")
                    print(f"{kill + 1} kills, {expected} rows, {len(wrong)} wrong", flush=True)
    for line in wrong[:20]:
        print(line)
    print(f"{KILLS} kills -9 during imports, {expected:,} rows recorded, {cut_off:,} on their way, {len(wrong)} lost or halved")
    return 1 if wrong or expected < KILLS else 0


if __name__ == "__main__":
    sys.exit(main())
