#!/usr/bin/python3
"""kill -9 of assentd at 100 random moments, during erasures, withdrawals, restrictions, grants and backups.

Each writer owns some people and changes them at random, noting what was acknowledged. After the kill and a restart everything
that is kept of a person (state, controls, contests, history) must be as it was last acknowledged, or as the one change that was on
its way leaves it, whole: somebody who was erased is wholly there or wholly a tombstone. Assign must obey it. At the end the
newest backup is restored: a server on it refuses everybody until it is released. KILLS and SEED can be set in the environment.
"""

import copy
import json
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
SEED = int(os.environ.get("SEED", "20261122"))
WRITERS = 8
PEOPLE_A_WRITER = 25
LIFE_S = (0.005, 0.5)  # how long a server lives under load before it is killed
CONTESTS_MAX = 64  # more are refused
ROLES = ("assign", "consent", "subject", "operator", "privacy")
GRANTED, WITHDRAWN, OPTED_OUT = 1, 2, 3  # assent.v1.ConsentStatus


class State:
    """All that is kept of one person."""

    def __init__(self):
        self.purposes = {}
        self.restricted = self.child = self.erased = False
        self.contests = 0
        self.revision = 0
        self.history = 0  # changes since the last erasure, which leaves none

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return str(vars(self))

    def serves(self, purpose):
        return self.purposes.get(purpose) == GRANTED and not (self.restricted or self.child or self.erased)


class Person:
    def __init__(self, name):
        self.subject = {"namespace": "login", "id": name}
        self.acknowledged = State()
        self.pending = None  # what an unanswered change would leave


def grant(state, purposes, person, stubs, modules):
    state.erased = False  # whoever agrees explicitly comes back
    state.purposes.update({purpose: GRANTED for purpose in purposes})
    grants = [modules.consent.PurposeGrant(purpose=purpose) for purpose in purposes]
    return stubs.consent.RecordConsent, modules.consent.RecordConsentRequest(subject=person.subject, grants=grants, **assentd_process.NOTICE)


def withdraw(state, purposes, person, stubs, modules):
    state.purposes.update({purpose: WITHDRAWN for purpose in purposes})
    return stubs.consent.WithdrawConsent, modules.consent.WithdrawConsentRequest(subject=person.subject, purposes=purposes)


def opt_out(state, purposes, person, stubs, modules):
    state.purposes.update({purpose: OPTED_OUT for purpose in purposes})
    return stubs.consent.OptOut, modules.consent.OptOutRequest(subject=person.subject, purposes=purposes)


def erase(state, _, person, stubs, modules):
    revision = state.revision
    state.__init__()
    state.revision, state.erased, state.history = revision, True, -1
    return stubs.subject.EraseSubject, modules.subject.EraseSubjectRequest(subject=person.subject)


def restrict(state, _, person, stubs, modules):
    state.restricted = not state.restricted
    return stubs.subject.RestrictSubject, modules.subject.RestrictSubjectRequest(subject=person.subject,
                                                                                 lift=not state.restricted)


def mark_child(state, _, person, stubs, modules):
    state.child = not state.child
    return stubs.subject.MarkChild, modules.subject.MarkChildRequest(subject=person.subject, child=state.child)


def contest(state, _, person, stubs, modules):
    state.contests += 1
    return stubs.subject.ContestAssignment, modules.subject.ContestAssignmentRequest(
        subject=person.subject, segment_id="segment-1", statement="that is not me")


CHANGES = (grant, grant, grant, withdraw, opt_out, erase, erase, restrict, mark_child, contest)


def change(person, choice, stubs, modules):
    """One random change; notes it as pending, and as acknowledged once it is answered."""
    kind = choice.choice(CHANGES)
    if kind is contest and person.acknowledged.contests >= CONTESTS_MAX:
        kind = erase
    after = copy.deepcopy(person.acknowledged)
    after.revision += 1
    call, request = kind(after, choice.sample(range(1, 7), choice.randint(1, 3)), person, stubs, modules)
    after.history += 1
    person.pending = after
    call(request, timeout=DEADLINE_S)
    person.acknowledged, person.pending = after, None


def write_until_dead(people, choice, stubs, modules, counts, number):
    def write():
        change(choice.choice(people), choice, stubs, modules)
        counts[number] += 1

    until_dead(write)


def back_up_until_dead(stubs, modules, counts, number):
    def back_up():
        try:
            stubs.backup.CreateBackup(modules.backup.CreateBackupRequest(), timeout=DEADLINE_S)
        except grpc.RpcError as failure:
            if "another backup" not in failure.details():  # the server purges by itself after its start
                raise
        else:
            counts[number] += 1

    until_dead(back_up)


