// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"

#include "coppice/net/endpoint.hpp"
#include "net/socket.hpp"
#include "net/tls/channel.hpp"
#include "net/tls/client.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>

namespace coppice::admin {

using std::chrono::milliseconds;

namespace {

using steady = std::chrono::steady_clock;
using failure_kind = http_failure::kind;

constexpr std::string_view unix_mark = "unix:";
constexpr std::string_view https_mark = "https://";
constexpr std::string_view version = "HTTP/1.";

unexpected<http_failure> failed_to(failure_kind what, std::string text) {
  return unexpected{http_failure{what, std::move(text)}};
}

std::string errno_text(int error) {
  return std::strerror(error);
}

// `15 s`, `200 ms`
std::string text_of(milliseconds length) {
  return length % 1000 == milliseconds{}
           ? std::to_string(length.count() / 1000) + " s"
           : std::to_string(length.count()) + " ms";
}

// -- where it is --------------------------------------------------------------

std::string in_quotes(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, port);
  if (err != std::errc{} || rest != last || port == 0)
    return {};
  return port;
}

// What somebody may have meant that is no HOST:PORT.
std::string guess(std::string_view text) {
  for (std::string_view scheme : {std::string_view{"http://"}, https_mark})
    if (text.starts_with(scheme)) {
      auto rest = text.substr(scheme.size());
      rest = rest.substr(0, rest.find('/'));
      auto meant = parse_authority(rest) ? std::string{rest} : guess(rest);
      return meant.empty() || scheme != https_mark
               ? meant
               : std::string{https_mark} + meant;
    }
  if (text.starts_with('/'))
    return std::string{unix_mark} + std::string{text};
  if (parse_port(text))
    return "127.0.0.1:" + std::string{text};
  auto colons = std::ranges::count(text, ':');
  if (text.starts_with(':') && colons == 1 && parse_port(text.substr(1)))
    return "127.0.0.1" + std::string{text};
  if (colons == 0 && !text.empty())
    return std::string{text} + ":6060";
  if (colons > 1 && net::endpoint::parse(text, 0))
    return "[" + std::string{text} + "]:6060";
  return {};
}

bool can_be_host(std::string_view host) {
  return !host.empty() && host.size() < 256
         && std::ranges::all_of(host, [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || (c >= '0' && c <= '9')
                     || std::string_view{"._-%:"}.find(c)
                          != std::string_view::npos;
            });
}

unexpected<std::string> no_authority(std::string_view text) {
  auto result = in_quotes(text)
                + " is not HOST:PORT, https://HOST:PORT or "
                  "unix:PATH";
  if (auto meant = guess(text); !meant.empty())
    result += "; did you mean " + meant + "?";
  return unexpected{std::move(result)};
}

// -- the connection -----------------------------------------------------------

// Waits until `fd` is ready or `end` has come.
bool wait_for(int fd, short events, steady::time_point end) {
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(end - steady::now()).count();
    if (left <= 0)
      return false;
    pollfd ready{fd, events, 0};
    auto n = ::poll(&ready, 1, static_cast<int>(std::min<long>(left, 60'000)));
    if (n > 0)
      return true;
    if (n < 0 && errno != EINTR)
      return false;
  }
}

// The connection, or errno; ETIMEDOUT if there is none before `end`.
expected<net::socket, int> connect_to(const sockaddr* to, socklen_t size,
                                      steady::time_point end) {
  constexpr milliseconds try_again_after{10};
  net::socket fd{
    ::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd)
    return unexpected{errno};
  while (::connect(fd.fd(), to, size) != 0) {
    if (errno == EINPROGRESS || errno == EINTR) {
      if (!wait_for(fd.fd(), POLLOUT, end))
        return unexpected{ETIMEDOUT};
      break;
    }
    // Of a Unix socket: its queue is full, and nothing says when it is not.
    if (errno != EAGAIN)
      return unexpected{errno};
    if (steady::now() >= end)
      return unexpected{ETIMEDOUT};
    std::this_thread::sleep_for(try_again_after);
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0)
    return unexpected{error};
  return fd;
}

unexpected<http_failure> not_connected(int error, milliseconds limit,
                                       failure_kind if_late) {
  if (error == ETIMEDOUT)
    return failed_to(if_late, "no connection within " + text_of(limit));
  return failed_to(failure_kind::unreachable, errno_text(error));
}

expected<net::socket, http_failure> connect_to(const authority& where,
                                               milliseconds limit) {
  auto end = steady::now() + limit;
  if (!where.unix_path.empty()) {
    auto there = net::endpoint::unix_path(where.unix_path);
    if (!there)
      return failed_to(failure_kind::unreachable, "the path is too long");
    auto fd = connect_to(there->data(), there->size(), end);
    if (!fd) // its queue is full: somebody is there
      return not_connected(fd.error(), limit, failure_kind::silent);
    return std::move(*fd);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  auto port = std::to_string(where.port);
  if (auto error
      = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found);
      error != 0)
    return failed_to(
      failure_kind::unreachable,
      in_quotes(where.host) + ": "
        + (error == EAI_SYSTEM ? errno_text(errno) : ::gai_strerror(error)));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found,
                                                           &::freeaddrinfo};
  auto error = ECONNREFUSED;
  for (auto* each = found; each != nullptr; each = each->ai_next) {
    auto fd = connect_to(each->ai_addr, each->ai_addrlen, end);
    if (fd)
      return std::move(*fd);
    error = fd.error();
  }
  return not_connected(error, limit, failure_kind::unreachable);
}

// A connection whose bytes may be encrypted.
class line {
public:
  explicit line(net::socket sock) : sock_(std::move(sock)) {
    // nop
  }

  expected<void, http_failure> encrypt(const std::string& host,
                                       const net::tls_client& how,
                                       steady::time_point end) {
    tls_.emplace(how.open(host), sock_.fd());
    for (;;) {
      switch (tls_->shake_hands()) {
      case net::tls_channel::handshake::done:
        return {};
      case net::tls_channel::handshake::waits:
        if (!wait_for(sock_.fd(), tls_->output_blocked() ? POLLOUT : POLLIN,
                      end))
          return failed_to(failure_kind::silent,
                           "it does not answer the TLS handshake");
        break;
      case net::tls_channel::handshake::failed:
        if (auto why = net::tls_client::distrust(tls_->session()); !why.empty())
          return failed_to(failure_kind::distrusted, std::move(why));
        return failed_to(failure_kind::no_tls, tls_->problem());
      }
    }
  }

  bool send_all(std::string_view text, steady::time_point end) {
    while (!text.empty()) {
      auto n = tls_
                 ? tls_->transmit(text)
                 : ::send(sock_.fd(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n > 0)
        text.remove_prefix(static_cast<std::size_t>(n));
      else if (errno != EINTR
               && (errno != EAGAIN || !wait_for(sock_.fd(), POLLOUT, end)))
        return false;
    }
    return true;
  }

  ssize_t receive(std::span<char> into) {
    return tls_ ? tls_->receive(into)
                : ::recv(sock_.fd(), into.data(), into.size(), 0);
  }

  void wait_for_input(steady::time_point end) const {
    wait_for(sock_.fd(), POLLIN, end);
  }

private:
  net::socket sock_;
  std::optional<net::tls_channel> tls_;
};

// -- the answer ---------------------------------------------------------------

// Where the body begins; nothing if the head has not ended yet.
std::optional<std::size_t> end_of_head(std::string_view text) {
  auto end = text.find("\r\n\r\n");
  return end == text.npos ? std::nullopt : std::optional{end + 4};
}

char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The value of a header in the lines of a head.
std::optional<std::string_view> header(std::string_view head,
                                       std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != head.npos;) {
    auto begin = at + 2;
    at = head.find("\r\n", begin);
    auto line = head.substr(begin, at == head.npos ? at : at - begin);
    auto colon = line.find(':');
    if (colon != name.size()
        || !std::ranges::equal(line.substr(0, colon), name, {}, lower_letter,
                               lower_letter))
      continue;
    auto value = line.substr(colon + 1);
    auto first = value.find_first_not_of(" \t");
    return first == value.npos ? std::string_view{} : value.substr(first);
  }
  return {};
}

std::optional<std::uint64_t> body_length(std::string_view head) {
  auto text = header(head, "content-length");
  std::uint64_t result = 0;
  if (!text
      || std::from_chars(text->data(), text->data() + text->size(), result).ec
           != std::errc{})
    return {};
  return result;
}

// Whether a whole answer is there, so that nobody waits for the other side to
// close the connection.
bool is_whole(std::string_view text) {
  auto body = end_of_head(text);
  if (!body)
    return false;
  auto length = body_length(text.substr(0, *body));
  return length && text.size() - *body >= *length;
}

// Whether an answer can begin so.
bool may_be_http(std::string_view text) {
  auto size = std::min(version.size(), text.size());
  return text.substr(0, size) == version.substr(0, size);
}

http_failure late(const std::string& so_far, milliseconds limit) {
  return {failure_kind::silent,
          (so_far.empty() ? "no answer within " : "no whole answer within ")
            + text_of(limit)};
}

http_failure cut_off(const std::string& so_far, int error) {
  std::string text = error == ECONNRESET ? "it reset the connection"
                     : error == ECONNABORTED
                       ? "it ended the connection without a "
                         "close_notify of TLS"
                       : errno_text(error);
  return {failure_kind::broken,
          text + (so_far.empty() ? "" : " in the middle of its answer")};
}

expected<std::string, http_failure>
read_answer(line& from, const answer_bounds& bounds, steady::time_point end) {
  std::string result;
  std::array<char, 64 * 1024> piece;
  while (may_be_http(result) && !is_whole(result)) {
    if (steady::now() >= end)
      return unexpected{late(result, bounds.answer)};
    auto body = end_of_head(result);
    if (result.size() > (body ? *body + bounds.body_bytes : bounds.head_bytes))
      return failed_to(failure_kind::broken, "its answer is too large");
    auto n = from.receive(piece);
    if (n == 0)
      return result;
    if (n > 0)
      result.append(piece.data(), static_cast<std::size_t>(n));
    else if (errno != EAGAIN && errno != EINTR)
      return unexpected{cut_off(result, errno)};
    else
      from.wait_for_input(end);
  }
  return result;
}

} // namespace

expected<authority, std::string> parse_authority(std::string_view text) {
  if (text.starts_with(https_mark)) {
    auto rest = text.substr(https_mark.size());
    if (rest.ends_with('/'))
      rest.remove_suffix(1);
    if (rest.starts_with(unix_mark) || rest.starts_with(https_mark))
      return no_authority(text);
    auto result = parse_authority(rest);
    if (!result)
      return no_authority(text);
    result->tls = true;
    return result;
  }
  if (text.starts_with(unix_mark)) {
    auto path = text.substr(unix_mark.size());
    if (!net::endpoint::unix_path(path))
      return unexpected{in_quotes(text)
                        + " has no path of 1 to 107 bytes after unix:"};
    return authority{{}, 0, std::string{path}};
  }
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon == text.npos ? 0 : colon);
  auto in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets)
    host = host.substr(1, host.size() - 2);
  if (!can_be_host(host)
      || (!in_brackets && host.find(':') != std::string_view::npos))
    return no_authority(text);
  auto port = parse_port(text.substr(colon + 1));
  if (!port)
    return unexpected{in_quotes(text) + " is not HOST:PORT: "
                      + in_quotes(text.substr(colon + 1))
                      + " is no port from 1 to 65535"};
  return authority{std::string{host}, *port, {}};
}

