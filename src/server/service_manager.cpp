// SPDX-License-Identifier: BSD-3-Clause

#include "server/service_manager.hpp"

#include "net/rights.hpp"
#include "observe/printable.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace coppice {

namespace {

// The kernel passes no more at a time.
constexpr std::size_t sockets_a_message = net::rights::most;

std::string variable(const char* name) {
  auto* text = std::getenv(name);
  return text != nullptr ? text : "";
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t result = 0;
  auto* last = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), last, result);
  if (text.empty() || error != std::errc{} || rest != last)
    return {};
  return result;
}

std::optional<std::chrono::microseconds> watchdog_of_environment() {
  auto period = number(variable("WATCHDOG_USEC"));
  if (!period || *period == 0)
    return {};
  auto whose = variable("WATCHDOG_PID");
  if (!whose.empty() && number(whose) != static_cast<std::uint64_t>(::getpid()))
    return {};
  // Half the time, as sd_watchdog_enabled(3) advises.
  return std::chrono::microseconds{*period / 2};
}

// A path, or with an @ in front a name in the abstract namespace.
bool is_address(std::string_view text) {
  return text.size() > 1 && text.size() < sizeof(sockaddr_un::sun_path)
         && (text.front() == '/' || text.front() == '@');
}

} // namespace

service_manager::service_manager() {
  auto address = variable("NOTIFY_SOCKET");
  if (!is_address(address))
    return;
  socket_ = net::socket{
    ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  address_ = std::move(address);
  watchdog_ = watchdog_of_environment();
}

void service_manager::tell(const std::string& lines,
                           const std::string& status) const {
  send(lines + "STATUS=" + observe::printable(status), {});
}

void service_manager::store(const std::string& name,
                            const std::vector<net::socket>& sockets) const {
  std::vector<int> all;
  for (auto& each : sockets)
    all.push_back(each.fd());
  // Else systemd drops those that it can poll an error of.
  auto text = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + name;
  for (std::size_t i = 0; i < all.size(); i += sockets_a_message) {
    auto last = std::min(i + sockets_a_message, all.size());
    send(text, {all.begin() + static_cast<std::ptrdiff_t>(i),
                all.begin() + static_cast<std::ptrdiff_t>(last)});
  }
}

void service_manager::forget(const std::string& name) const {
  send("FDSTOREREMOVE=1\nFDNAME=" + name, {});
}

void service_manager::send(const std::string& text,
                           const std::vector<int>& sockets) const {
  if (!present())
    return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@')
    to.sun_path[0] = '\0';
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr what{};
  what.msg_name = &to;
  what.msg_namelen
    = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  what.msg_iov = &part;
  what.msg_iovlen = 1;
  net::rights passed{sockets};
  passed.put_into(what);
  ::sendmsg(socket_.fd(), &what, MSG_NOSIGNAL);
}

} // namespace coppice
