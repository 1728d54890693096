#include "coppice/actor/supervisor.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/messages.hpp"

#include <utility>

namespace coppice::actor {

using namespace supervision;

namespace {

std::vector<supervision::child_spec>
engine_specs(const std::vector<child_spec>& children) {
  std::vector<supervision::child_spec> result;
  result.reserve(children.size());
  for (auto& child : children)
    result.push_back(child.spec);
  return result;
}

} // namespace

supervisor::supervisor(caf::actor_config& cfg, runtime_ptr rt, std::string path,
                       supervision::flags settings,
                       std::vector<child_spec> children, caf::actor_addr parent,
                       on_init initialized)
    : caf::event_based_actor(cfg),
      rt_(std::move(rt)),
      path_(std::move(path)),
      engine_(settings, engine_specs(children)),
      parent_(std::move(parent)),
      initialized_(std::move(initialized)) {
  child_key key = 0;
  for (auto& child : children) {
    factories_.emplace(++key, std::move(child.start));
    ids_.emplace(key, child.spec.id);
    rt_->tree.add(path_, child.spec.id, child.spec.type, child.spec.restart,
                  id());
  }
  rt_->tree.set_supervisor(path_, settings.strategy, engine_.window(), id());
}

caf::behavior supervisor::make_behavior() {
  use_exception_text(*this);
  auto on_exit_signal = [this](caf::exit_msg& msg) {
    // Only the parent is obeyed. Source: OTP supervisor.
    if (parent_ && msg.source == parent_)
      feed(parent_exited{to_reason(msg.reason)});
  };
  caf::message_handler handlers{
    [this](child_gone& msg) { on_child_gone(msg.instance, msg.reason); },
    [this](start_acknowledged& msg) {
      if (msg.instance != std::exchange(acknowledging_, 0))
        return;
      if (!std::holds_alternative<started>(msg.outcome))
        release(msg.instance);
      feed(start_returned{msg.instance, std::move(msg.outcome)});
    },
    [this](timer_message& msg) { feed(timer_fired{msg.generation}); },
    [this](retry_message& msg) { feed(retry_due{msg.key}); },
    [this](stop_message& msg) { feed(parent_exited{std::move(msg.reason)}); },
    [this](caf::message& msg) {
      publish(observe::event_kind::notice, path_, {},
              "unexpected message dropped: " + to_string(msg));
    },
  };
  auto result = trapping(*this, on_exit_signal, std::move(handlers));
  feed(begin{});
  return result;
}

// -- events -------------------------------------------------------------------

void supervisor::feed(event ev) {
  events_.push_back(std::move(ev));
  if (std::exchange(feeding_, true))
    return;
  while (!events_.empty()) {
    auto next = std::move(events_.front());
    events_.pop_front();
    auto batch = std::move(commands_);
    batch.clear();
    engine_.handle(std::move(next), clock().now(), batch);
    for (auto& cmd : batch)
      std::visit([this](auto& x) { run(x); }, cmd);
    commands_ = std::move(batch);
  }
  feeding_ = false;
}

void supervisor::on_child_gone(instance_id instance,
                               const exit_reason& reason) {
  if (acknowledging_ == instance) {
    acknowledging_ = 0;
    release(instance);
    feed(start_returned{instance, start_failed{reason}});
    return;
  }
  release(instance);
  feed(child_exited{instance, reason});
}

// -- children -----------------------------------------------------------------

start_result supervisor::call_start(child_key key, start_args args) {
  try {
    return factories_.at(key)(args);
  } catch (...) {
    return start_failed{to_reason(std::current_exception())};
  }
}

void supervisor::adopt(instance_id instance, child_key key, caf::actor handle) {
  auto& c = engine_.children().at(key);
  auto path = path_of(key);
  rt_->directory.put(path, handle, c.spec().type);
  auto* watched = caf::actor_cast<caf::abstract_actor*>(handle);
  watched->attach_functor(
    [self = caf::weak_actor_ptr{ctrl()}, instance](const caf::error& err) {
      if (auto strong = self.lock())
        deliver(caf::actor_cast<caf::actor>(strong),
                child_gone{instance, to_reason(err)});
    });
  children_.emplace(instance,
                    child{std::move(handle), std::move(path), c.spec().type});
}

void supervisor::release(instance_id instance) {
  auto i = children_.find(instance);
  if (i == children_.end())
    return;
  rt_->directory.erase(i->second.path, i->second.handle);
  children_.erase(i);
}

// Children that are left when a supervisor ends follow it, as over an OTP link:
// the reason `killed` can be trapped, the signal `kill` could not.
void supervisor::on_cleanup(const caf::error& err) {
  auto reason = to_reason(err);
  for (auto& [_, c] : children_) {
    rt_->directory.erase(c.path, c.handle);
    if (c.type == child_type::supervisor)
      signal_trapped_exit(c.handle, reason, this);
    else
      signal_exit(c.handle, reason, this);
  }
  children_.clear();
  caf::event_based_actor::on_cleanup(err);
}

std::string supervisor::path_of(child_key key) const {
  return path_ + "/" + ids_.at(key);
}

// -- building and starting ----------------------------------------------------

void acknowledge_start(const start_args& args, start_outcome outcome) {
  deliver(args.supervisor,
          start_acknowledged{args.instance, std::move(outcome)});
}

child_spec supervisor_child(std::string id, flags settings,
                            std::vector<child_spec> children) {
  auto start = [settings, children = std::move(children)](
                 const start_args& args) -> start_result {
    if (auto err = validate(settings))
      return start_failed{exit_reason::abnormal(err->message)};
    if (auto err = validate(engine_specs(children), settings))
      return start_failed{exit_reason::abnormal(err->message)};
    return starting{args.rt->system.spawn<supervisor>(
      args.rt, args.path, settings, children, args.supervisor.address(),
      [args](start_outcome outcome) {
        acknowledge_start(args, std::move(outcome));
      })};
  };
  return {{.id = std::move(id), .type = child_type::supervisor},
          std::move(start)};
}

} // namespace coppice::actor
