// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/successor.hpp"

#include "server/upgrade/start_program.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace coppice::upgrade {

using namespace std::chrono_literals;
using stage = admin::upgrade_view::stage;

namespace {

// From the word that it may accept until it does.
constexpr auto serve_limit = 5s;

std::string too_early(const std::string& end) {
  return end + " before it was ready; see what it wrote";
}

} // namespace

successor::successor(owner whose) : owner_(std::move(whose)) {
  // nop
}

successor::~successor() {
  auto now = look();
  if (now.at == stage::starting) {
    channel_.reset();
    end_program(now.pid);
  }
}

admin::upgrade_view successor::look() const {
  std::lock_guard guard{mutex_};
  return view_;
}

void successor::show(admin::upgrade_view now) {
  std::lock_guard guard{mutex_};
  view_ = std::move(now);
}

// -- the start ----------------------------------------------------------------

expected<int, std::string>
successor::begin(const admin::upgrade_request& wanted) {
  auto now = look();
  if (now.at == stage::starting)
    return unexpected{"process " + std::to_string(now.pid)
                      + " is about to replace this one already"};
  // The namespace or the container ends with its first process.
  if (::getpid() == 1)
    return unexpected{std::string{
      "this server is process 1, and all that runs beside it ends with it: "
      "replace the container instead"}};
  auto request = wanted;
  if (request.program.empty())
    request.program = own_program();
  if (auto right = check_program(request.program); !right)
    return unexpected{right.error()};
  try {
    auto started = start(request);
    if (started)
      show({stage::starting, *started});
    return started;
  } catch (const std::system_error& problem) {
    owner_.on_failure(problem.what());
    return unexpected{std::string{problem.what()}};
  }
}

expected<int, std::string>
successor::start(const admin::upgrade_request& wanted) {
  auto [mine, its] = channel::ends();
  auto given = owner_.share();
  given.pid = ::getpid();
  given.limit = wanted.limit;
  auto started = start_program(wanted.program, its.fd());
  its.close();
  if (started) {
    channel_.emplace(std::move(mine));
    deadline_ = std::chrono::steady_clock::now() + wanted.limit;
    if (send(*channel_, given))
      return started;
    started = unexpected{too_early(end_program(*started))};
    channel_.reset();
    deadline_.reset();
  }
  owner_.on_failure(started.error());
  return started;
}

// -- what it says -------------------------------------------------------------

int successor::fd() const noexcept {
  return channel_ ? channel_->fd() : -1;
}

std::optional<successor::time_point> successor::due() const noexcept {
  return deadline_;
}

void successor::on_due(time_point) {
  fail("it was not ready in time");
}

void successor::on_readable(time_point now) {
  while (channel_) {
    auto next = channel_->receive();
    if (next && !*next)
      return;
    auto said = next ? read_word(**next) : unexpected{next.error()};
    if (said)
      on_word(*said, now);
    else if (look().at == stage::starting)
      fail(said.error() == channel::closed ? std::string{} : said.error());
    else
      channel_.reset();
  }
}

void successor::on_word(const word& what, time_point now) {
  auto starts = look().at == stage::starting;
  if (what.what == words::failed && starts) {
    fail(what.text());
  } else if (what.what == words::ready && starts) {
    auto end = std::ranges::find(what.texts, "");
    listeners_.assign(what.texts.begin(), end);
    admin_ = end != what.texts.end();
    deadline_ = now + serve_limit;
    if (!send(*channel_, word{words::go, {owner_.numbers()}}))
      fail({});
  } else if (what.what == words::serves && starts) {
    succeed();
  } else if (what.what == words::ask && !starts) {
    send_numbers();
  }
}

void successor::succeed() {
  deadline_.reset();
  auto pid = look().pid;
  show({stage::replaced, pid});
  owner_.on_success(pid, listeners_, admin_);
  if (!send(*channel_, word{words::yours}))
    channel_.reset(); // it has ended meanwhile, as any process may
}

void successor::fail(const std::string& why) {
  auto pid = look().pid;
  if (channel_)
    (void)send(*channel_, word{words::abort, {why}});
  channel_.reset();
  deadline_.reset();
  auto how = end_program(pid);
  auto text = why.empty() ? too_early(how) : why + "; " + how;
  show({stage::failed, pid, text});
  owner_.on_failure(text);
}

void successor::send_numbers() {
  if (!send(*channel_, word{words::numbers, {owner_.numbers()}}))
    channel_.reset();
}

void successor::on_leave() {
  if (look().at == stage::starting)
    fail("this process ends");
}

void successor::finish() {
  on_leave(); // the tree may have given up
  if (channel_)
    send_numbers();
  channel_.reset();
}

} // namespace coppice::upgrade
