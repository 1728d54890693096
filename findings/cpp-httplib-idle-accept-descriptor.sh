#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cpp-httplib 0.11.4, Debian 12's libcpp-httplib-dev 0.11.4+ds-1+deb12u1, on Linux: an HTTP server
# that nobody talks to holds one descriptor more than /proc/PID/fd shows. At the limit, open(2) in
# another thread of the process fails with EMFILE, though one number is not in use.
#
# Why: with the default settings (no idle interval) the library's thread waits in a blocking
# accept(2), and Linux reserves the descriptor of the next connection before it waits for it.
#
# Seen: "as it is: Too many open files, 1 of 32 descriptors free". With set_idle_interval(0, 100000)
# the thread waits in select(2), and none is free when open(2) fails.
#
# Needs apt-get and g++. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

version=0.11.4+ds-1+deb12u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "libcpp-httplib-dev=$version" "libcpp-httplib0.11=$version" >log 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done

cat >server.cpp <<'END'
#include <httplib.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

static constexpr int limit = 32;

// Opens until that fails, and says which numbers below the limit are free then.
static void fill(const char* when) {
  while (open("/dev/null", O_RDONLY) >= 0)
    ;
  const int error = errno;
  int free = 0;
  for (int fd = 0; fd < limit; ++fd)
    free += fcntl(fd, F_GETFD) < 0;
  std::printf("%s: %s, %d of %d descriptors free\n", when, std::strerror(error), free, limit);
}

int main(int argc, char**) {
  httplib::Server server;
  if (argc > 1)
    server.set_idle_interval(0, 100000);
  server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  while (!server.is_running())
    std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(500)); // now it waits for a client
  rlimit few{limit, limit};
  setrlimit(RLIMIT_NOFILE, &few);
  fill(argc > 1 ? "with an idle interval" : "as it is");
  server.stop();
  thread.join();
}
END
g++ -std=c++17 -Iroot/usr/include server.cpp -o server -Lroot/usr/lib/x86_64-linux-gnu \
  -lcpp-httplib -pthread 2>log || { cat log; exit 1; }
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
{ ./server; ./server idle; } | tee seen
diff seen - <<'END' || { echo 'it has changed'; exit 1; }
as it is: Too many open files, 1 of 32 descriptors free
with an idle interval: Too many open files, 0 of 32 descriptors free
END
