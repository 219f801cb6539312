"""What deploy/ ships works: the samples parse, and mutual TLS with the sample roles lets in whom it names, for what it names.

    deploy_test.py BUILD_FOLDER TEST_CLASS
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
import assentd_process  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
DEPLOY = assentd_process.REPOSITORY / "deploy"
MESSAGES = {"principals.textproto": "PrincipalRoles"}


class Samples(unittest.TestCase):
    def test_every_textproto_parses_as_what_it_says(self):
        samples = sorted(DEPLOY.glob("*.textproto"))
        self.assertGreaterEqual(len(samples), 4)
        for sample in samples:
            message = "assent.internal.v1." + MESSAGES.get(sample.name, "ServerConfig")
            self.assertIn(f"# proto-message: {message}\n", sample.read_text())
            parsed = subprocess.run(["protoc", f"-I{assentd_process.PROTO}", f"--encode={message}",
                                     "assent/internal/v1/server_config.proto"], input=sample.read_bytes(),
                                    capture_output=True)
            self.assertEqual(parsed.returncode, 0, f"{sample.name}: {parsed.stderr.decode()}")

    def test_only_the_samples_without_a_network_go_without_tls(self):
        for sample in DEPLOY.glob("assentd*.textproto"):
            text = sample.read_text()
            if "0.0.0.0" in text:
                self.assertIn("client_ca_file", text, sample.name)
                self.assertNotIn("allow_insecure_non_loopback", text, sample.name)


class MutualTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        tls = pathlib.Path(cls.folder.name) / "tls"
        subprocess.run([DEPLOY / "make-certificates.sh", tls], check=True, capture_output=True)
        cls.tls = tls
        sample = (DEPLOY / "assentd-mtls.textproto").read_text()
        config = sample[sample.index("tls {"):].replace("/etc/assent/tls", str(tls))
        config = config.replace("/etc/assent/principals.textproto", str(DEPLOY / "principals.textproto"))
        config = config.replace("drain_delay_ms: 5000", "drain_delay_ms: 0")
        cls.server = assentd_process.AssentdProcess(BUILD, None, config, insecure_roles=())
        cls.server.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def run_as(self, principal, *arguments):
        """Exit status, and the error (or {})."""
        command = [BUILD / "client/assentctl", *arguments, "--json", "--target", self.server.data, "--control",
                   self.server.control, "--tls-ca", self.tls / "ca.crt", "--deadline", "5"]
        if principal:
            command += ["--tls-cert", self.tls / f"{principal}.crt", "--tls-key", self.tls / f"{principal}.key"]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, json.loads(done.stderr)["error"] if done.returncode else {}

    GRANT = ("consent", "grant", "--subject", "login:anna", "--purpose", "select_content", "--notice", "welcome",
             "--notice-version", "1")
    WITHDRAW = ("consent", "withdraw", "--subject", "login:anna", "--purpose", "select_content")
    REGISTER = ("notice", "register", str(assentd_process.NOTICE_FILE))
    ASSIGN = ("assign", "--subject", "login:anna", "--purpose", "select_content")

    def test_a_principal_does_what_its_role_allows(self):
        self.assertEqual(self.run_as("privacy-officer", *self.REGISTER), (0, {}))
        self.assertEqual(self.run_as("consent-platform", *self.GRANT), (0, {}))
        self.assertEqual(self.run_as("preference-centre", *self.WITHDRAW), (0, {}))
        # Without consent the refusal comes before the model is missed.
        self.assertEqual(self.run_as("ad-server", *self.ASSIGN)[0], 0)

    def test_a_principal_does_nothing_else(self):
        for principal, command in (("ad-server", self.GRANT), ("ad-server", self.WITHDRAW), ("operator", self.ASSIGN),
                                   ("consent-platform", self.ASSIGN), ("preference-centre", self.GRANT),
                                   ("consent-platform", self.REGISTER)):
            status, error = self.run_as(principal, *command)
            self.assertEqual((status, error.get("code")), (1, "PERMISSION_DENIED"), f"{principal}: {error}")
            self.assertEqual(error.get("reason"), "ROLE_REQUIRED", f"{principal}: {error}")

    def test_nobody_comes_in_without_a_certificate(self):
        status, error = self.run_as(None, *self.ASSIGN)
        self.assertEqual((status, error["code"]), (1, "UNAVAILABLE"))

    def test_a_certificate_of_another_authority_is_refused(self):
        with tempfile.TemporaryDirectory() as other:
            subprocess.run([DEPLOY / "make-certificates.sh", other], check=True, capture_output=True)
            stranger = pathlib.Path(other) / "ad-server"
            for suffix in (".crt", ".key"):
                (self.tls / f"stranger{suffix}").write_bytes(stranger.with_suffix(suffix).read_bytes())
        status, error = self.run_as("stranger", *self.ASSIGN)
        self.assertEqual((status, error["code"]), (1, "UNAVAILABLE"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
