// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "promises.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// A world that does whatever its bytes say, and checks after each command
/// that the engine keeps its promises.
class property_world {
public:
  property_world(std::vector<std::uint8_t> bytes);

  void run();

  /// Which promise was not kept, or nothing.
  const std::string& broken() const {
    return kept_->broken;
  }

  bool ended() const {
    return kept_->ended;
  }

  std::size_t starts = 0;
  std::size_t decisions = 0;

private:
  using event = coppice::supervision::event;

  std::uint8_t next();
  bool more() const {
    return at_ < bytes_.size();
  }
  void act();
  void settle();
  void deliver(event ev);
  void expect(bool holds, const char* promise);
  void check_idle();
  coppice::supervision::exit_reason some_reason();
  coppice::supervision::child_spec some_spec(std::string id);
  std::string some_id();
  coppice::supervision::instance_id some_instance();
  coppice::supervision::request_body some_request();
  void end_instance(coppice::supervision::instance_id id,
                    coppice::supervision::exit_reason reason);

  void obey(const coppice::supervision::start_instance& cmd);
  void obey(const coppice::supervision::send_signal& cmd);
  void obey(const coppice::supervision::arm_timer& cmd);
  void obey(const coppice::supervision::abandon& cmd);
  void obey(const coppice::supervision::retry_later& cmd);
  void obey(const coppice::supervision::send_reply& cmd);
  void obey(const coppice::supervision::stopped& cmd);
  void obey(const coppice::supervision::restart_decided& cmd);
  void obey(const coppice::supervision::forget& cmd);
  template <class T>
  void obey(const T&) {
    // nop
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
  coppice::supervision::flags flags_;
  bool elixir_ = false; // a dynamic supervisor
  bool paced_ = false;  // some children have a back-off
  std::vector<coppice::supervision::child_spec> specs_;
  std::optional<coppice::supervision::engine> machine_;
  std::optional<promises> kept_;
  coppice::supervision::time_point now_{};
  std::deque<event> queue_;
  std::map<coppice::supervision::instance_id, coppice::supervision::child_key>
    alive_;
  std::deque<std::pair<coppice::supervision::time_point, std::uint64_t>>
    timers_;
  coppice::supervision::request_id last_request_ = 0;
  std::set<coppice::supervision::request_id> open_;
};
