#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Meson 1.0.1-5, CMake 3.25.1-1 and pkgconf 1.8.1-1 of Debian 12: the pkg-config file that Meson
# generates for a static library serves a compiler's command line, and not CMake's
# pkg_check_modules, if that library uses another static one of which Meson knows by CMake.
#
# Why: Meson takes the other library from CMake by its path, and writes that path into Libs, behind
# -ltop. To FindPkgConfig only -l and -L are libraries. A path is an option, which
# IMPORTED_TARGET puts before the objects, where a linker needs nothing of an archive yet.
#
# Seen: `Libs: -L${libdir} -ltop /…/lib/liblow.a`, a program that links with
# $(pkg-config --libs top), and "undefined reference to `low'" with CMake.
#
# Needs root, debootstrap. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
debootstrap --variant=minbase bookworm "$root" >"$work/log" 2>&1
cp /etc/resolv.conf "$root/etc/resolv.conf"
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -qq -y --no-install-recommends install \
  gcc libc6-dev make meson=1.0.1-5 cmake=3.25.1-1 pkgconf=1.8.1-1 >>"$work/log" 2>&1

mkdir "$root/low" "$root/top" "$root/use"
echo 'int low(void) { return 1; }' >"$root/low/low.c"
cat >"$root/low/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(low C)
add_library(low STATIC low.c)
install(TARGETS low EXPORT low DESTINATION lib)
install(EXPORT low FILE low-config.cmake NAMESPACE low:: DESTINATION lib/cmake/low)
END
echo 'int low(void); int top(void) { return low(); }' >"$root/top/top.c"
echo 'int top(void);' >"$root/top/top.h"
cat >"$root/top/meson.build" <<'END'
project('top', 'c')
low = dependency('low', method: 'cmake', modules: 'low::low')
top = static_library('top', 'top.c', dependencies: low, install: true)
install_headers('top.h')
import('pkgconfig').generate(top, description: 'uses low')
END
printf '#include <top.h>\nint main(void) { return top() - 1; }\n' >"$root/use/use.c"
cat >"$root/use/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.18)
project(use C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(top REQUIRED IMPORTED_TARGET top)
add_executable(use use.c)
target_link_libraries(use PkgConfig::top)
END

within() {
  chroot "$root" env PKG_CONFIG_PATH=/prefix/lib/pkgconfig LC_ALL=C sh -ec "$1"
}
within 'cmake -S /low -B /low/b -DCMAKE_INSTALL_PREFIX=/prefix
        cmake --build /low/b && cmake --install /low/b
        meson setup /top/b /top --prefix=/prefix --libdir=lib -Dcmake_prefix_path=/prefix
        meson install -C /top/b' >>"$work/log" 2>&1
within 'grep ^Libs: /prefix/lib/pkgconfig/top.pc'
within 'gcc /use/use.c $(pkg-config --cflags --libs top) -o /by-hand && /by-hand' ||
  { echo 'changed: a command line does not link it, either'; exit 1; }
said=$(within 'cmake -S /use -B /use/b && cmake --build /use/b' 2>&1) &&
  { echo 'changed: CMake links it'; exit 1; }
grep -o "undefined reference to .low." <<<"$said" | sort -u ||
  { echo "changed: $said"; exit 1; }
echo 'as stated'
