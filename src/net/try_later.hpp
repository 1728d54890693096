// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <cerrno>

namespace coppice::net {

/// Whether a call that failed with that errno may work later.
inline bool try_later(int error) noexcept {
  return error == EAGAIN || error == EINTR;
}

/// What recv(2) and send(2) return, and set, if they may work later.
inline ssize_t try_again() noexcept {
  errno = EAGAIN;
  return -1;
}

} // namespace coppice::net
