#include "virtual_scheduler.hpp"

#include <deque>

#if CAF_MAJOR_VERSION == 0
#include <caf/detail/simple_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scoped_execution_unit.hpp>
#else
#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/detail/actor_system_access.hpp>
#include <caf/disposable.hpp>
#include <caf/scheduler.hpp>

#include <map>
#endif

namespace coppice::testing {

namespace {

// What is ready to run, while there is a virtual time and after that, when
// CAF's own actors still have to end.
class ready_queue {
public:
  void post(caf::resumable* what) {
    if (time != nullptr)
      time->post(what);
    else
      left_.push_back(what);
  }

  void run_rest(actor::host_context& host) {
    while (!left_.empty()) {
      auto* who = left_.front();
      left_.pop_front();
      if (who->resume(&host, 1) == caf::resumable::resume_later)
        left_.push_back(who);
      else
        actor::release(who);
    }
  }

  supervision::time_point now() const noexcept {
    return time == nullptr ? supervision::time_point{} : time->now();
  }

  actor::virtual_time* time = nullptr;

private:
  std::deque<caf::resumable*> left_;
};

#if CAF_MAJOR_VERSION == 0

class virtual_clock final : public caf::detail::simple_actor_clock {
public:
  explicit virtual_clock(const ready_queue& ready) : ready_(ready) {
    // nop
  }

  time_point now() const noexcept override {
    return ready_.now();
  }

  std::optional<time_point> next() const {
    return schedule().empty() ? std::nullopt
                              : std::optional{schedule().begin()->first};
  }

  void fire() {
    trigger_expired_timeouts();
  }

private:
  const ready_queue& ready_;
};

class virtual_scheduler final : public caf::scheduler::abstract_coordinator {
public:
  using caf::scheduler::abstract_coordinator::abstract_coordinator;

  void enqueue(caf::resumable* what) override {
    ready.post(what);
  }

  virtual_clock& clock() noexcept override {
    return clock_;
  }

  void stop() override {
    clock_.cancel_all();
    caf::scoped_execution_unit host{&system()};
    ready.run_rest(host);
    stop_actors();
  }

  ready_queue ready;

private:
  virtual_clock clock_{ready};
};

virtual_clock& clock_of(caf::actor_system& system) {
  return static_cast<virtual_scheduler&>(system.scheduler()).clock();
}

#else // CAF 1.x

class virtual_clock final : public caf::actor_clock {
public:
  explicit virtual_clock(const ready_queue& ready) : ready_(ready) {
    // nop
  }

  time_point now() const noexcept override {
    return ready_.now();
  }

  using caf::actor_clock::schedule;

  caf::disposable schedule(time_point when, caf::action what) override {
    due_.emplace(when, what);
    return std::move(what).as_disposable();
  }

  std::optional<time_point> next() {
    while (!due_.empty() && due_.begin()->second.disposed())
      due_.erase(due_.begin());
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first};
  }

  void fire() {
    for (auto first = next(); first && *first <= now(); first = next())
      due_.extract(due_.begin()).mapped().run();
  }

private:
  const ready_queue& ready_;
  std::multimap<time_point, caf::action> due_;
};

class virtual_scheduler final : public caf::scheduler {
public:
  void schedule(caf::resumable* what) override {
    ready.post(what);
  }

  void delay(caf::resumable* what) override {
    ready.post(what);
  }

  void start() override {
    // nop
  }

  void stop() override {
    ready.run_rest(*this);
  }

  ready_queue ready;
};

virtual_clock& clock_of(caf::actor_system& system) {
  return static_cast<virtual_clock&>(system.clock());
}

void replace_scheduler(caf::actor_system& system, caf::actor_system_config&,
                       void*) {
  auto scheduler = std::make_unique<virtual_scheduler>();
  caf::detail::actor_system_access access{system};
  access.clock(std::make_unique<virtual_clock>(scheduler->ready));
  access.scheduler(std::move(scheduler));
}

#endif // CAF_MAJOR_VERSION

} // namespace

std::unique_ptr<caf::actor_system>
make_virtual_system(caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION == 0
  cfg.module_factories.emplace_back(
    [](caf::actor_system& system) -> caf::actor_system::module* {
      return new virtual_scheduler(system);
    });
  return std::make_unique<caf::actor_system>(cfg);
#else
  return std::make_unique<caf::actor_system>(cfg, replace_scheduler, nullptr);
#endif
}

void run_on(caf::actor_system& system, actor::virtual_time* time) {
  static_cast<virtual_scheduler&>(system.scheduler()).ready.time = time;
}

std::optional<supervision::time_point>
next_caf_timer(caf::actor_system& system) {
  return clock_of(system).next();
}

void fire_caf_timers(caf::actor_system& system) {
  clock_of(system).fire();
}

} // namespace coppice::testing
