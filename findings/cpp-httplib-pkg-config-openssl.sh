#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cpp-httplib 0.18.7, Debian 13's libcpp-httplib-dev 0.18.7-1+deb13u1: a server that sets the number
# of its threads, as the manual says (new_task_queue, ThreadPool), does not link with what
# `pkg-config --cflags --libs cpp-httplib` says. One with the default pool does.
#
# Why: the flags define CPPHTTPLIB_OPENSSL_SUPPORT, and since then the header's thread pool calls
# OPENSSL_thread_stop() in code that is compiled into the user's program, while OpenSSL stands in
# Requires.private alone, for static linking. It links with -lcrypto added.
#
# Seen: "undefined reference to symbol 'OPENSSL_thread_stop@@OPENSSL_3.0.0' ... DSO missing from
# command line". The package's 0.11.4 of Debian 12 links.
#
# Needs root, debootstrap. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase trixie "$work/root" >"$work/log" 2>&1
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get -qq -y --no-install-recommends install \
  g++ pkg-config libcpp-httplib-dev=0.18.7-1+deb13u1 >>"$work/log" 2>&1

cat >"$work/root/server.cpp" <<'END'
#include <httplib.h>

int main() {
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(4); };
  server.Get("/", [](const httplib::Request&, httplib::Response& out) {
    out.set_content("hello", "text/plain");
  });
  return server.bind_to_any_port("127.0.0.1") > 0 ? 0 : 1;
}
END
chroot "$work/root" sh -c '
  cd /
  flags=$(pkg-config --cflags --libs cpp-httplib)
  if g++ -O1 server.cpp -o server $flags -pthread 2>errors; then echo "changed: it links"; exit 1; fi
  grep -o "undefined reference to symbol .OPENSSL_thread_stop[^:]*" errors || { cat errors; exit 1; }
  g++ -O1 server.cpp -o server $flags -lcrypto -pthread && ./server && echo "as stated"'
