# SPDX-License-Identifier: BSD-3-Clause
"""A Debian of its own, with systemd as its first process, in namespaces: what
happens there leaves no trace in its root file system, nor in this machine."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import threading
import time

# A writable layer in memory, devices that do no harm, and nothing of the kernel
# that could be changed. The net is a loopback.
BOOT = r"""
root=$1 shared=$2 group=$3
echo $$ >"$group/cgroup.procs"
exec unshare --mount --pid --net --ipc --uts --cgroup --fork --kill-child \
  --propagation private bash -ec '
  top=$2/top
  mount -t tmpfs tmpfs "$top"
  mkdir "$top/upper" "$top/work" "$top/root"
  mount -t overlay overlay "$top/root" \
    -o "lowerdir=$1,upperdir=$top/upper,workdir=$top/work"
  cd "$top/root"
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs tmpfs tmp
  mount -t tmpfs -o mode=755 tmpfs dev
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
  done
  mknod -m 666 dev/tty c 5 0
  ln -s /proc/self/fd dev/fd
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  mount --bind "$2" mnt
  ip link set lo up
  # Not chroot: no user namespace can be made under it, which the unit wants.
  pivot_root . .
  umount --lazy .
  cd /
  exec /usr/bin/env -i container=coppice-test LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd
  ' boot "$root" "$shared"
"""


class Failed(Exception):
    """Why a claim does not hold, in words for its reader."""


def until(seconds, probe, what):
    """What probe() returns, once that is true; Failed when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        threading.Event().wait(0.1)


def output(*command, timeout=120, **options):
    """Of a command that has to succeed."""
    done = subprocess.run([str(word) for word in command], timeout=timeout,
                          stdin=subprocess.DEVNULL, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options)
    if done.returncode:
        raise Failed(f"'{' '.join(map(str, command))[:200]}' exited with "
                     f"{done.returncode}: {(done.stderr + done.stdout)[-2000:]}")
    return done.stdout.strip()


class Machine:
    """Needs to be root. The folder SHARED is its /mnt."""

    def __init__(self, root, shared):
        hierarchy = output("findmnt", "-n", "-t", "cgroup2", "-o", "TARGET")
        self.group = pathlib.Path(hierarchy.splitlines()[0],
                                  f"coppice-test-{shared.name}")
        self.group.mkdir()
        (shared / "top").mkdir()
        self.process = subprocess.Popen(
            ["bash", "-ec", BOOT, "boot", root, shared, self.group],
            stdin=subprocess.DEVNULL, stdout=sys.stderr)
        self.init = None

    def __enter__(self):
        try:
            self.init = until(30, self.first_process, "a first process")
            until(120, lambda: self.asks("systemctl", "is-system-running")
                  in ("running", "degraded"), "systemd to be up")
        except Failed:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.process.kill()  # and with it all that runs there
        self.process.wait()
        for folder in [*sorted(self.group.glob("**/"), reverse=True)]:
            until(10, lambda folder=folder: self.removed(folder), "its group's end")

    @staticmethod
    def removed(folder):
        with contextlib.suppress(OSError):
            folder.rmdir()
        return not folder.exists()

    def first_process(self):
        """Once it is systemd."""
        if self.process.poll() is not None:
            raise Failed("the machine ended at once")
        pid = self.process.pid
        with contextlib.suppress(OSError, LookupError):
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
            child = int(children.read_text("ascii").split()[0])
            if pathlib.Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return child
        return None

    def command(self, *words):
        return ["nsenter", "--target", str(self.init), "--all", "--root",
                "--wd", "--", "/usr/bin/env", "-i", "LANG=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                *map(str, words)]

    def asks(self, *words):
        """What a command prints, whatever its exit code is."""
        return subprocess.run(
            self.command(*words), stdin=subprocess.DEVNULL, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
        ).stdout.strip()

    def run(self, *words):
        return output(*self.command(*words))

    def succeeds(self, *words):
        return subprocess.run(
            self.command(*words), stdin=subprocess.DEVNULL, timeout=120,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def echoes(self, port, count=1):
        """How many of COUNT connections, one after the other, get their echo."""
        script = (f'n=0; for ((i = 0; i < {count}; ++i)); do '
                  f'exec 3<>/dev/tcp/127.0.0.1/{port} || continue; '
                  'echo "hello $i" >&3; IFS= read -r -t 10 a <&3; exec 3>&-; '
                  '[ "$a" != "hello $i" ] || n=$((n + 1)); done; echo $n')
        return int(output(*self.command("bash", "-c", script)).split()[-1])
