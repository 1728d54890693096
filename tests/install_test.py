#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Other people's projects find what was installed: a server builds against it
with the compiler line, the Meson and the CMake lines of docs/guide/server.md,
and each of the three serves, with its tree and its page. The kit is found by
the project of docs/guide/testing-kit.md, by the examples' own, and by CMake. By
the wrap file of docs/guide/server.md, coppice is a subproject of Meson.

usage: install_test.py SOURCE_ROOT BUILD_ROOT [MESON_OPTION...]
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

ONE = "01_the_worker_is_restarted"
LARGEST = "08_no_acknowledged_write_is_lost_under_the_monkey"


def run(*command, env=None, cwd=None):
    done = subprocess.run(command, env=env, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8",
                          timeout=600)
    if done.returncode != 0:
        sys.exit(f"not ok - {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def installed(build, to):
    """Installs, and gives the environment in which it is found there."""
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", to)
    headers = {p.parent.name for p in to.rglob("*.hpp")}
    if headers & {"admin", "commands", "journal", "lab", "nemesis"}:
        sys.exit(f"not ok - private headers are installed: {headers}")
    for kind in ("own/r*.json", "scenarios/t*.json", "golden/t*.jsonl"):
        if not list(to.rglob("coppice/conformance-kit/" + kind)):
            sys.exit(f"not ok - the conformance kit lacks {kind}")
    units = {unit.name for unit in to.rglob("systemd/system/*")}
    if units != {"coppice.service", "coppice.socket"}:
        sys.exit(f"not ok - the units are {units}")
    found = list(to.rglob("*.pc"))
    return dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent))


def block(root, page, kind):
    """The first block of that kind on a page of docs/guide."""
    text = (root / "docs/guide" / page).read_text("utf-8")
    return re.search(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)[1]


def project_of_the_page(root, folder):
    (folder / "meson.build").write_text(
        block(root, "testing-kit.md", "meson"), "utf-8")
    shutil.copy(root / "examples/testing" / (ONE + ".cpp"), folder)


def try_project(folder, env, options, test):
    build = folder / "build"
    run("meson", "setup", build, folder, "-Dwarning_level=3", "-Dwerror=true",
        *options, env=env)
    run("meson", "compile", "-C", build, test, env=env)
    said = run(build / test, env=env)
    if "[  PASSED  ]" not in said:
        sys.exit(f"not ok - {test}\n{said}")


def sanitizers(options):
    """What a library with sanitizers asks of those who link it."""
    named = [o.split("=", 1)[1] for o in options if "b_sanitize" in o]
    return [f"-fsanitize={n}" for n in named if n != "none"]


def try_server(program):
    """Starts a server on a free port; its tree and its page are to be seen."""
    server = subprocess.Popen(
        [program, "0", "--bind", "127.0.0.1", "--admin", "127.0.0.1:0",
         "--journal", "off", "--log-level", "off"],
        stdout=subprocess.PIPE, encoding="utf-8")
    try:
        first = server.stdout.readline()
        told = re.search(r"listening on 127.0.0.1:(\d+) .*admin at (http\S+)",
                         first)
        if not told:
            sys.exit(f"not ok - {program} said {first!r}")
        with socket.create_connection(("127.0.0.1", int(told[1])), 10) as client:
            client.sendall(b"hello\n")
            answer = client.recv(100)
        tree = urllib.request.urlopen(told[2] + "/tree", timeout=10).read()
        page = urllib.request.urlopen(urllib.request.Request(
            told[2] + "/", headers={"Accept": "text/html"}), timeout=10).read()
    finally:
        server.terminate()
        server.stdout.close()
    if answer != b"HELLO\n" or b'"shout/listener:shout"' not in tree:
        sys.exit(f"not ok - {program} answered {answer!r}, its tree is {tree!r}")
    if not page.startswith(b"<!doctype html>") or b"tree-panel" not in page:
        sys.exit(f"not ok - {program} has another page: {page[:1000]!r}")
    if server.wait(30) != 0:
        sys.exit(f"not ok - {program} ended with {server.returncode}")


