#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What watches a server fits it: every metric has its line in
docs/reference/metrics.md, and what the dashboard and the alerts ask for is there.

usage: observe_test.py SOURCE_ROOT BINARY

Ends with 77 if all is well but a tool is missing that looks at the rest.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

OBSERVE = pathlib.Path("deploy/observe")
NAME = re.compile(r"\bcoppice_[a-z0-9_]+")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", re.M)
LABELS = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')
# It does not change.
NOT_SHOWN = {"coppice_supervisor_budget_period_seconds",
             "coppice_child_budget_period_seconds"}
SUFFIXES = ("_bucket", "_sum", "_count")

failures, missing = [], []


def expect(good, otherwise):
    if not good:
        failures.append(otherwise)


def scraped(binary):
    """What GET /metrics of a server of its own answers."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["scripts/make-certificate", directory], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        command = [binary, "serve", "0", "--bind", "127.0.0.1", "--admin",
                   "127.0.0.1:0", "--journal", directory + "/journal.db",
                   "--tls-cert", directory + "/server.pem",
                   "--tls-key", directory + "/server.key"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8",
                              stderr=subprocess.DEVNULL) as server:
            try:
                url = re.search(r"admin at (\S+)", server.stdout.readline())[1]
                with urllib.request.urlopen(url + "/metrics",
                                            timeout=30) as answer:
                    return answer.read().decode()
            finally:
                server.terminate()
                server.wait(30)


def metrics_in(text):
    """{name: (type, its labels)} of Prometheus's text format; the labels of what
    has no value are None."""
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    labels = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name = base_of(re.match(r"\w+", line)[0], types)
            labels.setdefault(name, set()).update(LABELS.findall(line))
    return {name: (types[name], labels[name] - {"le"} if name in labels else None)
            for name in types}


def base_of(name, types):
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and types.get(base) == "histogram":
            return base
    return name


def check_page(known):
    """docs/reference/metrics.md has a table with a line for each metric."""
    text = pathlib.Path("docs/reference/metrics.md").read_text("utf-8")
    rows = {name: (kind, set(re.findall(r"`(\w+)`", labels)))
            for name, kind, labels in ROW.findall(text)}
    for name in sorted(known.keys() | rows.keys()):
        said, there = rows.get(name), known.get(name)
        expect(said == there,
               f"docs/reference/metrics.md says {said} of {name}, the server "
               f"{there}")


def panels():
    """(where, PromQL) of what the dashboard shows."""
    board = json.loads(
        (OBSERVE / "grafana/dashboards/coppice.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield f"the panel {panel['title']!r}", target["expr"]


def alerts():
    """(where, PromQL), with what else stands around it, of the alerts."""
    rules = (OBSERVE / "alerts.yml").read_text("utf-8")
    for alert in rules.split("- alert: ")[1:]:
        name, _, rest = alert.partition("\n")
        yield f"the alert {name}", rest.partition("labels:")[0]


def check_expressions(known):
    types = {name: kind for name, (kind, _) in known.items()}
    shown = set()
    for where, what in [*panels(), *alerts()]:
        for name in NAME.findall(what):
            base = base_of(name, types)
            expect(base in known, f"{where}: there is no {name}")
            expect(base != name or types.get(name) != "histogram",
                   f"{where}: {name} is a histogram")
            if where.startswith("the panel"):
                shown.add(base)
    for name in known:
        expect(name in shown or name in NOT_SHOWN, f"no panel shows {name}")


def check_syntax():
    """What the panels ask for is PromQL: each passes as a rule."""
    rules = [{"record": f"panel:{number}", "expr": what}
             for number, (_, what) in enumerate(panels())]
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "panels.yml")
        # JSON is YAML.
        file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
        run("promtool", "check", "rules", str(file))


def check_provisioning():
    """The dashboard asks the data source that is provisioned."""
    source = (OBSERVE / "grafana/provisioning/datasources/prometheus.yml"
              ).read_text("utf-8")
    uid = re.search(r"uid: (\S+)", source)[1]
    board = (OBSERVE / "grafana/dashboards/coppice.json").read_text("utf-8")
    for each in re.findall(r'"datasource":\s*({[^}]*})', board):
        expect(json.loads(each)["uid"] == uid, f"no data source {each}")
    mounted = pathlib.Path("docker-compose.yml").read_text("utf-8")
    for path in re.findall(r"- (\./deploy/\S+?):", mounted):
        expect(pathlib.Path(path).exists(), f"docker-compose.yml: no {path}")


def run(tool, *args, text=None, directory=None):
    if shutil.which(tool) is None:
        missing.append(tool)
        return ""
    done = subprocess.run([tool, *args], input=text, cwd=directory, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8")
    expect(done.returncode == 0, f"{tool} {' '.join(args)}: {done.stdout}")
    return done.stdout


def main(binary):
    text = scraped(binary)
    known = metrics_in(text)
    expect(len(known) > 20, f"{len(known)} metrics only")
    check_page(known)
    check_expressions(known)
    check_syntax()
    check_provisioning()
    said = run("promtool", "check", "metrics", text=text)
    expect(not said, f"promtool check metrics: {said}")
    run("promtool", "check", "config", "prometheus.yml", directory=OBSERVE)
    run("promtool", "check", "rules", "alerts.yml", directory=OBSERVE)
    run("promtool", "test", "rules", "alerts_test.yml", directory=OBSERVE)
    composed = run("docker-compose", "--profile", "observe", "config",
                   "--services")
    expect(not composed or {"prometheus", "grafana", "coppice"}
           <= set(composed.split()), f"docker-compose has {composed.split()}")
    for failure in failures:
        print("not ok -", failure)
    if failures:
        return 1
    print("observe: ok" + "".join(f", without {tool}" for tool in
                                  sorted(set(missing))))
    # The compose file is looked at where compose is; nobody needs it to test.
    return 77 if "promtool" in missing else 0


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[2])
    os.chdir(sys.argv[1])
    sys.exit(main(program))
