// SPDX-License-Identifier: BSD-3-Clause

#include "promises.hpp"

#include <algorithm>
#include <chrono>
#include <variant>

using namespace coppice::supervision;

namespace {

std::int64_t second_of(time_point when) {
  return std::chrono::floor<std::chrono::seconds>(when.time_since_epoch())
    .count();
}

} // namespace

promises::promises(flags settings, bool dynamic, std::vector<child_key> initial,
                   bool paced)
    : flags_(settings),
      dynamic_(dynamic),
      paced_(paced),
      plan_(std::move(initial)) {
  // nop
}

void promises::on(const command& cmd, time_point now) {
  now_ = now;
  expect(!ended, "no command after stop");
  std::visit([this](auto& x) { check(x); }, cmd);
}

void promises::expect(bool holds, const char* promise) {
  if (!holds && broken.empty())
    broken = promise;
}

void promises::check(const start_instance& cmd) {
  last_stop_ = 0;
  for (auto& [_, key] : running_)
    expect(key != cmd.key, "no child is started twice at once");
  expect(!forgotten_.contains(cmd.key), "what is forgotten stays so");
  if (cmd.origin == 0 && !paced_) {
    // Restarts of children that a group restart left out are no error.
    expect(planned_ < plan_.size() && plan_[planned_] == cmd.key,
           "start order");
    ++planned_;
  }
}

void promises::check(const send_signal& cmd) {
  if (dynamic_ || !running_.contains(cmd.instance)
      || !asked_.insert(cmd.instance).second)
    return;
  expect(last_stop_ == 0 || cmd.key < last_stop_, "reverse stop order");
  last_stop_ = cmd.key;
}

void promises::check(const abandon& cmd) {
  expect(flags_.kill_grace.has_value(), "nobody is given up unless asked for");
  expect(running_.contains(cmd.instance), "only the running are given up");
}

void promises::check(const send_reply&) {
  last_stop_ = 0;
}

void promises::check(const up&) {
  last_stop_ = 0;
}

void promises::check(const stopped&) {
  ended = true;
  expect(running_.empty(), "no child survives its supervisor");
}

void promises::check(const restart_decided& cmd) {
  last_stop_ = 0;
  plan_ = cmd.affected;
  planned_ = 0;
  auto second = second_of(now_);
  if (cmd.own)
    check_own(cmd);
  else
    decided_at_.push_back(second);
  auto oldest = second - flags_.period.count();
  auto used = std::count_if(decided_at_.begin(), decided_at_.end(),
                            [&](auto at) { return at >= oldest; });
  expect(used <= flags_.intensity, "budget never exceeded");
  expect(cmd.used == static_cast<std::size_t>(used), "budget told right");
  expect(std::is_sorted(cmd.affected.begin(), cmd.affected.end()),
         "affected children in start order");
}

void promises::check(const wait_over& cmd) {
  if (auto i = own_at_.find(cmd.key); i != own_at_.end())
    i->second.push_back(second_of(now_));
}

void promises::check_own(const restart_decided& cmd) {
  auto& all = own_at_[cmd.key];
  auto oldest = second_of(now_ + cmd.delay) - cmd.own->period.count();
  auto used = 1 + std::count_if(all.begin(), all.end(), [&](auto at) {
                return at >= oldest;
              });
  if (cmd.delay.count() == 0) // else when the wait is over
    all.push_back(second_of(now_));
  expect(used <= cmd.own->intensity, "own budget never exceeded");
  expect(cmd.own->used == static_cast<std::size_t>(used),
         "own budget told right");
  expect(!cmd.own->used_up || cmd.delay.count() > 0,
         "a child whose budget is used up waits");
}

void promises::check(const exit_noticed& cmd) {
  last_stop_ = 0;
  if (cmd.key != 0)
    expect(running_.erase(cmd.instance) == 1, "only the running exit");
}

void promises::check(const child_down& cmd) {
  expect(running_.erase(cmd.instance) == 1, "only the running go down");
}

void promises::check(const progress& cmd) {
  running_.emplace(cmd.instance, cmd.key);
}

void promises::check(const retry_noticed&) {
  last_stop_ = 0;
}

void promises::check(const forget& cmd) {
  expect(forgotten_.insert(cmd.key).second, "nothing is forgotten twice");
  for (auto& [_, key] : running_)
    expect(key != cmd.key, "a forgotten child is dead");
}
