#!/usr/bin/python3
"""kill -9 of assentd at 100 random moments, during concurrent consent writes over gRPC, loses no acknowledged change.

Each writer owns some subjects and changes them at random, noting what was acknowledged. After the kill and a restart, every
subject must be in its last acknowledged state, or in that of the one change that was on its way when the server died; and
Assign must obey it. KILLS and SEED can be set in the environment.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402
import grpc  # noqa: E402
from kill_nine import DEADLINE_S, Modules, Stubs, assigned, in_threads, join, until_dead  # noqa: E402

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "20240607"))
WRITERS = 8
SUBJECTS_A_WRITER = 40
LIFE_S = (0.005, 0.25)  # how long a server lives under load before it is killed


class Subject:
    """What one person's record must say. `pending` is the state that an unanswered change would leave."""

    def __init__(self, subject_id):
        self.id = subject_id
        self.acknowledged = {}
        self.pending = None


def change(subject, choice, stubs, consent):
    """One random change; notes it as pending, and as acknowledged once it is answered."""
    purposes = choice.sample(range(1, 7), choice.randint(1, 3))
    kind = choice.choice(["grant", "grant", "withdraw", "opt-out"])
    person = {"namespace": "login", "id": subject.id}
    status = {"grant": consent.CONSENT_STATUS_GRANTED, "withdraw": consent.CONSENT_STATUS_WITHDRAWN,
              "opt-out": consent.CONSENT_STATUS_OPTED_OUT}[kind]
    subject.pending = {**subject.acknowledged, **{purpose: status for purpose in purposes}}
    if kind == "grant":
        grants = [consent.PurposeGrant(purpose=purpose) for purpose in purposes]
        stubs.consent.RecordConsent(consent.RecordConsentRequest(subject=person, grants=grants, **assentd_process.NOTICE),
                                    timeout=DEADLINE_S)
    elif kind == "withdraw":
        stubs.consent.WithdrawConsent(consent.WithdrawConsentRequest(subject=person, purposes=purposes), timeout=DEADLINE_S)
    else:
        stubs.consent.OptOut(consent.OptOutRequest(subject=person, purposes=purposes), timeout=DEADLINE_S)
    subject.acknowledged, subject.pending = subject.pending, None


def write_until_dead(subjects, choice, stubs, consent, counts, number):
    def write():
        change(choice.choice(subjects), choice, stubs, consent)
        counts[number] += 1

    until_dead(write)


def recorded(subject, stubs, consent):
    request = consent.GetConsentRequest(subject={"namespace": "login", "id": subject.id})
    try:
        answer = stubs.consent.GetConsent(request, timeout=DEADLINE_S)
    except grpc.RpcError as failure:
        if failure.code() == grpc.StatusCode.NOT_FOUND:
            return {}
        raise
    return {entry.purpose: entry.status for entry in answer.consent.purposes}


def check(subjects, stubs, modules, wrong):
    granted = modules.consent.CONSENT_STATUS_GRANTED
    for subject in subjects:
        state = recorded(subject, stubs, modules.consent)
        if state != subject.acknowledged and state != subject.pending:
            wrong.append(f"{subject.id}: recorded {state}, acknowledged {subject.acknowledged}, pending {subject.pending}")
        subject.acknowledged, subject.pending = state, None
        for purpose in (1, 2):
            if assigned({"namespace": "login", "id": subject.id}, purpose, stubs, modules) != (state.get(purpose) == granted):
                wrong.append(f"{subject.id}: Assign does not obey {state}")


def main():
    print(f"seed {SEED}")
    choice = random.Random(SEED)
    people = [[Subject(f"person-{writer}-{i}") for i in range(SUBJECTS_A_WRITER)] for writer in range(WRITERS)]
    counts, wrong, pending = [0] * WRITERS, [], 0
    with tempfile.TemporaryDirectory() as folder:
        assentd_process.make_stubs(os.path.join(folder, "stubs"))
        modules = Modules(os.path.join(folder, "stubs"))
        model = os.path.join(folder, "model.assent")
        make_model = HERE.parents[1] / "conformance/make_model.py"
        subprocess.run([sys.executable, make_model, assentd_process.PROTO, model], check=True)
        with assentd_process.AssentdProcess(os.environ["ASSENT_BUILD"], model) as server:
            for kill in range(KILLS):
                stubs = Stubs(server, modules)
                writers = in_threads(write_until_dead,
                                     [(people[i], random.Random(choice.random()), stubs, modules.consent, counts, i)
                                      for i in range(WRITERS)])
                time.sleep(choice.uniform(*LIFE_S))
                server.kill()
                join(*writers)
                pending += sum(subject.pending is not None for group in people for subject in group)
                server.start()
                stubs = Stubs(server, modules)
                join(*in_threads(check, [(group, stubs, modules, wrong) for group in people]))
                if (kill + 1) % 10 == 0:
                    print(f"{kill + 1} kills, {sum(counts)} acknowledged changes, {len(wrong)} lost", flush=True)
    for line in wrong[:20]:
        print(line)
    print(f"{KILLS} kills -9, {sum(counts):,} acknowledged changes, {pending} cut off, {len(wrong)} lost")
    return 1 if wrong or sum(counts) < KILLS else 0


if __name__ == "__main__":
    sys.exit(main())
