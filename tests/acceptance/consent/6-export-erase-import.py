#!/usr/bin/python3
"""Export, erase, import of the export: nothing comes back without a new consent, by CSV and by JSON, also after a restart."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "harness"))

import assentd_process  # noqa: E402

PEOPLE = 5000
ERASED = 50
ROLES = ("assign", "consent", "subject", "privacy")


class Assentctl:
    def __init__(self, server):
        self.command = [pathlib.Path(os.environ["ASSENT_BUILD"]) / "client/assentctl"]
        self.flags = ["--control", server.control, "--json"]

    def run(self, *arguments):
        """The status, and the JSON of standard output."""
        done = subprocess.run([*self.command, *arguments, *self.flags], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout) if done.stdout else None

    def must(self, *arguments):
        status, document = self.run(*arguments)
        if status != 0:
            raise RuntimeError(f"{arguments}: status {status}")
        return document


def write_people(path):
    with open(path, "w") as file:
        file.write("namespace,id,purposes,status,given_time,notice_id,notice_version\n")
        for number in range(PEOPLE):
            status = "granted" if number % 3 else "opted_out"
            file.write(f"login,person-{number},select_content profile_content,{status},2026-01-02T03:04:05Z,welcome,1\n")


def is_erased(assentctl, number):
    consent = assentctl.must("consent", "show", "--subject", f"login:person-{number}")["consent"]
    return consent["erased"] and not consent["purposes"]


def check(wrong, what, holds):
    if not holds:
        wrong.append(what)


def import_again(assentctl, path, wrong):
    status, report = assentctl.run("consent", "import", path)
    check(wrong, f"{path}: status {status}", status == 1)
    check(wrong, f"{path}: {report}", report["taken"] == 0 and report["refused"] == ERASED
          and report["unchanged"] == PEOPLE - ERASED)
    with open(report["refused_lines"]) as lines:
        reasons = {line.rsplit(",", 1)[1].strip() for line in list(lines)[1:]}
    check(wrong, f"{path}: {reasons}", reasons == {"SUBJECT_ERASED"})


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder, \
            assentd_process.AssentdProcess(os.environ["ASSENT_BUILD"], None, insecure_roles=ROLES) as server:
        people = os.path.join(folder, "people.csv")
        write_people(people)
        assentctl = Assentctl(server)
        check(wrong, "first import", assentctl.must("consent", "import", people)["taken"] == PEOPLE)
        exports = [os.path.join(folder, name) for name in ("all.csv", "all.jsonl")]
        for path in exports:
            check(wrong, path, assentctl.must("consent", "export", path)["rows"] == PEOPLE)
        for number in range(ERASED):
            assentctl.must("subject", "erase", "--subject", f"login:person-{number}")
        for path in [*exports, people]:
            import_again(assentctl, path, wrong)
        server.kill()
        server.start()
        assentctl = Assentctl(server)
        for number in range(ERASED):
            check(wrong, f"person-{number} is not erased", is_erased(assentctl, number))
        after = os.path.join(folder, "after.csv")
        check(wrong, "export", assentctl.must("consent", "export", after)["rows"] == PEOPLE - ERASED)
        assentctl.must("consent", "grant", "--subject", "login:person-0", "--purpose", "select_content", "--notice", "welcome",
                       "--notice-version", "1")
        check(wrong, "a new consent", not is_erased(assentctl, 0))
    for line in wrong[:20]:
        print(line)
    print(f"{ERASED} of {PEOPLE:,} erased, imported three times from exports and the first file: {len(wrong)} came back")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
