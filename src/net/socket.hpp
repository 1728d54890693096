// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <utility>

namespace coppice::net {

/// Owns a file descriptor.
class socket {
public:
  socket() noexcept = default;

  explicit socket(int fd) noexcept : fd_(fd) {
    // nop
  }

  socket(socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {
    // nop
  }

  socket& operator=(socket&& other) noexcept;

  ~socket();

  /// The descriptor; -1 if there is none.
  int fd() const noexcept {
    return fd_;
  }

  explicit operator bool() const noexcept {
    return fd_ >= 0;
  }

  void close() noexcept;

private:
  int fd_ = -1;
};

/// Owns the descriptor that a call gave. Throws `std::system_error` with
/// `errno` if it gave none; `call` is its name.
socket checked(int fd, const char* call);

} // namespace coppice::net
