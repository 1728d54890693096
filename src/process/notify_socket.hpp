// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

namespace coppice::process {

/// The socket that one program reports to. Source: sd_notify(3).
class notify_socket {
public:
  /// One line of what was sent: `READY`, `1`.
  using take = std::function<void(std::string_view key, std::string_view)>;

  /// Throws `std::system_error`.
  notify_socket();
  ~notify_socket();

  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;

  /// For NOTIFY_SOCKET.
  const std::string& address() const noexcept {
    return address_;
  }

  int descriptor() const noexcept {
    return fd_;
  }

  /// Takes what has arrived, at most 64 messages. What is not from a process of
  /// `user`, of ours, of root or of the session of `leader` is dropped.
  /// Descriptors are closed, which is the answer to BARRIER=1.
  void receive(uid_t user, pid_t leader, const take& fn);

private:
  bool receive_one(uid_t user, pid_t leader, const take& fn);

  int fd_;
  std::string address_;
};

} // namespace coppice::process
