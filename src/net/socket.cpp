#include "coppice/net/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coppice::net {

namespace {

template <class T>
T& as(sockaddr_storage& storage) {
  return reinterpret_cast<T&>(storage);
}

template <class T>
const T& as(const sockaddr_storage& storage) {
  return reinterpret_cast<const T&>(storage);
}

std::string explain(const endpoint& where, int error) {
  auto text = "cannot listen on " + to_string(where) + ": ";
  switch (error) {
  case EADDRINUSE:
    return text + "the port is taken; stop who has it or choose another port";
  case EACCES:
    return text + "ports below 1024 need privileges; choose a higher port";
  case EADDRNOTAVAIL:
    return text + "this machine has no such address";
  default:
    return text + std::strerror(error);
  }
}

} // namespace

// -- socket -------------------------------------------------------------------

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

// -- endpoint -----------------------------------------------------------------

struct endpoint_access {
  template <class F>
  static endpoint fill(F fn, int fd) {
    endpoint ep;
    ep.size_ = sizeof(ep.storage_);
    if (fn(fd, reinterpret_cast<sockaddr*>(&ep.storage_), &ep.size_) != 0)
      return {};
    return ep;
  }
};

std::optional<endpoint> endpoint::parse(std::string_view address,
                                        std::uint16_t port) {
  std::string text{address == "localhost" ? "127.0.0.1" : address};
  endpoint ep;
  if (auto& v4 = as<sockaddr_in>(ep.storage_);
      inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    ep.size_ = sizeof(v4);
    return ep;
  }
  if (auto& v6 = as<sockaddr_in6>(ep.storage_);
      inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    ep.size_ = sizeof(v6);
    return ep;
  }
  return {};
}

endpoint endpoint::local(int fd) {
  return endpoint_access::fill(::getsockname, fd);
}

endpoint endpoint::peer(int fd) {
  return endpoint_access::fill(::getpeername, fd);
}

std::uint16_t endpoint::port() const noexcept {
  return family() == AF_INET6 ? ntohs(as<sockaddr_in6>(storage_).sin6_port)
                              : ntohs(as<sockaddr_in>(storage_).sin_port);
}

std::string endpoint::address() const {
  char text[INET6_ADDRSTRLEN] = {};
  auto* raw
    = family() == AF_INET6
        ? static_cast<const void*>(&as<sockaddr_in6>(storage_).sin6_addr)
        : static_cast<const void*>(&as<sockaddr_in>(storage_).sin_addr);
  if (size_ == 0 || inet_ntop(family(), raw, text, sizeof(text)) == nullptr)
    return "unknown";
  return text;
}

bool endpoint::loopback() const noexcept {
  if (family() == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&as<sockaddr_in6>(storage_).sin6_addr);
  return ntohl(as<sockaddr_in>(storage_).sin_addr.s_addr) >> 24 == 127;
}

bool endpoint::any() const noexcept {
  if (family() == AF_INET6)
    return IN6_IS_ADDR_UNSPECIFIED(&as<sockaddr_in6>(storage_).sin6_addr);
  return as<sockaddr_in>(storage_).sin_addr.s_addr == htonl(INADDR_ANY);
}

std::string to_string(const endpoint& ep) {
  auto address = ep.address();
  if (ep.family() == AF_INET6)
    address = "[" + address + "]";
  return address + ":" + std::to_string(ep.port());
}

// -- opening ------------------------------------------------------------------

open_result listen_tcp(const endpoint& where, int backlog) {
  auto failed = [&] {
    auto error = errno;
    return open_result{{}, error, explain(where, error)};
  };
  socket sock{
    ::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!sock) {
    if (errno == EAFNOSUPPORT && where.family() == AF_INET6 && where.any())
      return listen_tcp(*endpoint::parse("0.0.0.0", where.port()), backlog);
    return failed();
  }
  int on = 1;
  int off = 0;
  ::setsockopt(sock.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (where.family() == AF_INET6)
    ::setsockopt(sock.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (::bind(sock.fd(), where.data(), where.size()) != 0
      || ::listen(sock.fd(), backlog) != 0)
    return failed();
  return {std::move(sock), 0};
}

} // namespace coppice::net
