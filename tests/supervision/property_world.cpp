// SPDX-License-Identifier: BSD-3-Clause

#include "property_world.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

using namespace coppice::supervision;
using namespace std::chrono_literals;

property_world::property_world(std::vector<std::uint8_t> bytes)
    : bytes_(std::move(bytes)) {
  auto kind = next() % 5;
  elixir_ = kind == 4;
  flags_.strategy
    = elixir_ ? strategy::one_for_one : static_cast<strategy>(kind);
  flags_.intensity = next() % 4;
  flags_.period = std::chrono::seconds{1 + next() % 3};
  if (next() % 2 == 0)
    flags_.kill_grace = 5ms;
  if (flags_.strategy != strategy::simple_one_for_one && !elixir_)
    flags_.auto_shutdown = static_cast<auto_shutdown>(next() % 3);
  paced_ = next() % 4 == 1;
  auto count
    = flags_.strategy == strategy::simple_one_for_one ? 1u : next() % 5u;
  for (auto i = 0u; i < count; ++i)
    specs_.push_back(some_spec(std::string(1, static_cast<char>('a' + i))));
  if (elixir_)
    machine_.emplace(dynamic_flags{flags_.intensity, flags_.period, next() % 8u,
                                   flags_.kill_grace});
  else
    machine_.emplace(flags_, specs_);
}

void property_world::run() {
  std::vector<child_key> initial;
  for (auto& [key, _] : machine_->children())
    initial.push_back(key);
  kept_.emplace(flags_, machine_->dynamic(), std::move(initial), paced_);
  queue_.push_back(begin{});
  settle();
  while (more() && broken().empty()) {
    act();
    settle();
  }
  if (!kept_->ended && broken().empty()) {
    queue_.push_back(parent_exited{exit_reason::shutdown()});
    settle();
    expect(kept_->ended, "a supervisor ends when its parent says so");
  }
  std::vector<command> none;
  machine_->handle(begin{}, now_, none);
  if (kept_->ended)
    expect(none.empty(), "no command after stop");
}

std::uint8_t property_world::next() {
  return more() ? bytes_[at_++] : 0;
}

void property_world::expect(bool holds, const char* promise) {
  kept_->expect(holds, promise);
}

// -- doing things -------------------------------------------------------------

void property_world::act() {
  switch (next() % 8) {
  case 0:
  case 1:
  case 2:
    if (!alive_.empty())
      end_instance(some_instance(), some_reason());
    break;
  case 3:
  case 4:
  case 5:
    open_.insert(++last_request_);
    queue_.push_back(request{last_request_, some_request()});
    break;
  case 6:
    now_ += std::chrono::milliseconds{next() * 10};
    break;
  case 7:
    if (next() % 16 == 0)
      queue_.push_back(parent_exited{some_reason()});
    else
      queue_.push_back(child_exited{1'000'000u + next(), some_reason()});
    break;
  }
}

void property_world::settle() {
  while (broken().empty()) {
    if (!queue_.empty()) {
      auto ev = std::move(queue_.front());
      queue_.pop_front();
      deliver(std::move(ev));
    } else if (!timers_.empty()) {
      auto [due, generation] = timers_.front();
      timers_.pop_front();
      now_ = std::max(now_, due);
      queue_.push_back(timer_fired{generation});
    } else {
      break;
    }
  }
  if (broken().empty() && !kept_->ended)
    check_idle();
}

void property_world::deliver(event ev) {
  std::vector<command> commands;
  machine_->handle(std::move(ev), now_, commands);
  for (auto i = commands.begin(); i != commands.end(); ++i) {
    if (std::holds_alternative<start_instance>(*i)
        || std::holds_alternative<stopped>(*i))
      expect(i + 1 == commands.end(), "a start or the stop comes last");
    kept_->on(*i, now_);
    std::visit([this](auto& cmd) { obey(cmd); }, *i);
  }
}

void property_world::check_idle() {
  expect(machine_->idle(), "a supervisor that is told all waits for nothing");
  expect(open_.empty(), "each request is answered");
  std::map<instance_id, child_key> running;
  for (auto& [key, c] : machine_->children()) {
    expect(c.state != child_state::restarting, "a retry is never forgotten");
    if (c.state == child_state::running)
      running.emplace(c.instance, key);
  }
  expect(running == alive_, "no lost child");
}

void property_world::end_instance(instance_id id, exit_reason reason) {
  if (alive_.erase(id) > 0)
    queue_.push_back(child_exited{id, std::move(reason)});
}

