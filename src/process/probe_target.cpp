// SPDX-License-Identifier: BSD-3-Clause

#include "process/probe_target.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace coppice::process {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view http_prefix = "http://";

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return c >= '0' && c <= '9'; })
         && std::stoi(std::string{text}) <= 65'535 && text != "0";
}

// `[::1]:80` has its host in brackets.
expected<probe_text, std::string> host_and_port(std::string_view text,
                                                std::string_view standard) {
  probe_text result;
  auto colon = text.rfind(':');
  if (auto bracket = text.rfind(']');
      bracket != std::string_view::npos && colon < bracket)
    colon = std::string_view::npos;
  result.host = text.substr(0, colon);
  result.port
    = colon == std::string_view::npos ? standard : text.substr(colon + 1);
  if (result.host.size() > 2 && result.host.front() == '['
      && result.host.back() == ']')
    result.host = result.host.substr(1, result.host.size() - 2);
  if (result.host.empty() || !is_port(result.port))
    return unexpected{std::string{"expected HOST:PORT, found \""}
                      + std::string{text} + "\""};
  return result;
}

expected<probe_text, std::string> parse_http(std::string_view text) {
  if (!text.starts_with(http_prefix))
    return unexpected{"expected http://HOST:PORT/PATH, found \""
                      + std::string{text} + "\""};
  auto rest = text.substr(http_prefix.size());
  auto slash = rest.find('/');
  auto host = rest.substr(0, slash);
  std::string path{slash == std::string_view::npos ? "/" : rest.substr(slash)};
  if (std::any_of(path.begin(), path.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
      }))
    return unexpected{std::string{"the path has a space or a control character "
                                  "in it"}};
  auto result = host_and_port(host, "80");
  if (result)
    result->request = "GET " + path + " HTTP/1.1\r\nHost: " + std::string{host}
                      + "\r\nUser-Agent: coppice\r\nConnection: close\r\n\r\n";
  return result;
}

} // namespace

expected<probe_text, std::string> parse_probe(std::string_view text,
                                              bool http) {
  if (http)
    return parse_http(text);
  if (!text.starts_with(unix_prefix))
    return host_and_port(text, "");
  probe_text result;
  result.unix_path = text.substr(unix_prefix.size());
  if (result.unix_path.empty()
      || result.unix_path.size() >= sizeof(sockaddr_un{}.sun_path))
    return unexpected{std::string{"the path of a Unix socket has 1 to 107 "
                                  "bytes"}};
  return result;
}

expected<probe_target, std::string> resolve(const probe_text& what) {
  probe_target result;
  result.request = what.request;
  if (!what.unix_path.empty()) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, what.unix_path.c_str(),
                what.unix_path.size() + 1);
    probe_target::address one{};
    std::memcpy(&one.name, &name, sizeof name);
    one.size = sizeof name;
    result.addresses.push_back(one);
    return result;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  auto error
    = ::getaddrinfo(what.host.c_str(), what.port.c_str(), &hints, &found);
  if (error != 0)
    return unexpected{"host \"" + what.host + "\": " + ::gai_strerror(error)};
  for (auto* each = found; each != nullptr; each = each->ai_next) {
    probe_target::address one{};
    std::memcpy(&one.name, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    result.addresses.push_back(one);
  }
  ::freeaddrinfo(found);
  return result;
}

} // namespace coppice::process
