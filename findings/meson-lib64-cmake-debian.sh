#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Meson 1.7.0-1 and CMake 3.31.6-2 of Debian 13, installed without recommended packages: a CMake
# package that a Meson project installs in get_option('libdir') / 'cmake' is not found by
# find_package, though CMAKE_PREFIX_PATH names the prefix.
#
# Why: Meson takes the libdir of Debian from dpkg-architecture. That program is in dpkg-dev, which
# the package of Meson only recommends. Without it Meson finds /usr/lib64 and takes lib64, which is
# what other distributions use; CMake, on Debian, looks in lib/<architecture>, lib and share, and
# not in lib64. With dpkg-dev, or with the file in share/cmake, it is found.
#
# Seen: `libdir: lib64`, "Could not find a package configuration file provided by \"thing\"".
#
# Needs root, debootstrap. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase trixie "$work/root" >"$work/log" 2>&1
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
get() {
  DEBIAN_FRONTEND=noninteractive chroot "$work/root" \
    apt-get -qq -y --no-install-recommends install "$@" >>"$work/log" 2>&1
}
get g++ meson=1.7.0-1 cmake=3.31.6-2

mkdir "$work/root/thing" "$work/root/user"
cat >"$work/root/thing/meson.build" <<'END'
project('thing', 'cpp')
install_data('thing-config.cmake', install_dir: get_option('libdir') / 'cmake' / 'thing')
END
echo 'set(thing_SEEN yes)' >"$work/root/thing/thing-config.cmake"
cat >"$work/root/user/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(user CXX)
find_package(thing REQUIRED)
END

try() { # NAME: installs in /NAME, and looks there
  chroot "$work/root" sh -c "
    meson setup /build-$1 /thing --prefix=/$1 >>/log && meson install -C /build-$1 >>/log
    meson configure /build-$1 | grep -ao '^ *libdir  *[^ ]*' || true
    cmake -G Ninja -S /user -B /user-$1 -DCMAKE_PREFIX_PATH=/$1 2>&1" || true
}

chroot "$work/root" sh -c '! command -v dpkg-architecture' >/dev/null
said=$(try without)
grep -ao 'libdir.*' <<<"$said" | head -n 1
grep -o 'Could not find a package configuration file provided by "thing"' <<<"$said" ||
  { echo "changed: $said"; exit 1; }
[ -e "$work/root/without/lib64/cmake/thing/thing-config.cmake" ] ||
  { echo 'changed: it is not in lib64'; exit 1; }

get dpkg-dev
said=$(try with)
grep -q 'Configuring done' <<<"$said" || { echo "changed with dpkg-dev, too: $said"; exit 1; }
echo 'as stated'
