#!/usr/bin/env python3
"""A stranger's Meson project finds what was installed, and tests with it: that
of docs/testing-kit.md, with one of the examples, and the examples' own.

usage: install_test.py SOURCE_ROOT BUILD_ROOT [MESON_OPTION...]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ONE = "01_the_worker_is_restarted"
LARGEST = "08_no_acknowledged_write_is_lost_under_the_monkey"


def run(*command, env=None):
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8",
                          timeout=600)
    if done.returncode != 0:
        sys.exit(f"not ok - {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def installed(build, to):
    """Installs, and gives the environment in which it is found there."""
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", to)
    # Not by PKG_CONFIG_SYSROOT_DIR, which would move a CAF elsewhere, too.
    found = list(to.rglob("*.pc"))
    for pc in found:
        pc.write_text(re.sub(r"^prefix=", f"prefix={to}",
                             pc.read_text("utf-8"), flags=re.M), "utf-8")
    headers = {p.parent.name for p in to.rglob("*.hpp")}
    if headers & {"admin", "commands", "journal", "lab", "nemesis"}:
        sys.exit(f"not ok - private headers are installed: {headers}")
    for kind in ("own/r*.json", "scenarios/t*.json", "golden/t*.jsonl"):
        if not list(to.rglob("coppice/conformance-kit/" + kind)):
            sys.exit(f"not ok - the conformance kit lacks {kind}")
    return dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent))


def project_of_the_page(root, folder):
    page = (root / "docs/testing-kit.md").read_text("utf-8")
    build_file = re.search(r"^```meson\n(.*?)^```", page, re.M | re.S)[1]
    (folder / "meson.build").write_text(build_file, "utf-8")
    shutil.copy(root / "examples/testing" / (ONE + ".cpp"), folder)


def try_project(folder, env, options, test):
    build = folder / "build"
    run("meson", "setup", build, folder, "-Dwarning_level=3", "-Dwerror=true",
        *options, env=env)
    run("meson", "compile", "-C", build, test, env=env)
    said = run(build / test, env=env)
    if "[  PASSED  ]" not in said:
        sys.exit(f"not ok - {test}\n{said}")


def main(root, build, options):
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        env = installed(build, where / "installed")
        mine = where / "mine"
        mine.mkdir()
        project_of_the_page(root, mine)
        try_project(mine, env, options, ONE)
        examples = where / "examples"
        shutil.copytree(root / "examples/testing", examples)
        try_project(examples, env, options, LARGEST)
    print("install: ok")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