def exported(person, stubs, modules):
    request = modules.subject.ExportSubjectRequest(subject=person.subject)
    state = State()
    try:
        document = json.loads(b"".join(part.chunk for part in stubs.subject.ExportSubject(request, timeout=DEADLINE_S)))
    except grpc.RpcError as failure:
        if failure.code() == grpc.StatusCode.NOT_FOUND:
            return state
        raise
    consent = document.get("consent", {})
    status = modules.consent.ConsentStatus.Value
    purpose = modules.purpose.Purpose.Value
    state.purposes = {purpose(entry["purpose"]): status(entry["status"]) for entry in consent.get("purposes", [])}
    state.restricted, state.child = consent.get("restricted", False), consent.get("child", False)
    state.erased = consent.get("erased", False)
    state.revision = int(consent.get("revision", 0))
    state.contests = len(document.get("state", {}).get("contests", []))
    state.history = len(document.get("history", []))
    return state


def check(people, stubs, modules, wrong):
    for person in people:
        state = exported(person, stubs, modules)
        if state != person.acknowledged and state != person.pending:
            wrong.append(f"{person.subject}: kept {state}, acknowledged {person.acknowledged}, pending {person.pending}")
        person.acknowledged, person.pending = state, None
        for purpose in (1, 2):
            if assigned(person.subject, purpose, stubs, modules) != state.serves(purpose):
                wrong.append(f"{person.subject}: Assign does not obey {state}")


def check_restore(build, backups, people, server, modules, wrong):
    """The newest backup, in a folder of its own: everybody is refused until the release."""
    data = server.folder / "data"
    data.rename(server.folder / "data-of-before")
    subprocess.run([pathlib.Path(build) / "client/assentctl", "backup", "restore", "--from", backups, "--data-dir", data,
                    "--replay-from", server.folder / "data-of-before"], check=True)
    server.start()
    stubs = Stubs(server, modules)
    everybody = [person for group in people for person in group]
    wrong += [f"{person.subject}: served before the release" for person in everybody
              if assigned(person.subject, 1, stubs, modules)]
    stubs.backup.ReleaseRestored(modules.backup.ReleaseRestoredRequest(), timeout=DEADLINE_S)
    # What was denied since the backup was carried over; what was granted since is missing, and that is all.
    wrong += [f"{person.subject}: served against {person.acknowledged}" for person in everybody
              if assigned(person.subject, 1, stubs, modules) and not person.acknowledged.serves(1)]


def main():
    print(f"seed {SEED}")
    choice = random.Random(SEED)
    people = [[Person(f"person-{writer}-{i}") for i in range(PEOPLE_A_WRITER)] for writer in range(WRITERS)]
    counts, made, wrong, pending = [0] * WRITERS, [0], [], 0
    build = os.environ["ASSENT_BUILD"]
    with tempfile.TemporaryDirectory() as folder:
        assentd_process.make_stubs(os.path.join(folder, "stubs"))
        modules = Modules(os.path.join(folder, "stubs"))
        model = os.path.join(folder, "model.assent")
        make_model = HERE.parents[1] / "conformance/make_model.py"
        subprocess.run([sys.executable, make_model, assentd_process.PROTO, model], check=True)
        backups = os.path.join(folder, "backups")
        with assentd_process.AssentdProcess(build, model, config=f'backup_dir: "{backups}"', insecure_roles=ROLES) as server:
            for kill in range(KILLS):
                stubs = Stubs(server, modules)
                writers = in_threads(write_until_dead, [(people[i], random.Random(choice.random()), stubs, modules, counts, i)
                                                        for i in range(WRITERS)])
                maker = in_threads(back_up_until_dead, [(stubs, modules, made, 0)])
                time.sleep(choice.uniform(*LIFE_S))
                server.kill()
                join(*writers)
                join(*maker)
                pending += sum(person.pending is not None for group in people for person in group)
                server.start()
                stubs = Stubs(server, modules)
                join(*in_threads(check, [(group, stubs, modules, wrong) for group in people]))
                stubs.backup.PurgeBackups(modules.backup.PurgeBackupsRequest(
                    create_time_before={"seconds": int(time.time())}), timeout=DEADLINE_S)
                if (kill + 1) % 10 == 0:
                    print(f"{kill + 1} kills, {sum(counts)} acknowledged changes, {made[0]} backups, {len(wrong)} lost", flush=True)
            Stubs(server, modules).backup.CreateBackup(modules.backup.CreateBackupRequest(), timeout=DEADLINE_S)
            stubs = Stubs(server, modules)
            for group in people:
                for person in group:
                    change(person, choice, stubs, modules)
            server.kill()
            check_restore(build, backups, people, server, modules, wrong)
    for line in wrong[:20]:
        print(line)
    print(f"{KILLS} kills -9, {sum(counts):,} acknowledged changes with {made[0]} backups beside them, {pending} cut off, "
          f"{len(wrong)} lost or torn")
    return 1 if wrong or sum(counts) < KILLS or made[0] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
