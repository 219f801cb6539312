"""An assentd that has something to show: a model that reads events, people who agreed and did not, calls, errors, a backup."""

import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
import assentd_process  # noqa: E402

PEOPLE = 400
GRANTED = 300  # the rest is refused
SEGMENTS = 3
CALLS, BATCHES, MESSAGES = 1000, 200, 1000  # of one round
ROWS = 256  # of a batch
DECISIONS = CALLS + BATCHES * ROWS + MESSAGES  # of one round; one in sixteen is a sample of the drift, which needs 1000
PURPOSES = "select_content,profile_content"
FEATURES = 4
SCHEMA = "profile_purpose: 4\n" + "".join(f'features {{ name: "f{n}" direct {{}} }}\n' for n in range(FEATURES)) + (
    'features { name: "spent" missing: MISSING_RULE_MEAN aggregate { function: AGGREGATE_FUNCTION_SUM event_type: "purchase" '
    'attribute: "amount" half_life_days: 7 } }\n')


def subject(number):
    return f"s{number:09d}"  # as assentctl bench names them


class LoadedAssentd:
    """`with LoadedAssentd(build) as loaded:` runs the server loaded.server; loaded.load() puts one round of calls on it."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.server = None

    def __enter__(self):
        try:
            self.train()
            config = f'backup_dir: "{self.folder / "backups"}"\nprofiles {{ flush_interval_ms: 500 }}'
            self.server = assentd_process.AssentdProcess(
                self.build, self.folder / "model.assent", config,
                insecure_roles=("assign", "consent", "subject", "privacy", "operator"))
            self.server.__enter__()
        except BaseException:
            self.scratch.cleanup()
            raise
        return self

    def __exit__(self, *error):
        try:
            self.server.__exit__(*error)
        finally:
            self.scratch.cleanup()

    def run(self, *arguments, status=0):
        command = [self.build / "client/assentctl", *map(str, arguments)]
        addresses = {"ASSENT_TARGET": self.server.data, "ASSENT_CONTROL": self.server.control} if self.server else {}
        done = subprocess.run(command, env={**os.environ, **addresses}, capture_output=True, text=True)
        if done.returncode != status:
            raise RuntimeError(f"{command}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def train(self):
        generator = random.Random(6)
        rows = ["subject_id," + ",".join(f"f{n}" for n in range(FEATURES)) + ",spent"]
        rows += [",".join([subject(number), *(f"{generator.gauss(0, 1):.4f}" for _ in range(FEATURES)),
                           f"{generator.uniform(0, 100):.2f}"]) for number in range(PEOPLE)]
        (self.folder / "audience.csv").write_text("\n".join(rows) + "\n")
        (self.folder / "grants.csv").write_text("\n".join(["subject_id", *map(subject, range(GRANTED))]) + "\n")
        (self.folder / "schema.textproto").write_text(SCHEMA)
        self.run("train", "--input", self.folder / "audience.csv", "--schema", self.folder / "schema.textproto", "--k", SEGMENTS,
                 "--seed", 6, "--abstain", "off", "--out", self.folder / "model.assent")

    def agree(self):
        self.run("consent", "grant", "--input", self.folder / "grants.csv", "--namespace", "bench", "--purpose", PURPOSES,
                 "--notice", "welcome", "--notice-version", "1")
        self.run("backup", "create")

    def load(self):
        """One round of every kind of call; some of them are refused, and some are wrong."""
        bench = ("bench", "--dim", FEATURES, "--subjects", PEOPLE, "--purpose", 2, "--warm-up", 0, "--duration", 60, "--no-progress")
        self.run(*bench, "--calls", CALLS, "--event")
        self.run(*bench, "--calls", BATCHES, "--method", "batch", "--rows", ROWS)
        self.run(*bench, "--calls", MESSAGES, "--method", "stream")
        someone = ("--subject", f"bench:{subject(0)}")
        values = [word for n in range(FEATURES) for word in ("--feature", f"f{n}=0.5")]
        self.run("explain", *someone, "--purpose", "select_content", *values)
        self.run("assign", *someone, "--purpose", "select_content", "--feature", "nothing=1", status=1)
        self.run("subject", "segments", *someone)
        self.run("consent", "opt-out", "--subject", f"bench:{subject(GRANTED)}")
