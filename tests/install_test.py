#!/usr/bin/env python3
"""Other people's projects find what was installed: the examples build against
it with Meson, with CMake and with a plain compiler line, and a server built so
serves. The kit is found by the project of docs/guide/testing-kit.md and by the
examples' own. As a subproject of Meson, coppice is configured, for lib64.

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
    headers = {p.parent.name for p in to.rglob("*.hpp")}
    if headers & {"admin", "commands", "journal", "lab", "nemesis"}:
        sys.exit(f"not ok - private headers are installed: {headers}")
    for kind in ("own/r*.json", "scenarios/t*.json", "golden/t*.jsonl"):
        if not list(to.rglob("coppice/conformance-kit/" + kind)):
            sys.exit(f"not ok - the conformance kit lacks {kind}")
    found = list(to.rglob("*.pc"))
    return dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent))


def project_of_the_page(root, folder):
    page = (root / "docs/guide/testing-kit.md").read_text("utf-8")
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


def sanitizers(options):
    """What a library with sanitizers asks of those who link it."""
    named = [o.split("=", 1)[1] for o in options if "b_sanitize" in o]
    return [f"-fsanitize={n}" for n in named if n != "none"]


def try_server(program):
    """Starts a server on a free port; its tree is to be seen."""
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
    finally:
        server.terminate()
        server.stdout.close()
    if answer.upper() != b"HELLO\n" or b"listener:" not in tree:
        sys.exit(f"not ok - {program} answered {answer!r}, its tree is {tree!r}")
    if server.wait(30) != 0:
        sys.exit(f"not ok - {program} ended with {server.returncode}")


def with_compiler(root, folder, env, flags):
    shown = run("pkg-config", "--cflags", "--libs", "coppice-server", env=env)
    program = folder / "hello"
    run(os.environ.get("CXX", "c++"), "-std=c++20", *flags,
        root / "examples/hello/hello.cpp", *shown.split(), "-o", program)
    return program


def check_needs(env):
    """A program that links the server needs nothing that only tests use."""
    shown = run("pkg-config", "--print-requires", "--print-requires-private",
                "--libs", "--static", "coppice-server", env=env)
    for unwanted in ("httplib", "gtest", "openssl", "ssl"):
        if unwanted in shown:
            sys.exit(f"not ok - coppice-server needs {unwanted}: {shown}")


def with_cmake(root, folder, env, flags):
    (folder / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.18)
project(shout CXX)
find_package(coppice 0.1 REQUIRED COMPONENTS server)
add_executable(shout {root}/examples/listener/shout.cpp)
target_compile_options(shout PRIVATE {" ".join(flags)})
target_link_options(shout PRIVATE {" ".join(flags)})
target_link_libraries(shout PRIVATE coppice::server)
""", "utf-8")
    prefix = next(where for where in pathlib.Path(env["PKG_CONFIG_PATH"]).parents
                  if (where / "share/cmake/coppice").is_dir())
    plain = {k: v for k, v in env.items() if k != "PKG_CONFIG_PATH"}
    run("cmake", "-S", folder, "-B", folder / "build",
        f"-DCMAKE_PREFIX_PATH={prefix}", env=plain)
    run("cmake", "--build", folder / "build", env=plain)
    return folder / "build/shout"


def with_meson(root, folder, env, options):
    (folder / "meson.build").write_text(f"""
project('hello', 'cpp', default_options: ['cpp_std=c++20'])
executable('talk', '{root}/examples/hello/talk.cpp',
  dependencies: dependency('coppice-server'))
""", "utf-8")
    run("meson", "setup", folder / "build", folder, *options, env=env)
    run("meson", "compile", "-C", folder / "build", env=env)
    return folder / "build/talk"


def as_subproject(root, folder):
    (folder / "subprojects").mkdir()
    (folder / "subprojects/coppice").symlink_to(root)
    (folder / "meson.build").write_text("""
project('mine', 'cpp', default_options: ['cpp_std=c++20'])
subproject('coppice')
executable('mine', 'mine.cpp', dependencies: dependency('coppice-server'))
""", "utf-8")
    (folder / "mine.cpp").write_text("int main() {}\n", "utf-8")
    run("meson", "setup", folder / "build", folder, "-Dlibdir=lib64")
    config = next((folder / "build").rglob("coppice-config.cmake"))
    if '/../../../lib64/pkgconfig:' not in config.read_text("utf-8"):
        sys.exit(f"not ok - {config} does not lead to lib64")


def try_servers(root, where, env, options):
    flags = sanitizers(options)
    for name, build in (("compiler", with_compiler), ("cmake", with_cmake)):
        folder = where / name
        folder.mkdir()
        program = build(root, folder, env, flags)
        try_server(program)
    folder = where / "meson"
    folder.mkdir()
    with_meson(root, folder, env, options)
    folder = where / "subproject"
    folder.mkdir()
    as_subproject(root, folder)


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
