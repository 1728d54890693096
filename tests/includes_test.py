#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each C++ file includes the headers of what it uses.

usage: includes_test.py SOURCE_ROOT [--mend]

A header that only another one includes goes missing with the next compiler:
libstdc++'s <atomic> included <unistd.h> up to g++ 14. And several sources make
one unit, which hides what one of them forgot. So for the names below a file, or
a header of ours that it includes, has to include the header itself. --mend adds
what is missing.
"""

import pathlib
import re
import sys

FOLDERS = ("bench", "examples", "include", "src", "tests")

# What is used, by the header that has it. A pattern of system calls is preceded
# by the global scope.
CALLS = {
    "arpa/inet.h": "inet_ntop|inet_pton",
    "fcntl.h": "open|openat|fcntl",
    "poll.h": "poll|ppoll",
    "sys/epoll.h": "epoll_create1|epoll_ctl|epoll_wait",
    "sys/eventfd.h": "eventfd",
    "sys/ioctl.h": "ioctl",
    "sys/mman.h": "mmap|munmap",
    "sys/resource.h": "getrlimit|setrlimit|getrusage",
    "sys/signalfd.h": "signalfd",
    "sys/socket.h": "accept4?|bind|connect|getpeername|getsockname|getsockopt|"
                    "listen|recv|recvfrom|send|sendto|setsockopt|shutdown|"
                    "socket|socketpair",
    "sys/stat.h": "chmod|fstat|lstat|mkdir|mkfifo|stat|umask",
    "sys/wait.h": "waitpid",
    "unistd.h": "_exit|access|close|dup2?|execvp?|fork|fsync|ftruncate|getpid|"
                "getppid|getuid|geteuid|isatty|lseek|pipe2?|pread|pwrite|read|"
                "rmdir|setgid|setuid|sysconf|unlink|write",
}
NAMES = {
    "algorithm": "all_of|any_of|clamp|copy|copy_n|count|count_if|equal|fill|"
                 "find|find_if|for_each|lower_bound|max|max_element|min|"
                 "min_element|mismatch|none_of|partition|remove_if|reverse|"
                 "rotate|search|shuffle|sort|stable_partition|stable_sort|transform|upper_bound",
    "array": "array",
    "atomic": "atomic",
    "bit": "bit_cast|bit_width|countl_zero|countr_zero|popcount",
    "cerrno": None,
    "charconv": "from_chars|to_chars",
    "chrono": "chrono",
    "cmath": "ceil|floor|fmod|isfinite|isnan|llround|log|lround|pow|round|sqrt",
    "condition_variable": "condition_variable",
    "cstdint": "u?int(?:8|16|32|64)_t",
    "cstdlib": "abort|exit|free|getenv|strtod|strtol|strtoul|strtoull|system",
    "cstring": "memchr|memcmp|memcpy|memmove|memset|strcmp|strerror|strlen",
    "deque": "deque",
    "exception": "current_exception|exception|exception_ptr|rethrow_exception|"
                 "terminate",
    "filesystem": "filesystem",
    "fstream": "fstream|ifstream|ofstream",
    "functional": "function|reference_wrapper",
    "future": "async|future|promise",
    "iomanip": "setfill|setprecision|setw",
    "iostream": "cerr|cin|cout",
    "iterator": "back_inserter|distance|istreambuf_iterator|"
                "make_move_iterator|next|prev",
    "limits": "numeric_limits",
    "map": "map|multimap",
    "memory": "make_shared|make_unique|shared_ptr|unique_ptr|weak_ptr",
    "mutex": "lock_guard|mutex|scoped_lock|unique_lock",
    "numeric": "accumulate|gcd|iota",
    "optional": "nullopt|optional",
    "random": "mt19937|mt19937_64|random_device|uniform_int_distribution",
    "set": "set",
    "span": "span",
    "sstream": "istringstream|ostringstream|stringstream",
    "stdexcept": "invalid_argument|logic_error|out_of_range|runtime_error",
    "system_error": "errc|error_code|generic_category|system_category|"
                    "system_error",
    "thread": "jthread|this_thread|thread",
    "tuple": "make_tuple|tie|tuple",
    "unordered_map": "unordered_map",
    "variant": "get_if|holds_alternative|monostate|variant|visit",
    "vector": "vector",
}
# Whose definition stands in a second header, too.
ALSO = {"exception": ("stdexcept",), "system_error": ("charconv", "future"),
        "arpa/inet.h": ("netinet/in.h",), "sys/stat.h": ("fcntl.h",)}


def patterns():
    for header, names in CALLS.items():
        yield header, re.compile(rf"(?<![\w>])::(?:{names})\s*\(")
    for header, names in NAMES.items():
        yield header, re.compile(
            rf"\bstd::(?:{names})\b" if names else r"\berrno\b")


PATTERNS = dict(patterns())


def without_words(text):
    """The code alone: no comments, no strings."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return re.sub(r"//[^\n]*", "", text)


def included(file):
    return re.findall(r'^#\s*include [<"]([^>"]+)', file.read_text("utf-8"),
                      re.M)


def ours(root, file, name):
    for folder in (file.parent, root / "include", root / "src", root / "tests"):
        if (folder / name).is_file():
            return folder / name
    return None


def missing_in(root, file):
    have = set(included(file))
    for name in tuple(have):
        header = ours(root, file, name)
        if header:
            have.update(included(header))
    code = without_words(file.read_text("utf-8"))
    return [header for header, pattern in PATTERNS.items()
            if have.isdisjoint((header, *ALSO.get(header, ())))
            and pattern.search(code)]


def is_standard(name):
    return "/" not in name and not name.endswith(".h")


def is_of_the_system(name):
    return name.endswith(".h")


def add(file, header):
    """Into the group of its kind, which is sorted, or as a new last group."""
    lines = file.read_text("utf-8").split("\n")
    kind = is_standard if is_standard(header) else is_of_the_system
    found = [(i, m[1]) for i, line in enumerate(lines)
             if (m := re.match(r"#include <([^>]+)>", line)) and kind(m[1])]
    new = f"#include <{header}>"
    if found:
        before = [i for i, name in found if name > header]
        lines.insert(before[0] if before else found[-1][0] + 1, new)
    else:
        others = [i for i, line in enumerate(lines)
                  if line.startswith("#include")
                  or line.startswith("#pragma once")]
        last = others[-1]
        lines[last + 1:last + 1] = ["", new]
    file.write_text("\n".join(lines), "utf-8")


def main(root, mend):
    found = 0
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.[hc]pp")):
            for header in missing_in(root, file):
                found += 1
                if mend:
                    add(file, header)
                else:
                    print(f"{file.relative_to(root)}: uses <{header}>, "
                          "but does not include it")
    if found and not mend:
        print("tests/includes_test.py . --mend adds them")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), "--mend" in sys.argv[2:]))
