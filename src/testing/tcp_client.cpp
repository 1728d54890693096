// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/tcp_client.hpp"

#include "net/socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace coppice::testing {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t bytes_around = 16;

constexpr std::size_t buffer_bytes = 16 * 1024;

constexpr std::chrono::milliseconds between_looks{1};

std::string quoted(std::string_view bytes) {
  return ::testing::PrintToString(std::string{bytes});
}

std::string_view around(std::string_view text, std::size_t at) {
  auto from = at - std::min(at, bytes_around);
  return text.substr(from, at - from + bytes_around);
}

} // namespace

tcp_client::tcp_client(const net::endpoint& where,
                       std::chrono::milliseconds patience)
    : tcp_client(where, {}, patience) {
  // nop
}

tcp_client::tcp_client(const net::endpoint& where,
                       std::function<void()> meanwhile,
                       std::chrono::milliseconds patience)
    : patience_(patience),
      meanwhile_(std::move(meanwhile)),
      socket_(std::make_unique<net::socket>(::socket(
        where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))) {
  auto code = connect(where);
  if (code == 0)
    return;
  error_ = "cannot connect to " + to_string(where) + ": " + std::strerror(code);
  socket_->close();
}

tcp_client::tcp_client(tcp_client&&) noexcept = default;

tcp_client& tcp_client::operator=(tcp_client&&) noexcept = default;

tcp_client::~tcp_client() = default;

AssertionResult tcp_client::is_connected() const {
  if (*socket_)
    return AssertionSuccess();
  return AssertionFailure() << (error_.empty() ? "it is closed" : error_);
}

AssertionResult tcp_client::echoes(std::string_view data) {
  exchange what{data, data};
  run(what);
  return verdict(what);
}

AssertionResult tcp_client::echoes(std::size_t bytes) {
  std::string data;
  while (data.size() < bytes) {
    char line[32];
    std::snprintf(line, sizeof(line), "%07llu\n",
                  static_cast<unsigned long long>(next_line_++));
    data += line;
  }
  data.resize(bytes);
  return echoes(std::string_view{data});
}

AssertionResult tcp_client::sends(std::string_view data) {
  exchange what{data, {}};
  run(what);
  return verdict(what);
}

AssertionResult tcp_client::receives(std::string_view expected) {
  exchange what{{}, expected};
  run(what);
  return verdict(what);
}

std::string tcp_client::ask(std::string_view data) {
  return sends(data) ? receive(data.size()) : std::string{};
}

std::string tcp_client::receive_all() {
  return receive(std::string::npos);
}

std::string tcp_client::receive(std::size_t bytes) {
  std::string result;
  char buffer[buffer_bytes];
  auto how = standing::open;
  auto until = clock::now() + patience_;
  while (*socket_ && how == standing::open && result.size() < bytes)
    if (wait(POLLIN, until))
      result
        += read(buffer, std::min(sizeof(buffer), bytes - result.size()), how);
    else
      how = standing::late;
  ending_ = how == standing::ended   ? "eof"
            : how == standing::reset ? "reset"
            : how == standing::late  ? "timeout"
                                     : "";
  received_ += result.size();
  return result;
}

AssertionResult tcp_client::is_closed() {
  exchange what{{}, {}};
  auto until = clock::now() + patience_;
  while (what.how == standing::open && what.wrong.empty()) {
    if (!*socket_)
      return is_connected();
    if (!wait(POLLIN, until))
      what.how = standing::late;
    else
      receive_some(what);
  }
  if (!what.wrong.empty())
    return AssertionFailure() << "it still sends: " << quoted(what.wrong);
  if (what.how == standing::late)
    return AssertionFailure() << "the connection is still open";
  return AssertionSuccess();
}

void tcp_client::half_close() {
  ::shutdown(socket_->fd(), SHUT_WR);
}

void tcp_client::close() {
  socket_->close();
}

int tcp_client::fd() const noexcept {
  return socket_->fd();
}

// -- bytes --------------------------------------------------------------------

