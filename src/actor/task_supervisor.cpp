// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/task_supervisor.hpp"

#include "actor/pinned_actor.hpp"
#include "actor/supervisor.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace coppice::actor {

using namespace supervision;

struct task_supervisor::state {
  options how;
  std::mutex mutex;
  caf::weak_actor_ptr supervisor; // of the last start
  // The tasks that end with a caller, by caller. Erased at the caller's end.
  std::unordered_map<caf::actor_id,
                     std::unordered_map<caf::actor_id, caf::actor>>
    links;

  caf::actor find() {
    std::lock_guard guard{mutex};
    return caf::actor_cast<caf::actor>(supervisor.lock());
  }
};

namespace {

// Calls a function and ends.
class task_actor final : public pinned_actor {
public:
  task_actor(caf::actor_config& cfg, run_queue* queue, task_supervisor::work fn)
      : pinned_actor(cfg, queue), fn_(std::move(fn)) {
    // nop
  }

  const char* name() const override {
    return "coppice.task";
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    fn_(stop_.get_token());
    // An exit signal that came in meanwhile says what it ends with.
    if (!stop_.stop_requested())
      quit();
    return {[](int) {}};
  }

  using pinned_actor::enqueue;

  // While the function runs, nobody else looks at what comes in.
  enqueue_result enqueue(caf::mailbox_element_ptr what,
                         host_context* context) override {
    if (what && is_exit(*what))
      stop_.request_stop();
    return pinned_actor::enqueue(std::move(what), context);
  }

private:
  task_supervisor::work fn_;
  std::stop_source stop_;
};

// At once if it has ended already.
void on_end(const caf::actor& who, std::function<void(exit_reason)> fn) {
  when_ended(
    who, [fn = std::move(fn)](const caf::error& err) { fn(to_reason(err)); });
}

template <class T>
pending<T> no_supervisor() {
  pending<T> result;
  result.set(unexpected{refused{refusal::noproc}});
  return result;
}

} // namespace

task_supervisor::task_supervisor(options what)
    : state_(std::make_shared<state>()) {
  state_->how = std::move(what);
}

child_spec task_supervisor::spec() const {
  return {{.id = state_->how.id, .type = child_type::supervisor},
          [self = state_](const start_args& args) {
            supervisor_setup setup;
            setup.flags = self->how.flags;
            auto result = start_supervisor(args, std::move(setup));
            if (auto* begun = std::get_if<starting>(&result)) {
              std::lock_guard guard{self->mutex};
              self->supervisor
                = caf::actor_cast<caf::weak_actor_ptr>(begun->child);
            }
            return result;
          },
          validate(supervisor_setup{{}, state_->how.flags})};
}

pending<child_ref> task_supervisor::start_child(work fn, restart type) {
  auto supervisor = state_->find();
  if (!supervisor)
    return no_supervisor<child_ref>();
  actor::child_spec task;
  task.spec = {.id = "task", .restart = type, .shutdown = state_->how.shutdown};
  task.start = [blocking = state_->how.blocking,
                fn = std::move(fn)](const start_args& args) -> start_result {
    auto& system = args.rt->system;
    run_queue* queue = args.rt->time;
    return running{blocking && queue == nullptr
                     ? system.spawn<task_actor, caf::detached>(queue, fn)
                     : system.spawn<task_actor>(queue, fn)};
  };
  return actor::start_child(supervisor, std::move(task));
}

// Each end is watched, and the link is gone with either. A caller is watched
// once, however many tasks it has.
void task_supervisor::link(const std::shared_ptr<state>& state,
                           const caf::actor& caller, const caf::actor& task) {
  std::unique_lock guard{state->mutex};
  auto [entry, first] = state->links.try_emplace(caller->id());
  entry->second.emplace(task->id(), task);
  guard.unlock();
  on_end(task, [state, from = caller->id(), who = task->id(),
                weak = caf::actor_cast<caf::weak_actor_ptr>(caller)](
                 const exit_reason& reason) {
    {
      std::lock_guard inner{state->mutex};
      if (auto i = state->links.find(from); i != state->links.end())
        i->second.erase(who);
    }
    if (auto strong = weak.lock(); strong && reason != exit_reason::normal())
      signal_exit(caf::actor_cast<caf::actor>(strong), reason);
  });
  if (first)
    on_end(caller, [state, from = caller->id()](const exit_reason& reason) {
      std::unique_lock inner{state->mutex};
      auto tasks = state->links.extract(from);
      inner.unlock();
      if (!tasks.empty() && reason != exit_reason::normal())
        for (auto& [_, task] : tasks.mapped())
          signal_exit(task, reason);
    });
}

pending<child_ref>
task_supervisor::start_linked(caf::actor caller, work fn,
                              std::function<void(exit_reason)> on_end) {
  auto started = start_child(std::move(fn));
  pending<child_ref> result;
  started.then([=, state = state_](answer<child_ref> what) mutable {
    if (!what) {
      on_end(exit_reason::abnormal(to_string(what.error())));
    } else {
      coppice::actor::on_end(what->child, on_end);
      if (caller)
        link(state, caller, what->child);
    }
    result.set(std::move(what));
  });
  return result;
}

pending<std::vector<child_info>> task_supervisor::children() const {
  auto supervisor = state_->find();
  if (!supervisor)
    return no_supervisor<std::vector<child_info>>();
  pending<std::vector<child_info>> result;
  which_children(supervisor)
    .then([result](answer<std::vector<child_info>> what) mutable {
      if (what)
        std::erase_if(*what, [](auto& info) { return !info.child; });
      result.set(std::move(what));
    });
  return result;
}

pending<done> task_supervisor::terminate_child(const caf::actor& child) {
  auto supervisor = state_->find();
  if (!supervisor)
    return no_supervisor<done>();
  return actor::terminate_child(supervisor, child);
}

} // namespace coppice::actor
