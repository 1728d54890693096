// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "supervision/engine.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace coppice::supervision;
using namespace std::chrono_literals;

inline child_spec child(std::string id, restart r = restart::permanent) {
  child_spec result;
  result.id = std::move(id);
  result.restart = r;
  return result;
}

inline flags with(strategy s, std::int64_t intensity = 100,
                  auto_shutdown a = auto_shutdown::never) {
  return {s, intensity, 5s, a};
}

/// Drives an engine as a world would: start functions answer as told, children
/// end when they are asked to, unless they are stubborn.
class harness {
public:
  harness(flags f, std::vector<child_spec> children)
      : machine{f, children}, template_id_(children.front().id) {
    if (f.strategy != strategy::simple_one_for_one)
      for (auto& spec : children)
        ids_[++last_key_] = spec.id;
  }

  explicit harness(dynamic_flags f) : machine{f} {
    // nop
  }

  /// Hands `ev` over, and lets the world answer until nothing moves.
  void send(event ev) {
    events_.push_back(std::move(ev));
    while (!events_.empty()) {
      auto next = std::move(events_.front());
      events_.pop_front();
      std::vector<command> commands;
      machine.handle(std::move(next), now, commands);
      for (auto& cmd : commands)
        std::visit([this](auto& x) { obey(x); }, cmd);
    }
  }

  void begin() {
    send(coppice::supervision::begin{});
    log.clear();
  }

  /// Lets `delay` go by.
  void wait(std::chrono::milliseconds delay) {
    auto until = now + delay;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto due = timers_.extract(timers_.begin());
      now = due.key().first;
      send(timer_fired{due.mapped()});
    }
    now = until;
  }

  void exit(const std::string& name, exit_reason reason) {
    send(child_exited{instances.at(name), std::move(reason)});
  }

  void crash(const std::string& name) {
    exit(name, exit_reason::abnormal("boom"));
  }

  /// Sends a request and gives the id of its reply.
  request_id ask(request_body body) {
    auto id = ++last_request_;
    if (auto* add = std::get_if<start_child>(&body))
      added_[id] = add->spec.id;
    send(request{id, std::move(body)});
    return id;
  }

  /// What the engine did since the last call, as text.
  std::vector<std::string> take() {
    return std::exchange(log, {});
  }

  /// What a supervisor says of its children: `a#1`, `b undefined`, ….
  std::vector<std::string> children() const {
    std::vector<std::string> result;
    for (auto& [key, c] : machine.children())
      result.push_back(c.state == child_state::running
                         ? names.at(c.instance)
                         : c.spec().id + " " + std::string{to_string(c.state)});
    return result;
  }

  const reply& answer(request_id id) const {
    return replies.at(id);
  }

  template <class T>
  T answer_to(request_body body) {
    return std::get<T>(answer(ask(std::move(body))));
  }

  refusal refusal_of(request_body body) {
    return answer_to<refused>(std::move(body)).why;
  }

  engine machine;
  time_point now{};
  std::vector<std::string> log;
  std::map<std::string, std::deque<start_outcome>> starts;
  std::set<std::string> stubborn;
  std::set<std::string> immortal; // stubborn even when killed
  std::set<std::string> slow;     // their start functions do not return
  std::map<std::string, exit_reason> stop_reasons;
  std::map<request_id, reply> replies;
  std::map<std::string, instance_id> instances;
  std::map<instance_id, std::string> names;
  std::map<std::string, std::vector<child_key>> decisions;
  /// Events that come in while the next start function of `id` runs.
  std::map<std::string, std::vector<event>> meanwhile;
  std::vector<std::string> forgotten;
  std::vector<std::size_t> used;
  std::vector<std::size_t> own_used; // of children with a budget of their own
  std::vector<std::chrono::milliseconds> delays; // of restarts
  std::uint64_t timer = 0;

