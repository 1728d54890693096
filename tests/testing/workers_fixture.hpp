// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/virtual_time.hpp"
#include "coppice/testing.hpp"

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace coppice::test {

using namespace actor;

using log_ptr = std::shared_ptr<std::vector<std::string>>;

// A plain CAF actor, which knows nothing of virtual time.
class worker : public caf::event_based_actor {
public:
  worker(caf::actor_config& cfg, log_ptr log, std::string id)
      : caf::event_based_actor(cfg), log_(std::move(log)), id_(std::move(id)) {
    log_->push_back("start " + id_);
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {
      [](const std::string& text) { throw std::runtime_error(text); },
      [this](int minutes) {
        send_after(*this, std::chrono::minutes{minutes}, std::string{"late"});
      },
    };
  }

  void on_exit() override {
    log_->push_back("end " + id_);
  }

private:
  log_ptr log_;
  std::string id_;
};

// One that can be suspended.
class pinned_worker : public pinned_actor {
public:
  pinned_worker(caf::actor_config& cfg, const start_args& args, log_ptr log)
      : pinned_actor(cfg, args.rt->time), log_(std::move(log)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {[this](const std::string& text) { log_->push_back(text); }};
  }

private:
  log_ptr log_;
};

// Ignores every signal but a kill.
class stubborn : public worker {
public:
  using worker::worker;

  caf::behavior make_behavior() override {
    return trapping(
      *this, [](caf::exit_msg&) {},
      caf::message_handler{[](const std::string&) {}});
  }
};

class workers_fixture : public testing::supervised_test {
protected:
  using supervised_test::supervised_test;

  template <class T = worker>
  child_spec child(std::string id) {
    return {{.id = id},
            [log = log, id](const start_args& args) -> start_result {
              return running{args.rt->system.spawn<T>(log, id)};
            }};
  }

  static child_spec failing(std::string id) {
    return {{.id = std::move(id)}, [](const start_args&) -> start_result {
              return supervision::start_failed{
                supervision::exit_reason::abnormal("no luck")};
            }};
  }

  log_ptr log = std::make_shared<std::vector<std::string>>();
};

inline std::string message_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no exception";
}
} // namespace coppice::test
