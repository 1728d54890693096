// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/endpoint.hpp"

#include "net/sockaddr.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace coppice::net {

namespace {

// By the name of an interface or its number; 0: there is no such.
std::uint32_t scope_of(const std::string& text) {
  std::uint32_t number = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, number);
  if (err == std::errc{} && rest == last)
    return number;
  return ::if_nametoindex(text.c_str());
}

std::string scope_text(std::uint32_t scope) {
  char name[IF_NAMESIZE];
  return ::if_indextoname(scope, name) != nullptr ? name
                                                  : std::to_string(scope);
}

} // namespace

std::optional<endpoint> endpoint::parse(std::string_view address,
                                        std::uint16_t port) {
  // inet_pton would read up to it and overlook the rest.
  if (address.find('\0') != std::string_view::npos)
    return {};
  auto bracketed
    = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed)
    address = address.substr(1, address.size() - 2);
  std::string text{address == "localhost" ? "127.0.0.1" : address};
  endpoint ep;
  if (auto& v4 = as<sockaddr_in>(ep.storage_);
      !bracketed && inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    ep.size_ = sizeof(v4);
    return ep;
  }
  std::uint32_t scope = 0;
  if (auto percent = text.find('%'); percent != std::string::npos) {
    scope = scope_of(text.substr(percent + 1));
    if (scope == 0)
      return {};
    text.resize(percent);
  }
  if (auto& v6 = as<sockaddr_in6>(ep.storage_);
      inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope;
    ep.size_ = sizeof(v6);
    return ep;
  }
  return {};
}

std::optional<endpoint> endpoint::unix_path(std::string_view path) {
  endpoint ep;
  auto& un = as<sockaddr_un>(ep.storage_);
  if (path.empty() || path.size() >= sizeof(un.sun_path)
      || path.find('\0') != std::string_view::npos)
    return {};
  un.sun_family = AF_UNIX;
  path.copy(un.sun_path, path.size());
  ep.size_
    = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return ep;
}

endpoint endpoint::local(int fd) {
  endpoint ep;
  ep.size_ = sizeof(ep.storage_);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ep.storage_), &ep.size_)
      != 0)
    return {};
  return ep;
}

std::uint16_t endpoint::port() const noexcept {
  switch (family()) {
  case AF_INET:
    return ntohs(as<sockaddr_in>(storage_).sin_port);
  case AF_INET6:
    return ntohs(as<sockaddr_in6>(storage_).sin6_port);
  default:
    return 0;
  }
}

std::string endpoint::address() const {
  if (is_unix())
    return as<sockaddr_un>(storage_).sun_path;
  char text[INET6_ADDRSTRLEN] = {};
  auto* raw
    = family() == AF_INET6
        ? static_cast<const void*>(&as<sockaddr_in6>(storage_).sin6_addr)
        : static_cast<const void*>(&as<sockaddr_in>(storage_).sin_addr);
  if (size_ == 0 || inet_ntop(family(), raw, text, sizeof(text)) == nullptr)
    return "unknown";
  if (family() == AF_INET6)
    if (auto scope = as<sockaddr_in6>(storage_).sin6_scope_id; scope != 0)
      return text + ("%" + scope_text(scope));
  return text;
}

bool endpoint::loopback() const noexcept {
  if (is_unix())
    return true;
  if (family() == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&as<sockaddr_in6>(storage_).sin6_addr);
  return ntohl(as<sockaddr_in>(storage_).sin_addr.s_addr) >> 24 == 127;
}

bool endpoint::any() const noexcept {
  if (is_unix())
    return false;
  if (family() == AF_INET6)
    return IN6_IS_ADDR_UNSPECIFIED(&as<sockaddr_in6>(storage_).sin6_addr);
  return as<sockaddr_in>(storage_).sin_addr.s_addr == htonl(INADDR_ANY);
}

std::string to_string(const endpoint& ep) {
  auto address = ep.address();
  if (ep.is_unix())
    return "unix:" + address;
  if (ep.family() == AF_INET6)
    address = "[" + address + "]";
  return address + ":" + std::to_string(ep.port());
}

} // namespace coppice::net
