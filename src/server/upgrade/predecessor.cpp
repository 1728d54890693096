// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/predecessor.hpp"

#include "net/passed_sockets.hpp"
#include "server/upgrade/start_program.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace coppice::upgrade {

using namespace std::chrono_literals;

namespace {

// For the first message, which is sent right after the start.
constexpr auto greeting_limit = 10s;

// The other process keeps the time; this is for one that is stopped.
constexpr auto beyond_limit = 30s;

// How long one that wants fresh numbers waits for them. What a client saw there
// must not be more than what it sees here, so it is rather long.
constexpr auto numbers_limit = 2s;

// Nothing if it is no socket of this process.
net::socket channel_of(std::string_view text) {
  int fd = -1;
  auto [rest, wrong]
    = std::from_chars(text.data(), text.data() + text.size(), fd);
  int type = 0;
  socklen_t size = sizeof(type);
  if (wrong != std::errc{} || rest != text.data() + text.size()
      || ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0
      || type != SOCK_STREAM)
    return net::socket{};
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return net::socket{fd};
}

expected<std::shared_ptr<predecessor>, std::string> find() {
  auto* text = std::getenv(channel_variable);
  if (text == nullptr)
    return nullptr;
  auto sock = channel_of(text);
  ::unsetenv(channel_variable); // not for children of this process
  if (!sock)
    return unexpected{std::string{channel_variable}
                      + " is set, and names no connection to a process; it is "
                        "for coppice upgrade alone: unset it"};
  channel to{std::move(sock)};
  auto first = to.wait(greeting_limit);
  auto refuse = [](const std::string& why) {
    return unexpected{"the process that is to be replaced: " + why};
  };
  if (!first)
    return refuse(first.error());
  if (!*first)
    return refuse("it says nothing");
  auto given = read_handover(*std::move(*first));
  if (!given)
    return refuse(given.error());
  return std::make_shared<predecessor>(std::move(to), *std::move(given));
}

} // namespace

expected<std::shared_ptr<predecessor>, std::string> predecessor::meet() {
  static auto result = find();
  return result;
}

predecessor::predecessor(channel to, handover given)
    : channel_(std::move(to)), given_(std::move(given)) {
  view_.pid = given_.pid;
  view_.version = given_.version;
  if (given_.sockets.empty())
    return;
  static std::vector<net::socket> for_ever; // as those of a service manager
  std::vector<net::passed_socket> passed;
  for (auto& each : given_.sockets) {
    passed.push_back({each.sock.fd(), each.name});
    for_ever.push_back(std::move(each.sock));
  }
  net::set_passed_sockets(std::move(passed));
}

// -- the start ----------------------------------------------------------------

void predecessor::say_failed(const std::string& why) {
  (void)send(channel_, word{words::failed, {why}});
}

expected<void, std::string>
predecessor::wait_for_go(const std::vector<std::string>& listeners,
                         bool admin) {
  word ready{words::ready, listeners};
  if (admin)
    ready.texts.push_back("");
  if (!send(channel_, ready)) {
    lose();
    return {};
  }
  auto next = channel_.wait(given_.limit + beyond_limit);
  if (!next) {
    lose(); // nobody else serves now
    return {};
  }
  auto said
    = *next ? read_word(**next) : unexpected{std::string{"it does not answer"}};
  if (said && said->what == words::go) {
    keep(said->text());
    return {};
  }
  auto why = said ? said->text() : said.error();
  return unexpected{"process " + std::to_string(given_.pid) + " goes on instead"
                    + (why.empty() ? "" : ": " + why)};
}

void predecessor::wait_for_rest() {
  if (!send(channel_, word{words::serves}))
    return lose();
  for (;;) {
    auto next = channel_.wait(beyond_limit);
    if (!next || !*next)
      return lose();
    if (auto said = read_word(**next); said && said->what == words::yours)
      return;
  }
}

// -- later --------------------------------------------------------------------

int predecessor::fd() const noexcept {
  std::lock_guard guard{mutex_};
  return end_told_ ? -1 : channel_.fd();
}

void predecessor::on_readable(time_point) {
  {
    std::lock_guard guard{mutex_};
    while (!view_.ended && take(channel_.receive())) {
      // nop: it is kept
    }
    if (!view_.ended || std::exchange(end_told_, true))
      return;
  }
  if (ended_)
    ended_();
}

// The loop's thread may ask, too, so nobody waits for another thread to read
// the answer.
admin::earlier_process predecessor::look(bool now) {
  std::lock_guard guard{mutex_};
  if (view_.ended || !send(channel_, word{words::ask}))
    return view_;
  auto mine = ++asked_;
  if (!now)
    return view_;
  auto until = std::chrono::steady_clock::now() + numbers_limit;
  while (!view_.ended && answered_ < mine
         && take(channel_.wait(std::chrono::ceil<std::chrono::milliseconds>(
           until - std::chrono::steady_clock::now())))) {
    // nop: it is kept
  }
  return view_;
}

// Returns whether a message came.
bool predecessor::take(
  const expected<std::optional<message>, std::string>& next) {
  if (next && !*next)
    return false;
  auto said = next ? read_word(**next) : unexpected{next.error()};
  if (!said)
    lose();
  else if (said->what == words::numbers) {
    keep(said->text());
    ++answered_;
  }
  return true;
}

void predecessor::keep(const std::string& numbers) {
  try {
    auto what = nlohmann::json::parse(numbers);
    auto connections = what.at("connections").get<std::int64_t>();
    view_.counters = what.at("counters").get<std::string>();
    view_.connections = connections;
  } catch (const std::exception&) {
    // Another version says it differently: what was there stays.
  }
}

void predecessor::lose() {
  view_.ended = true;
  view_.connections = 0;
}

} // namespace coppice::upgrade