void tcp_client::run(exchange& what) {
  auto until = clock::now() + patience_;
  while (*socket_ && what.how == standing::open && what.wrong.empty()) {
    auto sending = !what.to_send.empty();
    auto receiving = what.have < what.expected.size();
    if (!sending && !receiving)
      return;
    if (!wait(static_cast<short>((sending ? POLLOUT : 0)
                                 | (receiving ? POLLIN : 0)),
              until))
      what.how = standing::late;
    if (receiving)
      receive_some(what);
    if (sending)
      send_some(what);
  }
}

// Returns an errno; 0: it is connected.
int tcp_client::connect(const net::endpoint& where) {
  auto until = clock::now() + patience_;
  while (::connect(socket_->fd(), where.data(), where.size()) != 0) {
    if (errno == EINPROGRESS)
      break;
    // Of a Unix socket: its queue is full, and nothing says when it is not.
    if (errno != EAGAIN)
      return errno;
    if (clock::now() >= until)
      return ETIMEDOUT;
    if (meanwhile_)
      meanwhile_();
    ::poll(nullptr, 0, static_cast<int>(between_looks.count()));
  }
  if (!wait(POLLOUT, until))
    return ETIMEDOUT;
  auto code = 0;
  socklen_t size = sizeof(code);
  ::getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

bool tcp_client::wait(short events, clock::time_point until) {
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0)
      return false;
    if (meanwhile_) {
      meanwhile_();
      left = std::min(left, between_looks);
    }
    if (is_ready(events, left))
      return true;
  }
}

bool tcp_client::is_ready(short events, std::chrono::milliseconds limit) const {
  pollfd entry{socket_->fd(), events, 0};
  return ::poll(&entry, 1, static_cast<int>(limit.count())) > 0;
}

void tcp_client::send_some(exchange& what) {
  auto count = ::send(socket_->fd(), what.to_send.data(), what.to_send.size(),
                      MSG_NOSIGNAL);
  if (count >= 0) {
    sent_ += static_cast<std::uint64_t>(count);
    what.to_send.remove_prefix(static_cast<std::size_t>(count));
  } else if (errno != EAGAIN && errno != EINTR && what.how == standing::open) {
    what.how = standing::reset;
  }
}

void tcp_client::receive_some(exchange& what) {
  char buffer[buffer_bytes];
  auto got = read(buffer, sizeof(buffer), what.how);
  auto wanted = what.expected.substr(what.have);
  auto differs
    = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
  auto good = static_cast<std::size_t>(differs.first - got.begin());
  what.have += good;
  received_ += good;
  if (good < got.size()) {
    what.wrong_at = what.have;
    what.wrong = around(got, good);
  }
}

// What there is; empty if there is nothing, or an end, which goes to `how`.
std::string_view tcp_client::read(char* buffer, std::size_t size,
                                  standing& how) const {
  auto count = ::recv(socket_->fd(), buffer, size, 0);
  if (count > 0)
    return {buffer, static_cast<std::size_t>(count)};
  if (count == 0)
    how = standing::ended;
  else if (errno != EAGAIN && errno != EINTR)
    how = standing::reset;
  return {};
}

AssertionResult tcp_client::verdict(const exchange& what) const {
  if (!*socket_)
    return is_connected();
  if (!what.wrong.empty())
    return AssertionFailure()
           << "byte " << what.wrong_at << " of " << what.expected.size()
           << " is another: expected "
           << quoted(around(what.expected, what.wrong_at)) << ", got "
           << quoted(what.wrong);
  auto missing = what.expected.size() - what.have;
  if (missing > 0)
    return AssertionFailure()
           << missing << " of " << what.expected.size()
           << " bytes did not come back: " << how_it_stands(what.how);
  if (!what.to_send.empty())
    return AssertionFailure()
           << what.to_send.size()
           << " bytes could not be sent: " << how_it_stands(what.how);
  return AssertionSuccess();
}

std::string tcp_client::how_it_stands(standing how) {
  switch (how) {
  case standing::open:
    return "the connection is open";
  case standing::ended:
    return "the other side has closed the connection";
  case standing::reset:
    return "the connection was reset";
  case standing::late:
    return "the connection is open, but nothing more happens";
  }
  return {};
}

} // namespace coppice::testing
