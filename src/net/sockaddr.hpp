// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/socket.h>

namespace coppice::net {

/// The address in `storage` as one of its family, for instance `sockaddr_in`.
template <class T>
T& as(sockaddr_storage& storage) {
  return reinterpret_cast<T&>(storage);
}

template <class T>
const T& as(const sockaddr_storage& storage) {
  return reinterpret_cast<const T&>(storage);
}

} // namespace coppice::net
