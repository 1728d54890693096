#!/usr/bin/env python3
"""The pages say what is so: each example has its page, the page shows what the
program prints, and each rule that is named exists.

usage: docs_test.py SOURCE_ROOT BINARY [--update]

--update writes what the program prints into the pages.
"""

import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(```sh\ncoppice (lab run \S+)\n```\n\n```text\n)(.*?)(```\n)",
                   re.S)
RULES = re.compile(r"\brules? (\d+(?:(?:, | and | to |, and )\d+)*)", re.I)
CODE = re.compile(r"^```.*?^```$", re.S | re.M)
LINK = re.compile(r"\]\(([^)#:]+)[)#]")

failures = []


def expect(good, otherwise):
    if not good:
        failures.append(otherwise)


def rules_named_in(text):
    for numbers in RULES.findall(text):
        yield from map(int, re.findall(r"\d+", numbers))


def output(binary, command):
    return subprocess.run([binary, *command.split()], check=True, timeout=30,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


def check_examples(binary, update):
    names = sorted(f.stem for f in pathlib.Path("examples/lab").glob("*.json"))
    pages = sorted(f.stem for f in pathlib.Path("docs/lab").glob("*.md"))
    expect(names, "there are no examples")
    expect(names == pages, f"examples {names}, but pages {pages}")
    index = pathlib.Path("docs/lab.md").read_text("utf-8")
    for name in set(names) & set(pages):
        expect(f"](lab/{name}.md)" in index, f"docs/lab.md lacks {name}")
        page = pathlib.Path("docs/lab", name + ".md")
        text = page.read_text("utf-8")
        if update:
            text = BLOCK.sub(lambda m: m[1] + output(binary, m[2]) + m[4], text)
            page.write_text(text, "utf-8")
        shown = {command: block for _, command, block, _ in BLOCK.findall(text)}
        own = f"lab run examples/lab/{name}.json"
        expect(own in shown, f"{page} does not show coppice {own}")
        for command, block in shown.items():
            expect(output(binary, command) == block,
                   f"{page}: coppice {command} prints something else by now")
        expect(list(rules_named_in(text)), f"{page} names no rule")


def check_readme(binary):
    """The README shows some lines of what a command prints."""
    text = pathlib.Path("README.md").read_text("utf-8")
    shown = re.findall(r"```sh\nbuild/coppice (lab run \S+)\n```\n\n"
                       r"```text\n(.*?)```\n", text, re.S)
    expect(shown, "README.md shows nothing of coppice lab run")
    for command, block in shown:
        expect(block in output(binary, command),
               f"README.md: coppice {command} prints something else by now")


def check_index(binary):
    """The operations of docs/lab.md are those that the program knows."""
    text = pathlib.Path("docs/lab.md").read_text("utf-8")
    bad = {"name": "t", "supervisor": {"id": "t", "children": []},
           "steps": [{"op": "?"}]}
    said = subprocess.run([binary, "lab", "run", "/dev/stdin"], timeout=30,
                          input=json.dumps(bad), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8").stderr
    known = re.search(r"expected one of (.*), found", said)[1].split(", ")
    table = text.partition("| op | with |")[2]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.M)
    expect(sorted(known) == sorted(listed),
           f"docs/lab.md lists {sorted(listed)}, the program {sorted(known)}")


def check_rules():
    rules = pathlib.Path("docs/semantics.md").read_text("utf-8")
    there = list(map(int, re.findall(r"^\*\*(\d+)\.\*\* \S", rules, re.M)))
    expect(there == list(range(1, len(there) + 1)),
           "docs/semantics.md does not number its rules 1, 2, 3, …")
    scenarios = list(pathlib.Path("tests/conformance").glob("*/*.json"))
    expect(scenarios, "there are no scenarios")
    for file in scenarios:
        named = re.findall(r"^r(\d+)_", file.name)
        about = json.loads(file.read_text("utf-8")).get("about", "")
        for number in [*map(int, named), *rules_named_in(about)]:
            expect(number in there, f"{file}: there is no rule {number}")
        if named:
            expect(int(named[0]) in rules_named_in(about),
                   f"{file}: says nothing of rule {named[0]} in \"about\"")
    for file in [*pathlib.Path("docs").rglob("*.md"), pathlib.Path("README.md")]:
        for number in rules_named_in(file.read_text("utf-8")):
            expect(number in there, f"{file}: there is no rule {number}")


def check_conformance():
    """What the tables call a test is one, and the numbers are right."""
    text = pathlib.Path("docs/conformance.md").read_text("utf-8")
    folder = pathlib.Path("tests/conformance")
    for count, kind in re.findall(r"^\| (\d+) (binding|own) scenarios", text, re.M):
        under = folder / ("scenarios" if kind == "binding" else "own")
        expect(int(count) == len(list(under.glob("*.json"))),
               f"docs/conformance.md: there are not {count} {kind} scenarios")
    tests = set()
    for file in pathlib.Path("tests").rglob("*.cpp"):
        for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)",
                                      file.read_text("utf-8"), re.M):
            tests |= {suite, f"{suite}.*", f"{suite}.{name}"}
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| (\S[^|]*) \|$",
                      text.partition("## OTP's")[2], re.M)
    for ours, result in rows:
        if ours == "ours" or ours.startswith("---"):
            continue
        names = re.sub(r" \([^)]*\)", "", ours).split(", ")
        for name in names if names != ["–"] else []:
            there = (list(folder.glob(f"*/{name.rstrip('*')}*.json"))
                     if re.match(r"[rt]\d|ofa", name) else name in tests)
            expect(there, f"docs/conformance.md: there is no {name}")
        expect(re.match("passes|deviates|not re-created", result)
               and (names == ["–"]) == result.startswith("not re-created"),
               f"docs/conformance.md: {names} cannot be: {result}")
    expect(len(rows) > 80, f"docs/conformance.md: {len(rows)} rows only")


