#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What coppice has for the shell works: bash completes with it, the scripts for
zsh and fish parse, and the man pages have no faults, each where there is a
program to say so.

usage: shell_test.py COPPICE FOLDER_WITH_MAN_PAGES
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

failures = []


def expect(holds, text):
    if not holds:
        failures.append(text)


def run(*command, **options):
    done = subprocess.run(command, encoding="utf-8", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


def script_for(binary, shell):
    code, text, error = run(binary, "completion", shell)
    expect(code == 0 and text and not error, f"completion {shell}: {error}")
    return text


def completed(script, *words):
    """What bash makes of the last of the words."""
    code, out, error = run(
        "bash", "-uc", script + 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        '_coppice\nprintf "%s\\n" "${COMPREPLY[@]-}"', "bash", "coppice", *words)
    expect(code == 0 and not error, f"bash: {words}: {error}")
    return set(out.split())


def check_bash(binary):
    script = script_for(binary, "bash")

    def expect_completed(words, wanted):
        got = completed(script, *words)
        expect(got == wanted, f"bash: {words} becomes {sorted(got)}, not "
               f"{sorted(wanted)}")

    expect_completed(["se"], {"serve"})
    expect_completed(["st"], {"start", "status", "stop"})
    expect_completed(["man"], set())
    expect_completed(["fault", "s"], {"seed", "set", "stall", "suspend"})
    expect_completed(["serve", "--topology", ""], {"linked", "supervised"})
    expect_completed(["serve", "--topology", "linked", "--prot"], {"--protocol"})
    expect_completed(["kill", "--rea"], {"--reason"})
    expect_completed(["fault", "set", "--a"], {"--admin", "--admin-ca"})
    expect_completed(["kill", "--token-file", ""], set())  # files
    expect_completed(["kill", ""], set())
    expect_completed(["completion", ""], {"bash", "fish", "zsh"})
    expect({"tree", "lab"} <= completed(script, ""), "bash: no commands")
    expect(not completed(script, "tree", "kill"), "bash: tree has a command")
    # As the shell itself finds it.
    code, out, error = run(
        "bash", "-c", script + "complete -p coppice")
    expect(code == 0 and "-F _coppice coppice" in out, f"bash: {out}{error}")


def check_others(binary):
    for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
        script = script_for(binary, shell)
        expect("'\n'" not in script, f"{shell}: a line breaks")
        if not shutil.which(shell):
            print(f"{shell} is not here: its script is not checked")
            continue
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(script)
            file.flush()
            code, out, error = run(*check, file.name)
        expect(code == 0 and not out + error, f"{shell}: {out}{error}")


def check_pages(binary, folder):
    listed = re.findall(r"^  (\w+)  ", run(binary, "--help")[1], re.M)
    expect(len(listed) > 20, f"--help lists {listed}")
    pages = {page.name for page in folder.glob("coppice*.1")}
    wanted = {"coppice.1"} | {f"coppice-{name}.1" for name in listed}
    expect(pages == wanted, f"man pages: {sorted(pages ^ wanted)} do not fit")
    for name in sorted(pages):
        page = folder / name
        if shutil.which("groff"):
            code, text, error = run("groff", "-man", "-ww", "-Tutf8",
                                    "-rLL=80n", "-P-cbou", str(page))
            expect(code == 0 and not error, f"{name}: {error}")
            expect("\nEXIT STATUS\n" in text, f"{name}: no exit status")
        if shutil.which("mandoc"):
            code, out, error = run("mandoc", "-Tlint", "-Wwarning", str(page))
            expect(code == 0, f"{name}: {out}{error}")
    kill = (folder / "coppice-kill.1").read_text("utf-8")
    for part in (r"\fB\-\-reason\fR", r"coppice\-kill \- ", ".BR coppice (1)"):
        expect(part in kill, f"coppice-kill.1 lacks {part}")


def main(binary, folder):
    check_bash(binary)
    check_others(binary)
    check_pages(binary, folder)
    for failure in failures:
        print("not ok -", failure)
    if not failures:
        print("shell: ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])))
