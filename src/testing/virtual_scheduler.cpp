#include "virtual_scheduler.hpp"

#include <caf/detail/simple_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <deque>

namespace coppice::testing {

namespace {

class virtual_clock final : public caf::detail::simple_actor_clock {
public:
  time_point now() const noexcept override {
    return time == nullptr ? time_point{} : time->now();
  }

  actor::virtual_time* time = nullptr;
};

class coordinator final : public caf::scheduler::abstract_coordinator {
public:
  using caf::scheduler::abstract_coordinator::abstract_coordinator;

  void enqueue(caf::resumable* what) override {
    if (clock_.time != nullptr)
      clock_.time->post(what);
    else
      left_.push_back(what);
  }

  virtual_clock& clock() noexcept override {
    return clock_;
  }

  // CAF's own actors still have to end.
  void stop() override {
    clock_.cancel_all();
    caf::scoped_execution_unit host{&system()};
    while (!left_.empty()) {
      auto* who = left_.front();
      left_.pop_front();
      if (who->resume(&host, max_throughput()) == caf::resumable::resume_later)
        left_.push_back(who);
      else
        actor::release(who);
    }
    stop_actors();
  }

private:
  virtual_clock clock_;
  std::deque<caf::resumable*> left_; // what nobody runs
};

coordinator* virtual_scheduler_of(caf::actor_system& system) {
  return dynamic_cast<coordinator*>(&system.scheduler());
}

} // namespace

void use_virtual_scheduler(caf::actor_system_config& cfg) {
  cfg.module_factories.emplace_back(
    [](caf::actor_system& system) -> caf::actor_system::module* {
      return new coordinator(system);
    });
}

void run_on(caf::actor_system& system, actor::virtual_time* time) {
  if (auto* mine = virtual_scheduler_of(system))
    mine->clock().time = time;
}

std::optional<supervision::time_point>
next_caf_timer(caf::actor_system& system) {
  auto* mine = virtual_scheduler_of(system);
  if (mine == nullptr || mine->clock().schedule().empty())
    return {};
  return mine->clock().schedule().begin()->first;
}

void fire_caf_timers(caf::actor_system& system) {
  if (auto* mine = virtual_scheduler_of(system))
    mine->clock().trigger_expired_timeouts();
}

} // namespace coppice::testing
