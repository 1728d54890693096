// SPDX-License-Identifier: BSD-3-Clause

#include "net/rights.hpp"

#include <cstring>

namespace coppice::net {

rights::rights(const std::vector<int>& descriptors)
    : size_(descriptors.size() * sizeof(int)) {
  if (size_ == 0)
    return;
  cmsghdr head{};
  head.cmsg_level = SOL_SOCKET;
  head.cmsg_type = SCM_RIGHTS;
  head.cmsg_len = CMSG_LEN(size_);
  std::memcpy(control_.data(), &head, sizeof(head));
  std::memcpy(control_.data() + CMSG_LEN(0), descriptors.data(), size_);
}

void rights::put_into(msghdr& what) {
  if (size_ == 0)
    return;
  what.msg_control = control_.data();
  what.msg_controllen = CMSG_SPACE(size_);
}

} // namespace coppice::net
