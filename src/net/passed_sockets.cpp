// SPDX-License-Identifier: BSD-3-Clause

#include "net/passed_sockets.hpp"

#include "net/socket.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace coppice::net {

namespace {

constexpr int first_descriptor = 3;
constexpr std::uint64_t most_sockets = 1024;
constexpr long pidfs = 0x50494446; // what statfs(2) says of a pidfd

using number = expected<std::optional<std::uint64_t>, std::string>;

// Nothing if the variable is not set.
number number_of(const char* variable) {
  auto* text = std::getenv(variable);
  if (text == nullptr)
    return std::optional<std::uint64_t>{};
  std::string_view view{text};
  std::uint64_t value = 0;
  auto [rest, err]
    = std::from_chars(view.data(), view.data() + view.size(), value);
  if (err != std::errc{} || rest != view.data() + view.size())
    return unexpected{std::string{variable} + " is \"" + text
                      + "\", which is no number; the program that starts this "
                        "one sets it"};
  return std::optional{value};
}

// The number of this process that is never used again; nothing on a kernel
// that has none (before 6.9).
std::optional<std::uint64_t> own_pidfd_id() {
  socket self{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  struct statfs kind {};
  struct stat found {};
  if (!self || ::fstatfs(self.fd(), &kind) != 0 || kind.f_type != pidfs
      || ::fstat(self.fd(), &found) != 0)
    return {};
  return found.st_ino;
}

// Whether the variables are for this process.
expected<bool, std::string> are_ours() {
  auto pid = number_of("LISTEN_PID");
  if (!pid)
    return unexpected{pid.error()};
  if (**pid != static_cast<std::uint64_t>(::getpid()))
    return false;
  auto id = number_of("LISTEN_PIDFDID");
  if (!id)
    return unexpected{id.error()};
  auto own = own_pidfd_id();
  return !*id || !own || **id == *own;
}

// Of a process that this one replaces; null: there is none.
std::unique_ptr<std::vector<passed_socket>> handed_over;

// Those there are, in order; a wrong number of them is no error.
void take_names(std::vector<passed_socket>& to) {
  auto* text = std::getenv("LISTEN_FDNAMES");
  std::string_view left{text == nullptr ? "" : text};
  for (auto& each : to) {
    auto colon = left.find(':');
    each.name = left.substr(0, colon);
    left.remove_prefix(colon == std::string_view::npos ? left.size()
                                                       : colon + 1);
  }
}

} // namespace

void set_passed_sockets(std::vector<passed_socket> sockets) {
  handed_over
    = std::make_unique<std::vector<passed_socket>>(std::move(sockets));
}

expected<std::vector<passed_socket>, std::string> passed_sockets() {
  if (handed_over)
    return *handed_over;
  std::vector<passed_socket> result;
  if (std::getenv("LISTEN_PID") == nullptr)
    return result;
  auto ours = are_ours();
  if (!ours)
    return unexpected{ours.error()};
  if (!*ours)
    return result;
  auto count = number_of("LISTEN_FDS");
  if (!count)
    return unexpected{count.error()};
  if (count->value_or(0) > most_sockets)
    return unexpected{"LISTEN_FDS is " + std::to_string(**count)
                      + ": that many sockets cannot be taken"};
  for (std::uint64_t i = 0; i < count->value_or(0); ++i) {
    auto fd = first_descriptor + static_cast<int>(i);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    result.push_back({fd, {}});
  }
  take_names(result);
  return result;
}

} // namespace coppice::net
