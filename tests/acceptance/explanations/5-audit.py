#!/usr/bin/python3
"""Of a log of 1,000 entries that a server wrote, every change of a byte, every cut tail, and every line that is missing, double or
moved is found, offline; another implementation agrees; after erasures the log verifies and holds nothing that opens their entries."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import audit_oracle  # noqa: E402
import grpc  # noqa: E402

BUILD = pathlib.Path(os.environ["ASSENT_BUILD"])
ENTRIES = 1000
ERASED = 20
SAMPLES = 2000  # changes of a byte that the other implementation looks at
ROLES = ("assign", "consent", "subject", "privacy", "auditor")


def write_keys(work):
    key = work / "signing.key"
    key.touch(mode=0o600)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", work / "signing.pub"], check=True)


def ctl(server, *arguments):
    return subprocess.run([BUILD / "client/assentctl", *arguments, "--control", server.control], check=True, capture_output=True,
                          text=True).stdout


def openings_of(server, name):
    listed = ctl(server, "audit", "list", "--json", "--subject", f"login:{name}").splitlines()
    return [json.loads(line)["opening"] for line in listed]


def fill(server, work):
    """Makes 1,000 entries: configuration, notice, grants, withdrawals, objections, erasures. Returns how many were erased."""
    stubs = work / "stubs"
    assentd_process.make_stubs(str(stubs))
    sys.path.insert(0, str(stubs))
    from assent.v1 import consent_service_pb2 as consent, consent_service_pb2_grpc as consent_grpc
    from assent.v1 import purpose_pb2, subject_pb2
    stub = consent_grpc.ConsentServiceStub(grpc.insecure_channel(server.control))
    choice = random.Random(5)
    for number in range(ENTRIES - ERASED - 2):
        person = subject_pb2.Subject(namespace="login", id=f"person-{number % 250}")
        purposes = [purpose_pb2.PURPOSE_SELECT_CONTENT]
        kind = choice.randrange(3)
        if kind == 0:
            stub.WithdrawConsent(consent.WithdrawConsentRequest(subject=person, purposes=purposes))
        elif kind == 1:
            stub.OptOut(consent.OptOutRequest(subject=person, purposes=purposes))
        else:
            grants = [{"purpose": purposes[0]}]
            stub.RecordConsent(consent.RecordConsentRequest(subject=person, grants=grants, **assentd_process.NOTICE))
    opened = sum(len(openings_of(server, f"person-{number}")) for number in range(ERASED))
    for number in range(ERASED):
        ctl(server, "subject", "erase", "--subject", f"login:person-{number}")
    left = sum(len(openings_of(server, f"person-{number}")) for number in range(ERASED))
    if opened == 0 or left != 0:
        raise RuntimeError(f"{opened} entries of {ERASED} people could be opened, and {left} can after their erasure")
    return opened


def test(program, *filters, **environment):
    """Its standard output. Raises where it failed."""
    done = subprocess.run([BUILD / program, "--gtest_filter=" + ":".join(filters)], env={**os.environ, **environment},
                          capture_output=True, text=True)
    print(done.stdout, done.stderr, flush=True)
    done.check_returncode()
    return done.stdout


def other_implementation(export, key):
    """Agrees that the export is whole, and finds every sampled change. Returns how many it missed."""
    if audit_oracle.fault_of(export, key) is not None:
        raise RuntimeError(f"the other implementation: {audit_oracle.fault_of(export, key)}")
    lines = export.splitlines(keepends=True)
    choice = random.Random(7)
    missed = 0
    for _ in range(SAMPLES):
        at = choice.randrange(len(lines))
        changed = bytearray(lines[at])
        changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
        missed += audit_oracle.fault_of(b"".join(lines[:at]) + bytes(changed) + b"".join(lines[at + 1:]), key) is None
    return missed


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        write_keys(work)
        config = f'signing_key_file: "{work / "signing.key"}"'
        with assentd_process.AssentdProcess(BUILD, None, config, insecure_roles=ROLES) as server:
            opened = fill(server, work)
            ctl(server, "audit", "export", work / "audit.jsonl")
        export = (work / "audit.jsonl").read_bytes()
        subprocess.run([BUILD / "client/assentctl", "audit", "verify", work / "audit.jsonl", "--public-key", work / "signing.pub"],
                       check=True)
        entries = export.count(b"\n") - 1
        if entries != ENTRIES:
            raise RuntimeError(f"{entries} entries")
        output = test("tests/client/client_audit_test", "AuditVerifierTest.Every*", ASSENT_AUDIT_EXPORT=str(work / "audit.jsonl"),
                      ASSENT_AUDIT_KEY=str(work / "signing.pub"))
        missed = other_implementation(export, work / "signing.pub")
    test("tests/storage/storage_test", "AuditErasureTest.*")  # byte for byte
    changes, = re.findall(r"(\d+) changes of one byte, 0 unseen", output)
    cuts, = re.findall(r"(\d+) cut tails, 0 unseen", output)
    print(f"{entries:,} entries: {int(changes):,} changes of one byte, {int(cuts):,} cut tails, all found; the other implementation "
          f"missed {missed} of {SAMPLES:,}; {opened} entries of {ERASED} erased people: none opens")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
