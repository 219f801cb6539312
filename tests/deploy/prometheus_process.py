"""One Prometheus of its own: a temporary folder, a port that the system picks, and what its HTTP interface answers."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
import assentd_process  # noqa: E402

DEPLOY = assentd_process.REPOSITORY / "deploy"
# Prometheus is asked again so often while something is waited for. The test as a whole has a limit, the waits have none.
PAUSE_S = 0.1


def test_configuration(target):
    """deploy/prometheus.yml with one target, and with everything once a second."""
    text = (DEPLOY / "prometheus.yml").read_text()
    for shipped, ours in ((r"(scrape|evaluation)_interval: \w+", r"\1_interval: 1s"), ("assentd:7402", target),
                          ("prometheus/rules.yml", str(DEPLOY / "prometheus/rules.yml"))):
        text, count = re.subn(shipped, ours, text)
        if not count:
            raise ValueError(f"deploy/prometheus.yml has no {shipped}")
    return text


class PrometheusProcess:
    """`with PrometheusProcess(target) as prometheus:` scrapes `target` with deploy/prometheus.yml and the rules that it names."""

    def __init__(self, target):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.config = self.folder / "prometheus.yml"
        self.config.write_text(test_configuration(target))
        self.process = None
        self.address = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [*assentd_process.DIES_WITH_US, "prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.folder / 'data'}",
             "--web.listen-address=127.0.0.1:0", "--log.format=logfmt"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            found = re.search(r'msg="Listening on" address=(\S+:\d+)', line)
            if found:
                self.address = found[1]
            if "ready to receive web requests" in line:
                return self
        self.__exit__()
        raise RuntimeError("prometheus did not start: " + "".join(lines))

    def __exit__(self, *_):
        self.process.kill()
        self.process.stderr.close()
        self.process.wait()
        self.scratch.cleanup()

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """[(labels, value)] of an instant vector."""
        return [(row["metric"], float(row["value"][1])) for row in self.get("query", query=expression)["result"]]

    def rules(self):
        """Every rule, of all groups, with the name, expression, state and health that Prometheus gives it."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def scrapes(self):
        counted = self.query('count_over_time(up{job="assent"}[1h])')
        return int(counted[0][1]) if counted else 0

    def wait_for_scrapes(self, more):
        """Returns when so many more scrapes are in, and each group of rules was evaluated after them."""
        wanted = self.scrapes() + more
        while self.scrapes() < wanted:
            time.sleep(PAUSE_S)
        before = [group["lastEvaluation"] for group in self.get("rules")["groups"]]
        # Groups may read each other's recordings, so every one of them has two turns.
        for _ in range(2):
            while any(new["lastEvaluation"] == old for new, old in zip(self.get("rules")["groups"], before)):
                time.sleep(PAUSE_S)
            before = [group["lastEvaluation"] for group in self.get("rules")["groups"]]
