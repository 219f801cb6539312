"""One assentd of its own: a temporary folder, a fresh key, ports that the system picks."""

import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROTO = REPOSITORY / "proto"
NOTICE_FILE = pathlib.Path(__file__).with_name("notice.textproto")
NOTICE = {"notice_id": "welcome", "notice_version": "1"}  # what a RecordConsentRequest names: that of the file
# Before a command: the kernel kills it when the thread that started it ends, however that ends. A test that is killed leaves no
# server behind.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class AssentdProcess:
    """`with AssentdProcess(build, model) as server:` the addresses are server.data, server.control, server.metrics.

    With the role privacy NOTICE is registered. `model` is a path, or None. Leaving the block asks it to stop (SIGTERM) and fails when it does not end with status 0;
    its log is printed when the block or the stop failed. The folder is removed.
    """

    def __init__(self, build, model, config="", insecure_roles=("assign", "consent", "privacy")):
        self.build = pathlib.Path(build)
        self.binary = self.build / "server/assentd"
        self.registers = "privacy" in insecure_roles
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="assent-test-"))
        key = self.folder / "pseudonym.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        self.config = self.folder / "assentd.textproto"
        lines = [f'data_dir: "{self.folder / "data"}"', f'pseudonym_key_file: "{key}"',
                 *(f'insecure_roles: "{role}"' for role in insecure_roles), config]
        if "drain_delay_ms" not in config:
            lines.append("drain_delay_ms: 0")
        if model:
            lines.append(f'model: "{model}"')
        self.config.write_text("\n".join(lines) + "\n")
        self.log = self.folder / "log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*DIES_WITH_US, self.binary, "--config", self.config, "--listen", "127.0.0.1:0", "--control_listen", "127.0.0.1:0",
                 "--metrics_listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True)
        ready = self.process.stdout.readline()  # blocks until the one line, or the end
        addresses = dict(re.findall(r"(\w+)=(\S+:\d+)", ready))
        try:
            self.data, self.control = addresses["listen"], addresses["control_listen"]
            self.metrics = addresses["metrics_listen"]
        except KeyError:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"assentd did not start: {ready!r}") from None

    def kill(self):
        """As a power cut would for the process: SIGKILL. start() may follow, on the same folder."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        try:
            self.start()
            if self.registers:
                subprocess.run([self.build / "client/assentctl", "notice", "register", NOTICE_FILE, "--control", self.control],
                               stdout=subprocess.DEVNULL, check=True)
        except BaseException:
            self.finish(failed=True)
            raise
        return self

    def __exit__(self, kind, *_):
        failed = kind is not None
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait()
        self.finish(failed or status != 0)
        if status != 0 and not failed:
            raise RuntimeError(f"assentd ended with status {status}")

    def finish(self, failed):
        if failed and self.log.exists():
            for line in self.log.read_text(errors="replace").splitlines()[-50:]:
                print("assentd:", line, file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)


def make_stubs(folder):
    """Python code of proto/ in `folder`, importable from there."""
    os.makedirs(folder, exist_ok=True)
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("**/*.proto"))
    subprocess.run(["protoc", "-I.", f"--python_out={folder}", f"--grpc_out={folder}",
                    f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}", *files], cwd=PROTO, check=True)
