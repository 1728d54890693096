// SPDX-License-Identifier: BSD-3-Clause

#include "net/socket.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace coppice::net {

socket& socket::operator=(socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

socket::~socket() {
  close();
}

void socket::close() noexcept {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

socket checked(int fd, const char* call) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), call);
  return socket{fd};
}

} // namespace coppice::net
