// SPDX-License-Identifier: BSD-3-Clause

#include "net/socket_stage.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace coppice::net {

std::int64_t socket_stage::taken_by_peer() const noexcept {
  int unsent = 0;
  ::ioctl(socket_.fd(), SIOCOUTQ, &unsent);
  return static_cast<std::int64_t>(bytes_out_) - unsent;
}

void socket_stage::reset_on_close() noexcept {
  linger at_once{1, 0};
  ::setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

} // namespace coppice::net
