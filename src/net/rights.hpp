// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <vector>

namespace coppice::net {

/// Descriptors that go to another process with a message of a Unix socket.
/// Source: unix(7), SCM_RIGHTS.
class rights {
public:
  /// More than this the kernel does not pass at a time (SCM_MAX_FD).
  static constexpr std::size_t most = 253;

  /// At most `most` of them.
  explicit rights(const std::vector<int>& descriptors);

  /// Adds them to a message, which must not outlive this.
  void put_into(msghdr& what);

private:
  std::size_t size_; // of the descriptors, in bytes
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most * sizeof(int))> control_{};
};

} // namespace coppice::net
