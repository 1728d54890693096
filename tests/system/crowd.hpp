// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server_process.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coppice_test {

/// A crowd of clients in one thread: each says a line of its own and waits for
/// it to come back; then, when all are connected and served, again.
class epoll_crowd {
public:
  epoll_crowd(const server_process& server, int size);
  ~epoll_crowd();
  epoll_crowd(const epoll_crowd&) = delete;
  epoll_crowd& operator=(const epoll_crowd&) = delete;

  /// Connects all; each has echoed once afterwards.
  void connect_all();
  /// All say a line at once; each has come back afterwards.
  void another_round();
  /// All close their connections, in order or by a reset.
  void close_all();
  void reset_all();

private:
  struct member {
    int fd = -1;
    std::string expected;
    std::string got;
  };

  void start(std::size_t number);
  void say(std::size_t number);
  void hear(std::size_t number);
  void watch(std::size_t number, std::uint32_t events, int operation);
  void handle_events();
  [[noreturn]] void fail(std::size_t number, int error);

  const server_process& server_;
  int epoll_;
  std::vector<member> members_;
  int round_ = 0;
  std::size_t answered_ = 0;
  deadline end_{milliseconds(80'000)};
};

/// Raises the limit of this process as high as it may be; false if that is
/// less than `files`.
bool enough_files(rlim_t files);

} // namespace coppice_test
