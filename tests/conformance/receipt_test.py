"""A consent receipt verifies offline, with assentctl and with an implementation that is not ours; a changed one does not.

    receipt_test.py BUILD_FOLDER
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
import assentd_process  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Receipt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        for name in ("signing", "other"):
            key = cls.work / f"{name}.key"
            key.touch(mode=0o600)
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
            subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", cls.work / f"{name}.pub"], check=True)
        config = f'signing_key_file: "{cls.work / "signing.key"}"'
        with assentd_process.AssentdProcess(BUILD, None, config) as server:
            def run(*arguments):
                subprocess.run([BUILD / "client/assentctl", *arguments, "--control", server.control], check=True,
                               stdout=subprocess.DEVNULL)
            notice = ("--notice", assentd_process.NOTICE["notice_id"], "--notice-version", assentd_process.NOTICE["notice_version"])
            run("consent", "grant", "--subject", "login:anna", "--purpose", "select_content", *notice)
            run("consent", "receipt", "--subject", "login:anna", "--out", cls.work / "receipt.json")
        cls.receipt = json.loads((cls.work / "receipt.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def verify(self, receipt, key="signing"):
        """Exit status and what was printed; there is no server any more."""
        path = self.work / "to-verify.json"
        path.write_text(receipt if isinstance(receipt, str) else json.dumps(receipt))
        done = subprocess.run([BUILD / "client/assentctl", "consent", "verify", path, "--key", self.work / f"{key}.pub", "--json"],
                              capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_it_says_what_was_recorded(self):
        status, out, _ = self.verify(self.receipt)
        self.assertEqual(status, 0)
        said = json.loads(out)
        self.assertEqual(said["consent"]["purposes"][0]["purpose"], "PURPOSE_SELECT_CONTENT")
        self.assertEqual(said["notices"][0]["withdrawal_method"], "in the settings")
        self.assertNotIn("anna", out)

    def test_another_implementation_agrees(self):
        message = f"{self.receipt['protected']}.{self.receipt['payload']}"
        (self.work / "message").write_text(message)
        (self.work / "signature").write_bytes(decoded(self.receipt["signature"]))
        for name, status in (("signing", 0), ("other", 1)):
            done = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.work / f"{name}.pub", "-in",
                                   self.work / "message", "-sigfile", self.work / "signature"], capture_output=True)
            self.assertEqual(done.returncode, status, done)
        self.assertEqual(json.loads(decoded(self.receipt["protected"]))["alg"], "EdDSA")

    def test_a_changed_one_is_refused(self):
        payload = json.loads(decoded(self.receipt["payload"]))
        payload["consent"]["purposes"][0]["purpose"] = "PURPOSE_SELECT_ADVERTISING"
        status, _, error = self.verify({**self.receipt, "payload": encoded(json.dumps(payload).encode())})
        self.assertEqual(status, 1)
        self.assertIn("changed after it was issued", error)
        for part in ("payload", "protected", "signature"):
            text = self.receipt[part]
            for place in range(0, len(text), max(1, len(text) // 40)):
                other = "A" if text[place] != "A" else "B"
                status, *_ = self.verify({**self.receipt, part: text[:place] + other + text[place + 1:]})
                self.assertEqual(status, 1, f"{part}, character {place}")

    def test_another_key_and_other_files_are_refused(self):
        self.assertIn("another key", self.verify(self.receipt, "other")[2])
        without = json.dumps({"alg": "none"}).encode()
        self.assertIn("EdDSA", self.verify({**self.receipt, "protected": encoded(without), "signature": ""})[2])
        for rubbish in ("", "{}", "[]", '{"payload": 7}'):
            self.assertEqual(self.verify(rubbish)[0], 1, rubbish)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
