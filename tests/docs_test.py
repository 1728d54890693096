#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pages say what is so: each example has its page, the page shows what the
program prints, and each rule that is named exists.

usage: docs_test.py SOURCE_ROOT BINARY [--update]

--update writes what the program prints into the pages.
"""

import collections
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import layers_test  # noqa: E402

BLOCK = re.compile(r"(```sh\ncoppice (lab run \S+)\n```\n\n```text\n)(.*?)(```\n)",
                   re.S)
RULES = re.compile(r"\brules? (\d+(?:(?:, | and | to |, and )\d+)*)", re.I)
CODE = re.compile(r"^```.*?^```$", re.S | re.M)
LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
# What the text calls a file or folder of this repository. A word in capitals
# stands for something: tests/fuzz/NAME_fuzz.cpp.
PATH = re.compile(r"(?<![\w/.-])((?:src|include|tests|examples|bench|scripts|"
                  r"deploy|docs|subprojects)/[\w./*-]*\w/?)(?!\w*[*…{])")
PLACEHOLDER = re.compile(r"\b[A-Z]{4,}(?!\w*\.md)|\*")
SOURCES = ("src", "include", "tests", "examples", "bench", "scripts", "deploy",
           "docs", ".ci")

TEXT = (".build", ".cpp", ".hpp", ".json", ".md", ".py", ".sh", ".toml",
        ".yml", ".exs", ".escript", ".js", ".html", ".css")

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
    folder = pathlib.Path("docs/guide/lab")
    there = sorted(f.stem for f in folder.glob("[0-9]*.md"))
    expect(names, "there are no examples")
    expect(names == there, f"examples {names}, but pages {there}")
    for name in set(names) & set(there):
        page = folder / (name + ".md")
        text = page.read_text("utf-8")
        if update:
            text = BLOCK.sub(lambda m: m[1] + output(binary, m[2]) + m[4], text)
            page.write_text(text, "utf-8")
        shown = {command: block for _, command, block, _ in BLOCK.findall(text)}
        own = f"lab run {name.partition('_')[2]}"
        expect(own in shown, f"{page} does not show coppice {own}")
        for command, block in shown.items():
            expect(output(binary, command) == block,
                   f"{page}: coppice {command} prints something else by now")
        expect(list(rules_named_in(text)), f"{page} names no rule")


def check_tour_of_the_lab(binary):
    """docs/guide/tour.md shows some lines of what a command prints."""
    page = pathlib.Path("docs/guide/tour.md")
    text = page.read_text("utf-8")
    shown = re.findall(r"```sh\nbuild/coppice (lab run \S+)\n```\n\n"
                       r"```text\n(.*?)```\n", text, re.S)
    expect(shown, f"{page} shows nothing of coppice lab run")
    for command, block in shown:
        expect(block in output(binary, command),
               f"{page}: coppice {command} prints something else by now")


def check_operations(binary):
    """The operations of the page on the lab are those of the program."""
    page = pathlib.Path("docs/guide/lab/README.md")
    text = page.read_text("utf-8")
    bad = {"name": "t", "supervisor": {"id": "t", "children": []},
           "steps": [{"op": "?"}]}
    said = subprocess.run([binary, "lab", "run", "/dev/stdin"], timeout=30,
                          input=json.dumps(bad), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8").stderr
    known = re.search(r"expected one of (.*), found", said)[1].split(", ")
    table = text.partition("| op | with |")[2]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.M)
    expect(sorted(known) == sorted(listed),
           f"{page} lists {sorted(listed)}, the program {sorted(known)}")


def check_rules():
    rules = pathlib.Path("docs/reference/semantics.md").read_text("utf-8")
    there = list(map(int, re.findall(r"^\*\*(\d+)\.\*\* \S", rules, re.M)))
    expect(there == list(range(1, len(there) + 1)),
           "docs/reference/semantics.md does not number its rules 1, 2, 3, …")
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
    for file in pages():
        for number in rules_named_in(file.read_text("utf-8")):
            expect(number in there, f"{file}: there is no rule {number}")


def check_conformance():
    """What the tables call a test is one, and the numbers are right."""
    page = pathlib.Path("docs/internals/conformance.md")
    text = page.read_text("utf-8")
    folder = pathlib.Path("tests/conformance")
    for count, kind in re.findall(r"^\| (\d+) (binding|own) scenarios", text, re.M):
        under = folder / ("scenarios" if kind == "binding" else "own")
        expect(int(count) == len(list(under.glob("*.json"))),
               f"{page}: there are not {count} {kind} scenarios")
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
            expect(there, f"{page}: there is no {name}")
        expect(re.match("passes|deviates|not re-created", result)
               and (names == ["–"]) == result.startswith("not re-created"),
               f"{page}: {names} cannot be: {result}")
    expect(len(rows) > 80, f"{page}: {len(rows)} rows only")


def check_tour(binary, update):
    """docs/guide/supervision.md shows the example, and what it prints."""
    page = pathlib.Path("docs/guide/supervision.md")
    source = pathlib.Path("examples/supervision/tour.cpp").read_text("utf-8")
    tour = pathlib.Path(binary).parent / "tests/example-tour"
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


def check_programs(update):
    """docs/guide/programs.md shows the example."""
    page = pathlib.Path("docs/guide/programs.md")
    source = pathlib.Path("examples/process/shop.cpp").read_text("utf-8")
    text = page.read_text("utf-8")
    block = re.compile(r"(```cpp\n)(.*?)(```\n)", re.S)
    if update:
        text = block.sub(lambda m: m[1] + source + m[3], text, count=1)
        page.write_text(text, "utf-8")
    expect(block.search(text)[2] == source, f"{page}: the program is another")


def check_listener(binary, update):
    """docs/guide/listener.md shows the example, which does what it says."""
    page = pathlib.Path("docs/guide/listener.md")
    source = pathlib.Path("examples/listener/shout.cpp").read_text("utf-8")
    text = page.read_text("utf-8")
    block = re.compile(r"(```cpp\n)(.*?)(```\n)", re.S)
    if update:
        text = block.sub(lambda m: m[1] + source + m[3], text, count=1)
        page.write_text(text, "utf-8")
    expect(block.search(text)[2] == source, f"{page}: the program is another")
    program = pathlib.Path(binary).parent / "tests/example-shout"
    with subprocess.Popen([program, "0", "--bind", "127.0.0.1", "--admin", "off",
                           "--journal", "off", "--log-connections"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8") as server:
        host, port = re.search(r"listening on (\S+):(\d+)",
                               server.stdout.readline()).groups()
        with socket.create_connection((host, int(port)), timeout=30) as client:
            stream = client.makefile("r", encoding="utf-8")
            client.sendall(b"hello\n")
            expect(stream.readline() == "HELLO\n", "shout does not shout")
            server.terminate()
            said = stream.readline()
            expect(said.strip() in text and said.strip(), f"{page} lacks {said!r}")
        expect(server.stderr.read().count(" closed: ") == 1,
               "shout did not serve one")
        expect(server.wait(30) == 0, f"shout ended with {server.returncode}")


def check_server():
    """docs/guide/server.md shows the examples, and README the first of them."""
    sources = [file.read_text("utf-8")
               for file in sorted(pathlib.Path("examples/hello").glob("*.cpp"))]
    for name, wanted in (("docs/guide/server.md", sources),
                         ("README.md", sources[:1])):
        shown = re.findall(r"^```cpp\n(.*?)^```$",
                           pathlib.Path(name).read_text("utf-8"), re.M | re.S)
        expect(shown == wanted, f"{name}: the programs are others")


def check_testing_kit(binary):
    """docs/guide/testing-kit.md has a section for each example, shows pieces of
    it, and how a failure looks."""
    page = pathlib.Path("docs/guide/testing-kit.md")
    text = page.read_text("utf-8")
    sources = {f.name: f.read_text("utf-8")
               for f in pathlib.Path("examples/testing").glob("*.cpp")}
    sections = dict(re.findall(r"^### [^\n]+\n\n\[(\S+\.cpp)\](.*?)(?=^##)", text,
                               re.M | re.S))
    expect(len(sources) == 9 and sources.keys() == sections.keys(),
           f"{page}: sections {sorted(sections)}, examples {sorted(sources)}")
    projects = (pathlib.Path("examples/testing/meson.build").read_text("utf-8"),
                pathlib.Path("tests/meson.build").read_text("utf-8"))
    for name, section in sections.items():
        blocks = re.findall(r"^```cpp\n(.*?)^```$", section, re.M | re.S)
        expect(blocks and all(b in sources.get(name, "") for b in blocks),
               f"{page}: the code of {name} is another by now")
        expect(all(name.removesuffix(".cpp") in each for each in projects),
               f"{name} is not built everywhere")
    linked = pathlib.Path("docs/guide/faults.md").read_text("utf-8")
    for title in re.findall(r"^### ([^\n]+)\n\n\[\S+\.cpp\]", text, re.M):
        expect(f"(testing-kit.md#{title.lower().replace(' ', '-')})" in linked,
               f"docs/guide/faults.md does not link to {title}")
    failing = pathlib.Path(binary).parent / "tests/testing-failing"
    said = subprocess.run([failing, "--gtest_filter=*UnderSomeSchedules"],
                          env=os.environ | {"COPPICE_TEST_SEED": "1"},
                          timeout=30, encoding="utf-8",
                          stdout=subprocess.PIPE).stdout
    shown = re.search(r"^```text\n(Value of.*?)^```$", text, re.M | re.S)[1]
    expect(shown in said, f"{page}: a failure looks different by now")


def check_driver_protocol(binary):
    """docs/reference/driver-protocol.md has a driver that does what it says."""
    page = pathlib.Path("docs/reference/driver-protocol.md")
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


def pages():
    """Every page of the repository."""
    yield from pathlib.Path(".").glob("*.md")
    for folder in SOURCES:
        yield from pathlib.Path(folder).rglob("*.md")


def anchors(file):
    """The anchors of a page, made of its headings as GitHub makes them."""
    seen = collections.Counter()
    for heading in HEADING.findall(CODE.sub("", file.read_text("utf-8"))):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        yield slug + (f"-{seen[slug]}" if seen[slug] else "")
        seen[slug] += 1


def check_links():
    """Every link of every page leads to a file, and to a heading of it."""
    for file in pages():
        prose = CODE.sub("", file.read_text("utf-8"))
        for path, anchor in LINK.findall(prose):
            target = file.parent / path if path else file
            expect(target.exists(), f"{file}: no {path}")
            if anchor and target.suffix == ".md" and target.exists():
                expect(anchor in anchors(target), f"{file}: no {path}#{anchor}")


def check_indexes():
    """Each folder of docs has an index, which names all that is in it."""
    for folder in [p for p in pathlib.Path("docs").rglob("*") if p.is_dir()] + [
            pathlib.Path("docs")]:
        index = folder / "README.md"
        if not index.exists():
            expect(False, f"there is no {index}")
            continue
        linked = {path for path, _ in LINK.findall(index.read_text("utf-8"))}
        for each in folder.iterdir():
            if each != index and each.suffix != ".png":
                name = each.name + ("/README.md" if each.is_dir() else "")
                expect(name in linked, f"{index} does not name {name}")


def check_paths():
    """Every file that a page, a comment or a script names exists."""
    files = [file for folder in SOURCES
             for file in pathlib.Path(folder).rglob("*")
             if file.is_file() and file.suffix in (*TEXT, "")]
    files += map(pathlib.Path, ("Makefile", "docker-compose.yml", "README.md",
                                "CONTRIBUTING.md", "CHANGELOG.md"))
    for file in files:
        if "seeds" in file.parts:
            continue
        for path in PATH.findall(file.read_text("utf-8")):
            # Sources have paths of their own, and name only pages.
            if file.suffix != ".md" and not path.startswith("docs/"):
                continue
            if not PLACEHOLDER.search(path):
                expect(pathlib.Path(path).exists(), f"{file}: no {path}")


def check_walks():
    """In a row of a table that names one file and then functions, as the walks
    and the recipes do, these are in that file."""
    row = re.compile(r"^\|(?:[^|]*\|)? `([\w./-]+\.\w+)` \| (`[^|]+`) \|", re.M)
    found = 0
    for page in ("docs/internals/architecture.md", "CONTRIBUTING.md"):
        for path, names in row.findall(pathlib.Path(page).read_text("utf-8")):
            text = pathlib.Path(path)
            text = text.read_text("utf-8") if text.exists() else ""
            for name in re.findall(r"`([^`]+)`", names):
                found += 1
                expect(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text),
                       f"{page}: there is no {name} in {path}")
    expect(found > 100, f"the walks and the recipes name {found} functions only")


def check_floors():
    """The table of floors is that of the test which reads the includes."""
    page = pathlib.Path("docs/internals/architecture.md")
    floors = {}
    for floor, rooms in re.findall(r"^\| (\d) \| (`[^|]+`) \|",
                                   page.read_text("utf-8"), re.M):
        floors |= dict.fromkeys(re.findall(r"`(\w+)`", rooms), int(floor))
    known = [floors.keys() & rooms for rooms in layers_test.FLOORS]
    for rooms, there in zip(layers_test.FLOORS, known):
        expect(rooms == there, f"{page} lacks {sorted(rooms - there)}")
    numbers = [{floors[room] for room in rooms} for rooms in known]
    expect(all(len(each) == 1 for each in numbers)
           and sorted(map(min, numbers)) == list(map(min, numbers)),
           f"{page} has other floors than tests/layers_test.py")


def commands(binary):
    """(command, its help) of every command and subcommand."""
    waiting = [[]]
    while waiting:
        words = waiting.pop()
        said = output(binary, " ".join([*words, "--help"]))
        yield words, said
        # Under whatever heading; options have dashes and arguments capitals.
        for name in re.findall(r"^  ([a-z][a-z-]*)(?: |$)", said, re.M):
            waiting.append([*words, name])


def check_command_line(binary):
    """The list of commands names every one, the list of options every one."""
    listed = pathlib.Path("docs/reference/cli.md").read_text("utf-8")
    options = pathlib.Path("docs/reference/configuration.md").read_text("utf-8")
    known, number = set(), 0
    for words, said in commands(binary):
        if words:
            expect(f"`{' '.join(words)}" in listed,
                   f"docs/reference/cli.md does not name {' '.join(words)}")
        known |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said))
        number += 1
    expect(number > 40, f"only {number} commands were found")
    for option in known - {"--help", "--version"}:
        expect(re.search(rf"`{option}\b(?!-)", options),
               f"docs/reference/configuration.md does not name {option}")


def check_tree_keys():
    """The page on the tree file names every key that its reader asks for."""
    page = pathlib.Path("docs/reference/tree-file.md").read_text("utf-8")
    asked = re.compile(r"\b(?:text|texts|flag|whole|number|time|seconds|word|"
                       r"command|table|get|positive_time|signal_in|read_target)"
                       r"\((?:\*?\w+, )?\"([a-z_]+)\"")
    keys = {key for file in pathlib.Path("src/server/programs").glob("*.cpp")
            for key in asked.findall(file.read_text("utf-8"))}
    expect(len(keys) > 40, f"only {len(keys)} keys of the tree file were found")
    for key in sorted(keys):
        expect(re.search(rf"\b{key}\b", page),
               f"docs/reference/tree-file.md does not name {key}")


def check_environment():
    """The list of variables names every one that the sources read."""
    listed = pathlib.Path("docs/reference/configuration.md").read_text("utf-8")
    for folder in ("src", "include", "scripts"):
        for file in pathlib.Path(folder).rglob("*"):
            if not file.is_file():
                continue
            text = file.read_text("utf-8", errors="replace")
            read = re.findall(r"\"(COPPICE_[A-Z_]+)\"", text)
            read += re.findall(r"(?:getenv|number_of|folder)\(\"([A-Z_]+)\"",
                               text)
            if folder == "scripts":
                read += re.findall(r"\bCOPPICE_[A-Z_]+\b", text)
            for name in read:
                expect(f"`{name}`" in listed, "docs/reference/configuration.md"
                       f" does not name {name}, which {file} reads")


def main(binary, update):
    check_examples(binary, update)
    check_tour_of_the_lab(binary)
    check_operations(binary)
    check_rules()
    check_conformance()
    check_tour(binary, update)
    check_programs(update)
    check_listener(binary, update)
    check_server()
    check_testing_kit(binary)
    check_driver_protocol(binary)
    check_links()
    check_indexes()
    check_paths()
    check_walks()
    check_floors()
    check_command_line(binary)
    check_tree_keys()
    check_environment()
    for failure in failures:
        print("not ok -", failure)
    print("docs:", "ok" if not failures else f"{len(failures)} not so")
    return 1 if failures else 0


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[2])
    os.chdir(sys.argv[1])
    sys.exit(main(program, "--update" in sys.argv[3:]))