// -- choices ------------------------------------------------------------------

exit_reason property_world::some_reason() {
  switch (next() % 5) {
  case 0:
    return exit_reason::normal();
  case 1:
    return exit_reason::shutdown();
  case 2:
    return exit_reason::shutdown("x");
  case 3:
    return exit_reason::killed();
  default:
    return exit_reason::abnormal("boom");
  }
}

child_spec property_world::some_spec(std::string id) {
  child_spec result;
  result.id = std::move(id);
  result.restart = static_cast<restart>(next() % 3);
  result.significant = flags_.auto_shutdown != auto_shutdown::never
                       && result.restart != restart::permanent
                       && next() % 2 == 0;
  switch (next() % 4) {
  case 0:
    result.shutdown = shutdown::brutal_kill();
    break;
  case 1:
    result.shutdown = shutdown::within(0ms);
    break;
  case 2:
    result.shutdown = shutdown::within(10ms);
    break;
  default:
    break;
  }
  if (paced_ && next() % 2 == 1)
    result.backoff = backoff{};
  if (next() % 8 == 1)
    result.ready_within = 10ms;
  if (paced_ && next() % 3 == 1) {
    result.intensity = 1 + next() % 3;
    result.period = std::chrono::seconds{1 + next() % 3};
  }
  return result;
}

std::string property_world::some_id() {
  return std::string(1, static_cast<char>('a' + next() % 6));
}

instance_id property_world::some_instance() {
  if (alive_.empty())
    return 4711;
  auto i = alive_.begin();
  std::advance(i, next() % alive_.size());
  return i->first;
}

request_body property_world::some_request() {
  switch (next() % 9) {
  case 0:
    return start_child{some_spec(some_id())};
  case 1:
    return start_dynamic_child{};
  case 2:
    return terminate_child{some_id()};
  case 3:
    return terminate_dynamic_child{some_instance()};
  case 4:
    return restart_child{some_id()};
  case 5:
    return delete_child{some_id()};
  case 6:
    return which_children{};
  case 7:
    return count_children{};
  default:
    return get_childspec{some_id()};
  }
}

// -- commands -----------------------------------------------------------------

void property_world::obey(const start_instance& cmd) {
  ++starts;
  for (auto& [_, key] : alive_)
    expect(key != cmd.key, "no child is started twice at once");
  for (auto i = next() % 4; i == 3 && more(); i = next() % 4)
    act();
  start_outcome outcome = started{};
  switch (next() % 8) {
  case 1:
    outcome = ignored{};
    break;
  case 2:
  case 3:
    outcome = start_failed{some_reason()};
    break;
  default:
    alive_.emplace(cmd.instance, cmd.key);
    // It says too late, or never, that it is ready.
    if (next() % 8 == 1 && machine_->children().at(cmd.key).spec().ready_within)
      return;
  }
  queue_.push_back(start_returned{cmd.instance, std::move(outcome)});
}

void property_world::obey(const send_signal& cmd) {
  auto i = machine_->children().find(cmd.key);
  auto timed
    = i != machine_->children().end()
      && i->second.spec().effective_shutdown().kind() == shutdown::how::timeout;
  auto known
    = i != machine_->children().end() && i->second.instance == cmd.instance;
  auto stubborn = next() % 4 == 1 && known;
  if (cmd.what == signal::kill && !(stubborn && flags_.kill_grace))
    end_instance(cmd.instance, exit_reason::killed());
  else if (cmd.what == signal::shutdown && !(stubborn && timed))
    end_instance(cmd.instance, some_reason());
}

void property_world::obey(const abandon& cmd) {
  expect(alive_.erase(cmd.instance) > 0, "only the living are given up");
}

void property_world::obey(const arm_timer& cmd) {
  timers_.emplace_back(now_ + cmd.delay, cmd.generation);
}

void property_world::obey(const retry_later& cmd) {
  queue_.push_back(retry_due{cmd.key});
}

void property_world::obey(const send_reply& cmd) {
  expect(open_.erase(cmd.id) == 1, "each request is answered once");
}

void property_world::obey(const stopped&) {
  expect(alive_.empty(), "no child survives its supervisor");
}

void property_world::obey(const restart_decided&) {
  ++decisions;
}

void property_world::obey(const forget& cmd) {
  for (auto& [_, key] : alive_)
    expect(key != cmd.key, "a forgotten child is dead");
}
