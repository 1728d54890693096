#pragma once

#include <sys/types.h>

#include <cstdint>
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
int count_open_files(pid_t pid);
int count_threads(pid_t pid);
double resident_mebibytes(pid_t pid);

/// Sockets on this machine that listen on this TCP port, IPv4 and IPv6.
int count_listening_sockets(std::uint16_t port);

} // namespace coppice_test