def check_tour(binary, update):
    """docs/supervision.md shows the example, and what it prints."""
    page = pathlib.Path("docs/supervision.md")
    source = pathlib.Path("examples/supervision/tour.cpp").read_text("utf-8")
    tour = pathlib.Path(binary).parent / "tests/example-supervision"
    said = subprocess.run([tour], check=True, timeout=30, encoding="utf-8",
                          stdout=subprocess.PIPE).stdout
    text = page.read_text("utf-8")
    for kind, content in (("cpp", source), ("text", said)):
        block = re.compile(rf"(```{kind}\n)(.*?)(```\n)", re.S)
        if update:
            text = block.sub(lambda m: m[1] + content + m[3], text, count=1)
            page.write_text(text, "utf-8")
        expect(block.search(text)[2] == content,
               f"{page}: the block of {kind} is not that of the example")


def check_listener(binary, update):
    """docs/listener.md shows the example, which does what the page says."""
    page = pathlib.Path("docs/listener.md")
    source = pathlib.Path("examples/listener/shout.cpp").read_text("utf-8")
    text = page.read_text("utf-8")
    block = re.compile(r"(```cpp\n)(.*?)(```\n)", re.S)
    if update:
        text = block.sub(lambda m: m[1] + source + m[3], text, count=1)
        page.write_text(text, "utf-8")
    expect(block.search(text)[2] == source, f"{page}: the program is another")
    program = pathlib.Path(binary).parent / "tests/example-listener"
    with subprocess.Popen([program], stdout=subprocess.PIPE,
                          encoding="utf-8") as server:
        host, port = server.stdout.readline().split()[-1].split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            stream = client.makefile("r", encoding="utf-8")
            client.sendall(b"hello\n")
            expect(stream.readline() == "HELLO\n", "shout does not shout")
            server.terminate()
            said = stream.readline()
            expect(said.strip() in text and said.strip(), f"{page} lacks {said!r}")
        expect(server.stdout.read() == "1 served\n", "shout did not serve one")
        expect(server.wait(30) == 0, f"shout ended with {server.returncode}")


