// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/virtual_tree.hpp"

#include "actor/actor_faults.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/tree_root.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace coppice::nemesis {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using kind = answer::kind;

namespace {

// How long a tree may take to be well again.
constexpr milliseconds healing_limit = 10s;
constexpr milliseconds healing_look = 10ms;

expected<void, std::string> all_running(const std::vector<target>& all) {
  if (all.empty())
    return unexpected<std::string>{"the tree has ended"};
  for (auto& each : all)
    if (!each.running)
      return unexpected{each.path + " does not run"};
  return {};
}

} // namespace

// -- time ---------------------------------------------------------------------

virtual_clock::virtual_clock(actor::virtual_time& time)
    : time_(time), start_(time.now()) {
  // nop
}

milliseconds virtual_clock::now() {
  return std::chrono::floor<milliseconds>(time_.now() - start_);
}

bool virtual_clock::wait_until(milliseconds when) {
  time_.advance(std::max(when - now(), 0ms));
  return true;
}

// -- strikes ------------------------------------------------------------------

tree_striker::tree_striker(actor::runtime_ptr rt, clock& clock)
    : rt_(std::move(rt)), clock_(clock) {
  // nop
}

answer tree_striker::strike(const moment& what) {
  if (what.undo)
    return undo(what);
  if (what.what.fault == fault_kind::arm)
    return arm(what.what.target, what.what.detail);
  if (what.what.fault == fault_kind::stall
      || what.what.fault == fault_kind::toxic
      || what.what.fault == fault_kind::reload)
    return {kind::refused, "this tree has no listener"};
  auto victim = aim_.pick(what, look(), clock_.now());
  if (!victim)
    return {victim.error().spared ? kind::spared : kind::missed,
            victim.error().why};
  struck_[{what.step, what.turn}] = *victim;
  return strike_actor(what, *victim);
}

answer tree_striker::strike_actor(const moment& what, const std::string& path) {
  auto result = actor::fault_outcome::done;
  switch (what.what.fault) {
  case fault_kind::kill:
  case fault_kind::kill_random: {
    std::optional<supervision::exit_reason> reason;
    if (!what.what.detail.empty())
      reason = supervision::exit_reason::parse(what.what.detail);
    actor::crash(*rt_, path, reason);
    break;
  }
  case fault_kind::burn_budget:
    result = actor::burn_budget(*rt_, path);
    break;
  case fault_kind::fail_starts:
    return arm(point_of(what, path),
               std::to_string(what.what.count) + "*throw(asked to fail)");
  case fault_kind::refuse_stop:
    return arm(point_of(what, path), "drop");
  case fault_kind::suspend:
    result = actor::suspend(*rt_, path);
    suspended_.insert(path);
    break;
  case fault_kind::flood:
    result = actor::flood(*rt_, path, what.what.count);
    break;
  case fault_kind::arm:
  case fault_kind::stall:
  case fault_kind::toxic:
  case fault_kind::reload:
    break;
  }
  settle();
  if (result == actor::fault_outcome::done)
    return {kind::done, path};
  return {result == actor::fault_outcome::unsupported ? kind::refused
                                                      : kind::missed,
          path};
}

answer tree_striker::arm(const std::string& point, const std::string& term) {
  auto parsed = fault::parse_term(term);
  if (!parsed)
    return {kind::refused, to_string(parsed.error())};
  if (auto armed = rt_->faults.arm(point, *parsed); !armed)
    return {kind::refused, to_string(armed.error())};
  armed_.insert(point);
  return {kind::done, point};
}

answer tree_striker::undo(const moment& what) {
  auto path = struck_[{what.step, what.turn}];
  if (what.what.fault == fault_kind::suspend) {
    actor::resume(*rt_, path);
    suspended_.erase(path);
    settle();
    return {kind::done, path};
  }
  auto point = point_of(what, path);
  rt_->faults.disarm(point);
  armed_.erase(point);
  return {kind::done, point};
}

expected<void, std::string> tree_striker::heal() {
  for (auto& each : std::exchange(armed_, {}))
    rt_->faults.disarm(each);
  for (auto& each : std::exchange(suspended_, {}))
    actor::resume(*rt_, each);
  auto limit = clock_.now() + healing_limit;
  for (;;) {
    auto running = all_running(look());
    if (running || clock_.now() >= limit
        || !clock_.wait_until(clock_.now() + healing_look))
      return running;
  }
}

std::vector<target> tree_striker::look() const {
  auto root = rt_->tree.look(
    rt_->time != nullptr ? rt_->time->now() : std::chrono::steady_clock::now());
  return root ? actors_of(*root) : std::vector<target>{};
}

// Has actors of virtual time take what was sent to them.
void tree_striker::settle() {
  clock_.wait_until(clock_.now());
}

} // namespace coppice::nemesis
