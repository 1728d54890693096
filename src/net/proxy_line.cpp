// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_line.hpp"

#include "net/peer.hpp"
#include "net/sockaddr.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace coppice::net {

using namespace std::string_view_literals;

namespace {

constexpr auto line_begin = "PROXY "sv;
constexpr std::size_t shortest_line = "PROXY UNKNOWN\r\n"sv.size();
constexpr std::size_t longest_line = 107;

// Reads a line from left to right. The first thing that is wrong ends it, and
// so does the end of the bytes: then nothing is wrong yet.
class line_reader {
public:
  explicit line_reader(std::string_view bytes)
      : line_(bytes.substr(0, longest_line)) {
    // A CR at its end could no longer be followed by LF.
    if (line_.size() == longest_line && line_[longest_line - 2] != '\r')
      line_.remove_suffix(1);
    rest_ = line_;
  }

  proxy_header read() {
    auto n = std::min(line_.size(), line_begin.size());
    if (line_.substr(0, n) != line_begin.substr(0, n))
      return proxy_header::absent();
    rest_.remove_prefix(n);
    proxy_info info;
    info.version = 1;
    if (read_into(info))
      return proxy_header::found(line_.size() - rest_.size(), std::move(info));
    if (!problem_.empty())
      return proxy_header::refused(problem_);
    auto wanted = line_.size() + (line_.ends_with('\r') ? 1 : 2);
    if (wanted > longest_line)
      return proxy_header::refused("the line is longer than 107 bytes");
    return proxy_header::needs(std::max(wanted, shortest_line));
  }

private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool read_into(proxy_info& info) {
    constexpr auto other = "the protocol is none of TCP4, TCP6 and UNKNOWN";
    if (rest_.empty())
      return false;
    if (rest_.front() == 'U')
      return literal("UNKNOWN", other) && unknown_end(other);
    if (!literal("TCP", other) || rest_.empty())
      return false;
    auto v6 = rest_.front() == '6';
    if (!literal(v6 ? "6" : "4", other) || !space(other))
      return false;
    sockaddr_storage source = {};
    sockaddr_storage destination = {};
    if (!address(v6, source, "source")
        || !address(v6, destination, "destination")
        || !port(v6, source, ' ', "source")
        || !port(v6, destination, '\r', "destination") || !line_feed())
      return false;
    info.source = to_peer(source);
    info.destination = to_peer(destination);
    return true;
  }

  // Exactly `text`.
  bool literal(std::string_view text, const char* problem) {
    auto n = std::min(text.size(), rest_.size());
    if (rest_.substr(0, n) != text.substr(0, n))
      return fail(problem);
    rest_.remove_prefix(n);
    return n == text.size();
  }

  bool space(const char* problem) {
    return word("", ' ', problem).has_value();
  }

  // The bytes up to `end`, all of them in `allowed`.
  std::optional<std::string_view> word(std::string_view allowed, char end,
                                       const std::string& problem) {
    auto n = rest_.find_first_not_of(allowed);
    if (n == std::string_view::npos)
      return {};
    if (rest_[n] != end) {
      auto bare_feed = rest_[n] == '\n' && end == '\r';
      auto early = rest_[n] == '\n' || rest_[n] == '\r';
      fail(bare_feed ? "the line does not end with CR LF"
           : early   ? "the line ends too early"
                     : problem);
      return {};
    }
    auto result = rest_.substr(0, n);
    rest_.remove_prefix(n + 1);
    return result;
  }

  bool address(bool v6, sockaddr_storage& storage, const char* whose) {
    auto problem = "the " + std::string{whose} + " address is no "
                   + (v6 ? "IPv6" : "IPv4") + " address";
    auto found
      = word(v6 ? "0123456789abcdefABCDEF:." : "0123456789.", ' ', problem);
    if (!found)
      return false;
    std::string text{*found};
    storage.ss_family = v6 ? AF_INET6 : AF_INET;
    auto* raw = v6 ? static_cast<void*>(&as<sockaddr_in6>(storage).sin6_addr)
                   : static_cast<void*>(&as<sockaddr_in>(storage).sin_addr);
    return inet_pton(storage.ss_family, text.c_str(), raw) == 1
           || fail(problem);
  }

  bool port(bool v6, sockaddr_storage& storage, char end, const char* whose) {
    auto problem = "the " + std::string{whose} + " port is no decimal number";
    auto text = word("0123456789", end, problem);
    if (!text)
      return false;
    if (text->empty())
      return fail(problem);
    if (text->size() > 1 && text->front() == '0')
      return fail("port " + std::string{*text} + " has a leading zero");
    std::uint16_t number = 0;
    auto* last = text->data() + text->size();
    if (std::from_chars(text->data(), last, number).ec != std::errc{})
      return fail("port " + std::string{*text} + " is out of range");
    auto& to = v6 ? as<sockaddr_in6>(storage).sin6_port
                  : as<sockaddr_in>(storage).sin_port;
    to = htons(number);
    return true;
  }

  // After the CR.
  bool line_feed() {
    return literal("\n", "the line does not end with CR LF");
  }

  // After UNKNOWN. The protocol wants a reader to ignore what is there.
  bool unknown_end(const char* problem) {
    if (rest_.empty())
      return false;
    if (rest_.front() == '\r') {
      rest_.remove_prefix(1);
      return line_feed();
    }
    if (rest_.front() != ' ')
      return fail(problem);
    auto end = rest_.find("\r\n");
    if (end == std::string_view::npos)
      return false;
    rest_.remove_prefix(end + 2);
    return true;
  }

  std::string_view line_; // the part of it that is there
  std::string_view rest_; // what is not read yet
  std::string problem_;
};

} // namespace

proxy_header read_proxy_line(std::string_view bytes) {
  return line_reader{bytes}.read();
}

} // namespace coppice::net
