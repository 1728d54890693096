#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# apt 2.6.1 (Debian 12; 3.0.4 of Debian 13 does the same): a package in a file, which is on this disk
# already, cannot be installed with --no-download.
#
# apt-get(8) says that --no-download forces apt "to use only the .debs it has already downloaded". With
# a package that is named by its file, by a relative or an absolute path, apt plans the installation,
# a simulation (-s) says that all is well, and then it ends with 100 and an internal error:
#
#   E: Internal Error, Pathname to install is not absolute 'tried_1_all.deb'
#
# Without the option the same command works, and takes nothing from any network.
#
# Needs apt-get and dpkg-deb. Nothing is installed: dpkg is /bin/true, and apt has a root of its own.
# Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq apt=2.6.1 libapt-pkg6.0=2.6.1 >log 2>&1
for package in ./*.deb; do dpkg -x "$package" tool; done
rm ./*.deb
export LD_LIBRARY_PATH=$work/tool/usr/lib/x86_64-linux-gnu

mkdir -p package/DEBIAN root/etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d} \
  root/var/lib/dpkg root/var/lib/apt/lists/partial root/var/cache/apt/archives/partial root/var/log/apt
touch root/etc/apt/sources.list root/var/lib/dpkg/status
cat >package/DEBIAN/control <<'END'
Package: tried
Version: 1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: an empty package
END
dpkg-deb -b package tried.deb >log

try() { # OPTION... : what apt says last, and its exit code
  local code=0
  "$work/tool/usr/bin/apt-get" -y -o Dir="$work/root" \
    -o Dir::State::status="$work/root/var/lib/dpkg/status" \
    -o Dir::Bin::methods="$work/tool/usr/lib/apt/methods" -o Dir::Bin::dpkg=/bin/true \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@" install ./tried.deb >log 2>&1 || code=$?
  echo "$code: $(grep -E '^(E|Inst|Setting up|W: APT had planned)' log | tail -n 1)"
}

expect() { # WHAT SEEN BEGINNING
  printf '%-24s %s\n' "$1" "$2"
  [[ $2 == "$3"* ]] || { echo "this has changed; it was $3"; exit 1; }
}

"$work/tool/usr/bin/apt-get" --version | sed -n 1p
expect 'without the option' "$(try)" '0: '
expect 'a simulation with it' "$(try -s --no-download)" '0: Inst tried'
expect 'with it' "$(try --no-download)" \
  "100: E: Internal Error, Pathname to install is not absolute 'tried_1_all.deb'"
echo 'as described'
