"""The audit log of a running server verifies offline, with assentctl and with an implementation that is not ours; a changed one
does not, and what an erased person's entries were committed to is gone.

    audit_test.py BUILD_FOLDER
"""

import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
import assentd_process  # noqa: E402
import audit_oracle  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROLES = ("assign", "consent", "subject", "privacy", "auditor")
NOTICE = ("--notice", assentd_process.NOTICE["notice_id"], "--notice-version", assentd_process.NOTICE["notice_version"])
EDITS = 300


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        key = cls.work / "signing.key"
        key.touch(mode=0o600)
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", cls.work / "signing.pub"], check=True)
        with assentd_process.AssentdProcess(BUILD, None, f'signing_key_file: "{key}"', insecure_roles=ROLES) as server:
            cls.server = server
            cls.run_server(cls)
        cls.export = (cls.work / "audit.jsonl").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def ctl(self, *arguments):
        return subprocess.run([BUILD / "client/assentctl", *arguments, "--control", self.server.control], check=True,
                              capture_output=True, text=True).stdout

    def list(self, *arguments):
        return [json.loads(line) for line in self.ctl(self, "audit", "list", "--json", *arguments).splitlines()]

    def run_server(self):
        for person in ("anna", "bert"):
            self.ctl(self, "consent", "grant", "--subject", f"login:{person}", "--purpose", "select_content", *NOTICE)
        people = self.work / "people.csv"
        rows = "".join(f"login,{name},select_advertising,granted,2026-01-02T03:04:05Z,welcome,1\n" for name in ("anna", "bert", "cleo"))
        people.write_text("namespace,id,purposes,status,given_time,notice_id,notice_version\n" + rows)
        self.ctl(self, "consent", "import", people)
        self.ctl(self, "consent", "withdraw", "--subject", "login:anna", "--purpose", "select_content")
        (self.work / "kept").write_text(self.ctl(self, "audit", "checkpoint"))
        self.anna = self.list(self, "--subject", "login:anna")
        self.ctl(self, "subject", "erase", "--subject", "login:anna")
        self.anna_erased = self.list(self, "--subject", "login:anna")
        self.bert = self.list(self, "--subject", "login:bert")
        self.all = self.list(self)
        self.ctl(self, "audit", "export", self.work / "audit.jsonl")

    def verify(self, export, *arguments):
        path = self.work / "to-verify.jsonl"
        path.write_bytes(export)
        return subprocess.run([BUILD / "client/assentctl", "audit", "verify", path, "--public-key", self.work / "signing.pub",
                               *arguments], capture_output=True, text=True)

    def test_both_verify_it(self):
        done = self.verify(self.export, "--checkpoint", self.work / "kept")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(audit_oracle.fault_of(self.export, self.work / "signing.pub"))
        kinds = [json.loads(line).get("kind") for line in self.export.splitlines()]
        self.assertEqual(kinds, ["configuration", "notice", "grant", "grant", "import", "withdrawal", "erasure", None])
        self.assertEqual([entry["index"] for entry in self.all], [str(number) for number in range(1, 8)])

    def test_neither_verifies_a_changed_one(self):
        choice = random.Random(20260101)
        for _ in range(EDITS):
            changed = bytearray(self.export)
            place = choice.randrange(len(changed))
            changed[place] ^= 1 << choice.randrange(8)
            line = self.export.count(b"\n", 0, place) + 1
            done = self.verify(bytes(changed))
            self.assertEqual(done.returncode, 1, f"byte {place}")
            self.assertRegex(done.stderr, rf"line ({line}|{line + 1}): ", f"byte {place}")
            self.assertIsNotNone(audit_oracle.fault_of(bytes(changed), self.work / "signing.pub"), f"byte {place}")

    def test_a_cut_end_is_found_also_behind_an_old_checkpoint(self):
        lines = self.export.splitlines(keepends=True)
        for count in range(len(lines)):
            self.assertEqual(self.verify(b"".join(lines[:count])).returncode, 1, count)
        old = b'{"checkpoint":' + (self.work / "kept").read_bytes().strip() + b"}\n"
        shorter = b"".join(lines[:6]) + old
        self.assertEqual(self.verify(shorter).returncode, 0)
        (self.work / "latest").write_bytes(lines[-1][len(b'{"checkpoint":'):-2])
        done = self.verify(shorter, "--checkpoint", self.work / "latest")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the end is missing", done.stderr)

    def test_it_names_nobody_and_a_person_can_be_shown_theirs(self):
        pseudonym = base64.b64decode(self.bert[0]["opening"])[:16]
        for form in (pseudonym.hex(), audit_oracle.encoded(pseudonym)[:20], "anna", "bert"):
            self.assertNotIn(form, self.export.decode())
        by_index = {entry["index"]: entry for entry in self.all}
        self.assertEqual([entry["kind"].rsplit("_", 1)[1] for entry in self.anna], ["GRANT", "IMPORT", "WITHDRAWAL"])
        for entry in self.anna + self.bert:
            leaf = audit_oracle.commitment_to(base64.b64decode(entry["opening"]))
            inclusion = entry.get("inclusion")
            if inclusion is None:
                self.assertEqual(leaf, base64.b64decode(entry["commitment"]))
            else:
                path = [base64.b64decode(one) for one in inclusion["path"]]
                root = audit_oracle.merkle_root_of_path(leaf, int(inclusion["leaf_index"]), int(inclusion["tree_size"]), path)
                self.assertEqual(root, base64.b64decode(by_index[entry["index"]]["detail"]["sha256"]))

    def test_an_erasure_leaves_the_entries_and_nothing_that_opens_them(self):
        self.assertEqual(self.anna_erased, [])
        self.assertNotIn("opening", json.loads(self.export.splitlines()[6]))
        self.assertEqual([entry["hash"] for entry in self.anna],
                         [self.all[int(entry["index"]) - 1]["hash"] for entry in self.anna])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