def with_compiler(root, folder, env, options):
    line = block(root, "server.md", "sh")
    compiler = " ".join([os.environ.get("CXX", "c++"), *sanitizers(options)])
    run("sh", "-e", "-c", line.replace("c++", compiler, 1), env=env, cwd=folder)
    return folder / "shout"


def check_needs(env):
    """A program that links the server needs nothing that only tests use, and
    one that links the library nothing that only the server uses."""
    shown = run("pkg-config", "--print-requires", "--print-requires-private",
                "--libs", "--static", "coppice-server", env=env)
    for unwanted in ("httplib", "gtest"):
        if unwanted in shown:
            sys.exit(f"not ok - coppice-server needs {unwanted}: {shown}")
    folder = pathlib.Path(env["PKG_CONFIG_PATH"])
    server = (folder / "coppice-server.pc").read_text("utf-8")
    library = (folder / "coppice.pc").read_text("utf-8")
    for only_of_the_server in ("sqlite3", "prometheus"):
        if only_of_the_server not in server or only_of_the_server in library:
            sys.exit(f"not ok - {only_of_the_server} is not where it should be: "
                     f"{library}\n{server}")


def with_cmake(root, folder, env, options):
    """Without PKG_CONFIG_PATH; and with the testing kit."""
    flags = " ".join(sanitizers(options))
    text = block(root, "server.md", "cmake")
    wanted = text.replace("COMPONENTS server", "COMPONENTS server testing")
    assert wanted != text
    (folder / "CMakeLists.txt").write_text(wanted + f"""
add_executable(kit {root}/examples/testing/{ONE}.cpp)
target_link_libraries(kit PRIVATE coppice::testing gtest_main)
""", "utf-8")
    prefix = next(where for where in pathlib.Path(env["PKG_CONFIG_PATH"]).parents
                  if (where / "share/cmake/coppice").is_dir())
    plain = {k: v for k, v in env.items() if k != "PKG_CONFIG_PATH"}
    run("cmake", "-S", folder, "-B", folder / "build",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_FLAGS={flags}", env=plain)
    run("cmake", "--build", folder / "build", env=plain)
    if "[  PASSED  ]" not in run(folder / "build/kit"):
        sys.exit("not ok - the tests that CMake built do not pass")
    return folder / "build/shout"


def with_meson(root, folder, env, options):
    (folder / "meson.build").write_text(block(root, "server.md", "meson"),
                                        "utf-8")
    run("meson", "setup", folder / "build", folder, *options, env=env)
    run("meson", "compile", "-C", folder / "build", env=env)
    return folder / "build/shout"


def as_subproject(root, folder):
    """By the wrap file, but not from the net; for lib64, too. The program is
    compiled and not linked: that would build all of the library once more,
    minutes of CPU time (docs/internals/performance.md, Building)."""
    (folder / "subprojects").mkdir()
    (folder / "subprojects/coppice").symlink_to(root)
    (folder / "subprojects/coppice.wrap").write_text(
        block(root, "server.md", "ini"), "utf-8")
    (folder / "meson.build").write_text(block(root, "server.md", "meson"),
                                        "utf-8")
    build = folder / "build"
    run("meson", "setup", build, folder, "-Dlibdir=lib64",
        "-Dforce_fallback_for=coppice")
    run("ninja", "-C", build, "shout.p/shout.cpp.o")
    config = next(build.rglob("coppice-config.cmake"))
    if '/../../../lib64/pkgconfig:' not in config.read_text("utf-8"):
        sys.exit(f"not ok - {config} does not lead to lib64")


def folder_with_a_server(root, where, name):
    folder = where / name
    folder.mkdir()
    shutil.copy(root / "examples/listener/shout.cpp", folder)
    return folder


def try_servers(root, where, env, options):
    for name, build in (("compiler", with_compiler), ("cmake", with_cmake),
                        ("meson", with_meson)):
        folder = folder_with_a_server(root, where, name)
        try_server(build(root, folder, env, options))
    as_subproject(root, folder_with_a_server(root, where, "subproject"))


def main(root, build, options):
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        env = installed(build, where / "installed")
        check_needs(env)
        try_servers(root, where, env, options)
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
