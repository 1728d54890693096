// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice_test {

/// What /proc tells about a process.

struct open_file {
  int number;
  std::string target;
  bool close_on_exec;
};

std::vector<open_file> open_files(pid_t pid);

/// Without those of the journal, which comes and goes at times of its own.
int count_open_files(pid_t pid);

int count_threads(pid_t pid);
double resident_mebibytes(pid_t pid);

/// Sockets on this machine that listen on this TCP port, IPv4 and IPv6.
int count_listening_sockets(std::uint16_t port);

/// How long until the kernel probes a silent IPv4 connection, seen from the end
/// with these ports; nothing if it does not.
std::optional<std::chrono::milliseconds> keepalive_due(std::uint16_t local_port,
                                                       std::uint16_t peer_port);

} // namespace coppice_test
