#!/usr/bin/python3
"""Import and export of a million rows through assentctl, gRPC and the disk: records a second, and what a withdrawal waits for
meanwhile. Figures only. ROWS can be set in the environment."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402

ROWS = int(os.environ.get("ROWS", "1000000"))
PAUSE_S = 0.02  # between two withdrawals beside the import


def write_people(path, namespace):
    with open(path, "w") as file:
        file.write("namespace,id,purposes,status,given_time,expire_time,notice_id,notice_version,jurisdiction\n")
        for number in range(ROWS):
            file.write(f"{namespace},person-{number},select_content profile_content,granted,2026-01-02T03:04:05Z,"
                       "2030-01-01T00:00:00Z,welcome,1,DE\n")


def run(server, *arguments):
    command = [pathlib.Path(os.environ["ASSENT_BUILD"]) / "client/assentctl", *arguments, "--control", server.control,
               "--deadline", "300", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print(done.stdout, flush=True)
    return json.loads(done.stdout)


class Withdrawals:
    """Somebody withdraws every now and then while the block runs."""

    def __init__(self, server, modules):
        self.consent, grpc_module = modules
        self.stub = grpc_module.ConsentServiceStub(grpc.insecure_channel(server.control))
        self.waits, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.withdraw)

    def withdraw(self):
        while not self.ended.is_set():
            request = self.consent.WithdrawConsentRequest(
                subject={"namespace": "cookie", "id": f"other-{len(self.waits)}"})
            start = time.perf_counter()
            self.stub.WithdrawConsent(request, timeout=60)
            self.waits.append(time.perf_counter() - start)
            self.ended.wait(PAUSE_S)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def main():
    with tempfile.TemporaryDirectory() as folder:
        stubs = os.path.join(folder, "stubs")
        assentd_process.make_stubs(stubs)
        sys.path.insert(0, stubs)
        from assent.v1 import consent_service_pb2, consent_service_pb2_grpc

        people, devices, exported = (os.path.join(folder, name) for name in ("people.csv", "devices.csv", "all.csv"))
        write_people(people, "login")
        write_people(devices, "device")
        with assentd_process.AssentdProcess(os.environ["ASSENT_BUILD"], None,
                                            insecure_roles=("consent", "privacy")) as server:
            imported = run(server, "consent", "import", people)["rows_per_second"]
            again = run(server, "consent", "import", people)["rows_per_second"]
            out = run(server, "consent", "export", exported)["rows_per_second"]
            back = run(server, "consent", "import", exported)["rows_per_second"]
            with Withdrawals(server, (consent_service_pb2, consent_service_pb2_grpc)) as others:
                run(server, "consent", "import", devices)
        waits = sorted(others.waits)
        print(f"{ROWS:,} rows: {imported:,.0f} imported a second, {again:,.0f} again, {out:,.0f} exported, "
              f"{back:,.0f} of the export; a withdrawal beside an import {waits[len(waits) // 2] * 1e3:.1f} ms, "
              f"at most {waits[-1] * 1e3:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
