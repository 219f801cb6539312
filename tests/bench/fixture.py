"""The servers of a benchmark: assentd plain and with mutual TLS, the empty call, the Python baseline."""

import os
import shutil
import subprocess
import tempfile

from programs import Failure, Program, load, need, run

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
K = 256
DIM = 64
AGGREGATES = 12

CONFIG = """
listen: "127.0.0.1:0"
control_listen: "127.0.0.1:0"
metrics_listen: "127.0.0.1:0"
data_dir: "{data}"
model: "{folder}/model.assent"
pseudonym_key_file: "{folder}/pseudonym.key"
data_plane_threads: 1
"""
PLAIN = """
insecure_roles: "assign"
insecure_roles: "consent"
"""
MUTUAL_TLS = """
tls {{
  certificate_file: "{certificates}/server.crt"
  private_key_file: "{certificates}/server.key"
  client_ca_file: "{certificates}/ca.crt"
}}
principals_file: "{source}/deploy/principals.textproto"
"""


class Target:
    """A running server and how the load generator reaches it."""

    def __init__(self, program, address, **flags):
        self.program = program
        self.address = address
        self.flags = flags

    def load(self, assentctl, **flags):
        return load(assentctl, self.address, self.program.pid, **{**self.flags, **flags})


class Fixture:
    """Makes the data once, starts servers on demand, stops all of them at the end. Use as a context manager."""

    def __init__(self, build, subjects, say):
        self.build = build
        self.subjects = subjects
        self.say = say
        self.assentctl = self.path("client/assentctl")
        self._programs = []
        self._targets = {}
        self._folder = None

    def path(self, name):
        path = os.path.join(self.build, name)
        if not os.path.exists(path):
            raise Failure(f"{path} is missing: build the preset `bench`")
        return path

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="assent-bench-")
        return self

    def __exit__(self, *_):
        for program in reversed(self._programs):
            program.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, name, command, ready):
        program = Program(command, ready, os.path.join(self._folder, name + ".log"))
        self._programs.append(program)
        return program

    def _data(self):
        folder = os.path.join(self._folder, "data-plain")
        if not os.path.exists(folder):
            self.say(f"writing a model of {K} segments x {DIM} features and {self.subjects:,} consent records")
            run([self.path("tests/bench/bench_data"), "--out", folder, "--subjects", str(self.subjects)])
        return folder

    def _assentd(self, name, security, data, folder=None):
        config = os.path.join(self._folder, name + ".textproto")
        with open(config, "w") as file:
            file.write((CONFIG + security).format(
                folder=folder or self._data(), data=data, source=SOURCE, certificates=self._certificates()))
        self.say(f"starting assentd ({name})")
        return self._start(name, [self.path("server/assentd"), "--config", config], READY_ASSENTD)

    def _certificates(self):
        folder = os.path.join(self._folder, "certificates")
        if not os.path.exists(folder):
            need("openssl")
            run([os.path.join(SOURCE, "deploy/make-certificates.sh"), folder])
        return folder

    def _tls_flags(self):
        folder = self._certificates()
        return {
            "tls_ca": f"{folder}/ca.crt",
            "tls_cert": f"{folder}/ad-server.crt",
            "tls_key": f"{folder}/ad-server.key",
        }

    def target(self, name):
        """One of: assent, assent-events, assent-mtls, empty, python."""
        if name not in self._targets:
            self._targets[name] = getattr(self, "_make_" + name.replace("-", "_"))()
        return self._targets[name]

    def _make_assent(self):
        program = self._assentd("assent", PLAIN, os.path.join(self._data(), "data"))
        return Target(program, "127.0.0.1:" + program.match["port"], dim=DIM, subjects=self.subjects)

    def _make_assent_events(self):
        """As assent, but 12 of the features are aggregates over events, and every request brings one."""
        folder = os.path.join(self._folder, "data-events")
        shutil.copytree(self._data(), folder)
        run([self.path("tests/bench/bench_data"), "--out", folder, "--aggregates", str(AGGREGATES), "--model-only"])
        program = self._assentd("assent-events", PLAIN, os.path.join(folder, "data"), folder)
        return Target(program, "127.0.0.1:" + program.match["port"], dim=DIM - AGGREGATES, subjects=self.subjects)

    def _make_assent_mtls(self):
        # A data folder belongs to one process.
        data = os.path.join(self._folder, "data-mtls")
        shutil.copytree(os.path.join(self._data(), "data"), data)
        program = self._assentd("assent-mtls", MUTUAL_TLS, data)
        return Target(program, "127.0.0.1:" + program.match["port"], dim=DIM, subjects=self.subjects, **self._tls_flags())

    def _make_empty(self):
        program = self._start("empty", [self.path("tests/bench/empty_server")], r"^ready (?P<port>\d+)")
        return Target(program, "127.0.0.1:" + program.match["port"], dim=DIM, subjects=self.subjects)

    def _make_python(self):
        socket = os.path.join(self._folder, "redis.sock")
        self.say("starting Redis and the Python baseline")
        self._start("redis", [need("redis-server"), "--port", "0", "--unixsocket", socket, "--save", "",
                              "--appendonly", "no", "--dir", self._folder], r"[Rr]eady to accept|now ready")
        protos = os.path.join(self._folder, "protos")
        os.makedirs(protos)
        root = os.path.join(SOURCE, "proto")
        names = [os.path.join(base, file) for base, _, files in os.walk(root) for file in files
                 if file.endswith(".proto") and "internal" not in base]
        run([need("protoc"), "-I", root, "--python_out", protos, *names])
        server = os.path.join(SOURCE, "tests/bench/python_baseline/server.py")
        program = self._start("python", ["/usr/bin/python3", server, "--protos", protos, "--redis-socket", socket, "--k", str(K),
                                         "--dim", str(DIM), "--subjects", str(self.subjects)], r"^ready (?P<port>\d+)")
        return Target(program, "127.0.0.1:" + program.match["port"], dim=DIM, subjects=self.subjects)


# assentd's line when it serves, with the real ports.
READY_ASSENTD = r"^assentd ready listen=127\.0\.0\.1:(?P<port>\d+)"


def cores():
    """What the machine is: for the head of the report."""
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    return f"{len(os.sched_getaffinity(0))} cores ({model}), {subprocess.run(['uname', '-r'], capture_output=True, text=True).stdout.strip()}"
