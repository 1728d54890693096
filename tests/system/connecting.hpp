// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "deadline.hpp"

#include <cstdint>
#include <string>

namespace coppice_test {

struct connect_options {
  int receive_buffer = 0; ///< SO_RCVBUF of the socket; 0: the kernel's choice
  std::string from = {};  ///< address to come from; empty: the kernel's choice
};

/// A non-blocking socket whose connection is under way; -1 and errno on
/// failure. `host` is a numeric address, or `unix:PATH` (no port then).
int start_connect(const std::string& host, std::uint16_t port,
                  const connect_options& options = {});

/// Waits for a connection under way; 0 or the errno with which it failed.
int finish_connect(int fd, const deadline& end);

/// One attempt to connect; 0 or the errno with which it failed.
int connect_error(const std::string& host, std::uint16_t port,
                  milliseconds budget = patience);

/// True when connections are refused, at once or in a while.
bool eventually_refused(const std::string& host, std::uint16_t port);

/// A socket that listens on 127.0.0.1, for a server to be in the way of or to
/// be handed. Port 0 is the kernel's choice.
class listening_socket {
public:
  explicit listening_socket(std::uint16_t port = 0);
  ~listening_socket();
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;

  int fd() const {
    return fd_;
  }
  std::uint16_t port() const {
    return port_;
  }

private:
  int fd_;
  std::uint16_t port_ = 0;
};

} // namespace coppice_test