std::string in_url(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~:/*@!$'(),;=";
  std::string result;
  for (auto c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || plain.find(c) != plain.npos)
      result += c;
    else
      result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

expected<http_answer, http_failure> parse_answer(std::string_view text) {
  auto body = end_of_head(text);
  if (text.empty())
    return failed_to(failure_kind::broken, "it closed the connection");
  if (!may_be_http(text))
    return failed_to(failure_kind::foreign, "its answer is not HTTP");
  if (!body)
    return failed_to(failure_kind::broken, "it gave half an answer");
  auto head = text.substr(0, *body);
  int status = 0;
  // `1 200`, with a blank or the end of the line behind it.
  auto after = head.substr(version.size());
  auto* first = after.data() + 2;
  if (after.size() < 6 || after[1] != ' '
      || std::from_chars(first, first + 3, status).ptr != first + 3
      || status < 100)
    return failed_to(failure_kind::foreign, "its answer is not HTTP");
  auto length = body_length(head);
  auto rest_of_text = text.substr(*body);
  if (length && rest_of_text.size() < *length)
    return failed_to(failure_kind::broken, "it gave half an answer");
  if (length)
    rest_of_text = rest_of_text.substr(0, *length);
  return http_answer{status, std::string{rest_of_text}};
}

expected<http_answer, http_failure> ask_http(const authority& where,
                                             const std::string& request,
                                             const answer_bounds& bounds,
                                             const net::tls_client_ptr& tls) {
  auto last = steady::now() + bounds.total;
  auto fd = connect_to(where, std::min(bounds.connect, bounds.total));
  if (!fd)
    return unexpected{fd.error()};
  auto end = std::min(steady::now() + bounds.answer, last);
  line to{*std::move(fd)};
  if (where.tls) {
    if (!tls)
      return failed_to(failure_kind::no_tls,
                       "it is not known which certificates to trust");
    if (auto encrypted = to.encrypt(where.host, *tls, end); !encrypted)
      return unexpected{std::move(encrypted.error())};
  }
  // A server that refuses a request may answer before it has read all of it.
  (void)to.send_all(request, end);
  auto text = read_answer(to, bounds, end);
  if (!text)
    return unexpected{text.error()};
  return parse_answer(*text);
}

} // namespace coppice::admin
