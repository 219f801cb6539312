"""What watches the service works: a real Prometheus with the shipped rules scrapes a loaded server, and every panel shows something.

    dashboard_test.py BUILD_FOLDER TEST_CLASS
"""

import json
import math
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

import yaml

from loaded_assentd import DECISIONS, GRANTED, SEGMENTS, LoadedAssentd
from prometheus_process import DEPLOY, PrometheusProcess

BUILD = pathlib.Path(sys.argv[1]).resolve()
OPERATIONS = (DEPLOY.parent / "docs/operations.md").read_text()
DASHBOARD = json.loads((DEPLOY / "grafana/assent.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = [rule for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RULE_TESTS = sorted((DEPLOY / "prometheus").glob("*_test.yml"))
# What Grafana puts in for its variables. The interval is longer than the test, so that all of the load is in it.
VARIABLES = {"$__rate_interval": "15m", "$job": "assent", "$instance": ".+"}


def metric_names(expression):
    """The metrics of assentd that an expression reads."""
    return set(re.findall(r"(?<![\w:])(?:assent|process)_\w+", re.sub(r'"[^"]*"', "", expression)))


def expressions():
    """[(where, expression)] of all panels, as Grafana would send them."""
    found = []
    for panel in PANELS:
        for target in panel["targets"]:
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            found.append((f"panel {panel['id']} {panel['title']}, {target['refId']}", text))
    return found


class MonitoringFiles(unittest.TestCase):
    def test_every_alert_says_how_urgent_it_is_and_where_to_read_what_to_do(self):
        self.assertEqual(len(ALERTS), len({rule["alert"] for rule in ALERTS}))
        headings = set(re.findall(r"^#### (\w+)$", OPERATIONS, re.MULTILINE))
        self.assertEqual(headings, {rule["alert"] for rule in ALERTS})
        for rule in ALERTS:
            self.assertIn(rule["labels"]["severity"], ("page", "ticket"), rule["alert"])
            self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook"}, rule["alert"])
            self.assertEqual(rule["annotations"]["runbook"], "docs/operations.md#" + rule["alert"].lower())

    def test_every_alert_is_seen_to_fire_and_to_keep_silent(self):
        cases = [case for file in RULE_TESTS for case in yaml.safe_load(file.read_text())["tests"]]
        looks = [[str(look["exp_samples"]) for look in case.get("promql_expr_test", ()) if "ALERTS" in look["expr"]] for case in cases]
        for rule in ALERTS:
            name = f'alertname="{rule["alert"]}"'
            self.assertTrue(any(any(name in look for look in case) and any(name not in look for look in case) for case in looks), name)

    def test_the_dashboard_is_one_that_grafana_takes_anywhere(self):
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreaterEqual(DASHBOARD["schemaVersion"], 36)  # Grafana 9
        self.assertNotIn("://", json.dumps(DASHBOARD))
        variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
        self.assertEqual(variables, {"datasource": "datasource", "job": "query", "instance": "query"})
        taken = set()
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            self.assertFalse(cells & taken, f"{panel['title']} lies on another panel")
            taken |= cells
        for panel in PANELS:
            self.assertTrue(panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"])
            for item in (panel, *panel["targets"]):
                self.assertEqual(item["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])

    def test_every_recording_is_used(self):
        used = " ".join([text for _, text in expressions()] + [rule["expr"] for rule in RULES])
        for rule in RULES:
            self.assertTrue("alert" in rule or rule["record"] in used, rule)


class PrometheusRules(unittest.TestCase):
    def test_the_configuration_and_its_rules_are_valid(self):
        done = subprocess.run(["promtool", "check", "config", DEPLOY / "prometheus.yml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_alerts_fire_when_they_should(self):
        done = subprocess.run(["promtool", "test", "rules", *RULE_TESTS], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Dashboard(unittest.TestCase):
    ROUNDS = 2

    @classmethod
    def setUpClass(cls):
        cls.loaded = LoadedAssentd(BUILD).__enter__()
        cls.prometheus = PrometheusProcess(cls.loaded.server.metrics).__enter__()
        cls.prometheus.wait_for_scrapes(2)  # a rate counts from the first figure, so that comes before the load
        cls.loaded.agree()
        for _ in range(cls.ROUNDS):
            cls.loaded.load()
            cls.prometheus.wait_for_scrapes(2)  # a series that a round began has figures before the next one

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.__exit__(None, None, None)
        cls.loaded.__exit__(None, None, None)

    def test_every_panel_has_data(self):
        queries = expressions()
        self.assertGreater(len(queries), 50)
        for where, text in queries:
            with self.subTest(where):
                rows = self.prometheus.query(text)
                self.assertTrue(rows, text)
                self.assertTrue(all(math.isfinite(value) for _, value in rows), f"{text}: {rows}")

    def test_every_rule_is_evaluated_and_every_recording_has_data(self):
        rules = self.prometheus.rules()
        self.assertEqual(len(rules), len(RULES))
        for rule in rules:
            with self.subTest(rule["name"]):
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""))
                if rule["type"] == "recording":
                    rows = self.prometheus.query(rule["name"])
                    self.assertTrue(rows and all(math.isfinite(value) for _, value in rows), rows)

    def test_every_metric_that_is_read_exists(self):
        there = set(self.prometheus.get("label/__name__/values"))
        for where, text in [*expressions(), *((rule.get("alert", rule.get("record")), rule["expr"]) for rule in RULES)]:
            self.assertEqual(metric_names(text) - there, set(), where)

    def test_every_metric_is_documented(self):
        with urllib.request.urlopen(f"http://{self.loaded.server.metrics}/metrics") as answer:
            families = set(re.findall(r"^# TYPE (assent_\w+)", answer.read().decode(), re.MULTILINE))
        self.assertGreater(len(families), 20)
        self.assertEqual({name for name in families if not re.search(rf"`{name}[`{{]", OPERATIONS)}, set())

    def test_nobody_is_woken_for_a_server_that_is_well(self):
        page = [rule for rule in self.prometheus.rules() if rule["type"] == "alerting" and rule["labels"]["severity"] == "page"]
        self.assertGreater(len(page), 10)
        # AssentDown may wait its minute out: a scrape that takes longer than a second counts as missed, and the machine may be busy.
        pending = [rule["name"] for rule in page if rule["state"] != "inactive" and rule["name"] != "AssentDown"]
        self.assertEqual(pending + [rule["name"] for rule in page if rule["state"] == "firing"], [])

    def test_figures_are_those_of_what_was_done(self):
        def value(panel):
            text, = (text for where, text in expressions() if where.startswith(f"panel {panel} "))
            return sum(value for _, value in self.prometheus.query(text))
        self.assertEqual(value(204), GRANTED + 1)  # and the one who opted out
        self.assertEqual((value(206), value(402), value(403), value(404)), (1, SEGMENTS, 1, 0))
        self.assertEqual((value(201), value(202), value(203)), (0, 0, 0))
        decisions = self.prometheus.query('sum(assent_outcomes_total{purpose="select_content"})')
        self.assertEqual(decisions, [({}, DECISIONS * self.ROUNDS)])
        shown = self.prometheus.query("count by (digest) (assent_model_info)")
        digest = json.loads(self.loaded.run("model", "show", self.loaded.folder / "model.assent", "--json"))["digest"]
        self.assertEqual([labels["digest"] for labels, _ in shown], [digest])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