private:
  void obey(const start_instance& cmd) {
    if (!ids_.contains(cmd.key))
      ids_[cmd.key]
        = added_.contains(cmd.origin) ? added_.at(cmd.origin) : template_id_;
    auto id = ids_.at(cmd.key);
    auto name = id + "#" + std::to_string(++counts_[id]);
    names[cmd.instance] = name;
    instances[name] = cmd.instance;
    log.push_back("start " + name);
    for (auto& ev : std::exchange(meanwhile[id], {}))
      events_.push_back(std::move(ev));
    if (slow.contains(id))
      return;
    auto& plan = starts[id];
    start_outcome outcome = started{};
    if (!plan.empty()) {
      outcome = std::move(plan.front());
      plan.pop_front();
    }
    events_.push_back(start_returned{cmd.instance, std::move(outcome)});
  }

  void obey(const send_signal& cmd) {
    auto kill = cmd.what == signal::kill;
    auto& name = names.at(cmd.instance);
    log.push_back((kill ? "kill " : "shutdown ") + name);
    auto id = name.substr(0, name.find('#'));
    waits_ = immortal.contains(id) || (!kill && stubborn.contains(id));
    if (waits_ || !dead_.insert(cmd.instance).second)
      return;
    auto reason = kill ? exit_reason::killed() : exit_reason::shutdown();
    if (!kill && stop_reasons.contains(id))
      reason = stop_reasons.at(id);
    events_.push_back(child_exited{cmd.instance, reason});
  }

  void obey(const arm_timer& cmd) {
    timer = cmd.generation;
    timers_.emplace(std::pair{now + cmd.delay, cmd.generation}, cmd.generation);
    if (waits_)
      log.push_back("timer " + std::to_string(cmd.delay.count()));
  }

  void obey(const abandon& cmd) {
    log.push_back("abandon " + names.at(cmd.instance));
  }

  void obey(const stalled& cmd) {
    log.push_back("stalled " + names.at(cmd.instance));
  }

  void obey(const retry_later& cmd) {
    events_.push_back(retry_due{cmd.key});
  }

  void obey(const send_reply& cmd) {
    log.push_back("reply");
    replies.emplace(cmd.id, cmd.body);
  }

  void obey(const up&) {
    log.push_back("up");
  }

  void obey(const stopped& cmd) {
    log.push_back("stopped " + to_string(cmd.reason));
  }

  void obey(const forget& cmd) {
    forgotten.push_back(ids_.at(cmd.key));
  }

  void obey(const exit_noticed& cmd) {
    if (cmd.key == 0)
      log.push_back("stranger " + to_string(cmd.reason));
  }

  void obey(const retry_noticed& cmd) {
    log.push_back("retry " + ids_.at(cmd.key));
  }

  void obey(const wait_over&) {
    // nop
  }

  void obey(const request_noticed&) {
    // nop
  }

  void obey(const parent_noticed&) {
    // nop
  }

  void obey(const child_down& cmd) {
    log.push_back("down " + names.at(cmd.instance) + " "
                  + to_string(cmd.reason));
  }

  void obey(const progress&) {
    // nop
  }

  void obey(const restart_decided& cmd) {
    decisions[cmd.id] = cmd.affected;
    used.push_back(cmd.used);
    if (cmd.own)
      own_used.push_back(cmd.own->used);
    delays.push_back(cmd.delay);
  }

  void obey(const report& cmd) {
    auto who = std::string{to_string(cmd.offender.state)};
    if (cmd.offender.count > 0)
      who = std::to_string(cmd.offender.count) + " children";
    else if (cmd.offender.instance != 0)
      who += " " + names.at(cmd.offender.instance);
    log.push_back("report " + std::string{to_string(cmd.context)} + " " + cmd.id
                  + " (" + who + ")"
                  + (cmd.reason ? " " + to_string(*cmd.reason) : ""));
  }

  std::string template_id_;
  std::deque<event> events_;
  std::map<child_key, std::string> ids_;
  std::map<request_id, std::string> added_;
  std::map<std::string, int> counts_;
  std::set<instance_id> dead_;
  std::map<std::pair<time_point, std::uint64_t>, std::uint64_t> timers_;
  bool waits_ = false; // for a child that did not end at the last signal
  child_key last_key_ = 0;
  request_id last_request_ = 0;
};