def check_testing_kit(binary):
    """docs/testing-kit.md has a section for each example, shows pieces of it,
    and how a failure looks."""
    page = pathlib.Path("docs/testing-kit.md")
    text = page.read_text("utf-8")
    sources = {f.name: f.read_text("utf-8")
               for f in pathlib.Path("examples/testing").glob("*.cpp")}
    sections = dict(re.findall(r"^### [^\n]+\n\n\[(\S+\.cpp)\](.*?)(?=^##)", text,
                               re.M | re.S))
    expect(len(sources) == 8 and sources.keys() == sections.keys(),
           f"{page}: sections {sorted(sections)}, examples {sorted(sources)}")
    projects = (pathlib.Path("examples/testing/meson.build").read_text("utf-8"),
                pathlib.Path("tests/meson.build").read_text("utf-8"))
    for name, section in sections.items():
        blocks = re.findall(r"^```cpp\n(.*?)^```$", section, re.M | re.S)
        expect(blocks and all(b in sources.get(name, "") for b in blocks),
               f"{page}: the code of {name} is another by now")
        expect(all(name.removesuffix(".cpp") in each for each in projects),
               f"{name} is not built everywhere")
    linked = pathlib.Path("docs/fault-injection.md").read_text("utf-8")
    for title in re.findall(r"^### ([^\n]+)\n\n\[\S+\.cpp\]", text, re.M):
        expect(f"(testing-kit.md#{title.lower().replace(' ', '-')})" in linked,
               f"docs/fault-injection.md does not link to {title}")
    failing = pathlib.Path(binary).parent / "tests/testing-failing"
    said = subprocess.run([failing, "--gtest_filter=*UnderSomeSchedules"],
                          env=os.environ | {"COPPICE_TEST_SEED": "1"},
                          timeout=30, encoding="utf-8",
                          stdout=subprocess.PIPE).stdout
    shown = re.search(r"^```text\n(Value of.*?)^```$", text, re.M | re.S)[1]
    expect(shown in said, f"{page}: a failure looks different by now")


def check_driver_protocol(binary):
    """docs/driver-protocol.md has a driver that does what the page says."""
    page = pathlib.Path("docs/driver-protocol.md")
    text = page.read_text("utf-8")
    program = re.search(r"^```python\n(.*?)^```$", text, re.M | re.S)[1]
    folder, command = re.search(r"^```sh\ncd (\S+)\ncoppice (.*)\n```$", text,
                                re.M).groups()
    shown = re.search(r"^```text\n(.*?)^```$", text, re.M | re.S)[1]
    with tempfile.TemporaryDirectory() as name:
        driver = pathlib.Path(name, "my_driver.py")
        driver.write_text(program, "utf-8")
        words = [word.replace("my_driver.py", str(driver))
                 for word in shlex.split(command)]
        said = subprocess.run([binary, *words], cwd=folder, timeout=30,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              encoding="utf-8")
    expect(said.returncode == 0 and said.stdout == shown,
           f"{page}: the driver comes to something else: {said.stdout}")


def check_links():
    for file in [*pathlib.Path("docs").rglob("*.md"), pathlib.Path("README.md")]:
        prose = CODE.sub("", file.read_text("utf-8"))
        for target in LINK.findall(prose):
            expect((file.parent / target).exists(), f"{file}: no {target}")


def main(binary, update):
    check_examples(binary, update)
    check_readme(binary)
    check_index(binary)
    check_rules()
    check_conformance()
    check_tour(binary, update)
    check_listener(binary, update)
    check_testing_kit(binary)
    check_driver_protocol(binary)
    check_links()
    for failure in failures:
        print("not ok -", failure)
    print("docs:", "ok" if not failures else f"{len(failures)} not so")
    return 1 if failures else 0


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[2])
    os.chdir(sys.argv[1])
    sys.exit(main(program, "--update" in sys.argv[3:]))
