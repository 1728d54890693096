// SPDX-License-Identifier: BSD-3-Clause

#include "actor/supervisor.hpp"

#include "actor/directory.hpp"
#include "actor/messages.hpp"
#include "actor/tap.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "observe/blame.hpp"

#include <random>
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

engine make_engine(const supervisor_setup& setup) {
  if (auto* settings = std::get_if<dynamic_flags>(&setup.flags))
    return engine{*settings};
  return {std::get<flags>(setup.flags), engine_specs(setup.children)};
}

// What a start function could have returned counts as returned if it is thrown.
// Source: OTP supervisor, which catches what a start function throws.
start_result returned_or_thrown(const start_function& start,
                                const start_args& args) {
  try {
    return start(args);
  } catch (start_result& x) {
    return std::move(x);
  } catch (running& x) {
    return std::move(x);
  } catch (starting& x) {
    return std::move(x);
  } catch (ignored& x) {
    return x;
  } catch (start_failed& x) {
    return std::move(x);
  } catch (...) {
    return start_failed{to_reason(std::current_exception())};
  }
}

} // namespace

expected<void, spec_error> validate(const child_spec& child) {
  if (!child.valid || child.start)
    return child.valid;
  return unexpected{
    spec_error{"missing_start", "start",
               "child \"" + child.spec.id + "\" needs a start function"}};
}

expected<void, spec_error> validate(const supervisor_setup& setup) {
  for (auto& child : setup.children)
    if (auto checked = validate(child); !checked && !child.spec.id.empty())
      return checked;
  if (auto* settings = std::get_if<dynamic_flags>(&setup.flags)) {
    if (!setup.children.empty())
      return unexpected{
        spec_error{"bad_start_spec", "children",
                   "a dynamic supervisor starts without children"}};
    return validate(*settings);
  }
  auto& settings = std::get<flags>(setup.flags);
  if (auto checked = validate(settings); !checked)
    return checked;
  return validate(engine_specs(setup.children), settings);
}

supervisor::supervisor(caf::actor_config& cfg, runtime_ptr rt,
                       supervisor_setup setup)
    : pinned_actor(cfg, rt->time),
      rt_(std::move(rt)),
      path_(std::move(setup.path)),
      engine_(make_engine(setup)),
      extra_arguments_(std::move(setup.extra_arguments)),
      parent_(std::move(setup.parent)),
      initialized_(std::move(setup.initialized)),
      occasion_{setup.cause, {}, setup.asked} {
  engine_.seed(rt_->time != nullptr ? 0 : std::random_device{}());
  child_key key = 0;
  for (auto& child : setup.children) {
    auto start = std::make_shared<const start_function>(std::move(child.start));
    recipes_.emplace(++key, recipe{std::move(start), child.spec.id});
    if (!engine_.dynamic())
      show_new(key);
  }
  rt_->tree.set_supervisor(path_, engine_.settings().strategy, engine_.window(),
                           id());
  if (engine_.dynamic())
    members_ = rt_->tree.members(path_);
}

caf::behavior supervisor::make_behavior() {
  use_exception_text(*this);
  caf::message_handler handlers{
    [this](child_gone& msg) { on_child_gone(msg.instance, msg.reason); },
    [this](start_message& msg) {
      on_started(msg.instance, std::move(msg.outcome));
    },
    [this](start_acknowledged& msg) {
      on_acknowledged(msg.instance, std::move(msg.outcome));
    },
    [this](request_message& msg) { on_arrival(std::move(msg.what)); },
    [this](delayed_request& msg) { on_request(std::move(msg.what)); },
    [this](delayed_start& msg) { on_delayed_start(msg.instance); },
    [this](delayed_stop& msg) { ask_to_end(msg.instance); },
    [this](burn_message& msg) { burn(std::move(msg.reason)); },
    [this](forecast_message& msg) {
      msg.answer.set(foresee(engine_, msg.what, now()));
    },
    [this](progress_message& msg) { feed(progressed{msg.instance}); },
    [this](timer_message& msg) { feed(timer_fired{msg.generation}); },
    [this](retry_message& msg) { feed(retry_due{msg.key}); },
    [this](stop_message& msg) { end_for(std::move(msg.reason)); },
    [this](call_off_message) { call_off(); },
  };
  auto on_other = [this](caf::message& msg) {
    if (rt_->tap != nullptr)
      rt_->tap->on_unexpected(*this, msg);
    rt_->events.publish(
      {.kind = observe::event_kind::notice,
       .path = path_,
       .detail = "unexpected message dropped: " + to_string(msg)});
  };
  auto result = trapping(
    *this, [this](caf::exit_msg& msg) { on_exit_signal(msg); },
    handlers.or_else(others(*this, on_other)));
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
    engine_.handle(std::move(next), now(), batch);
    for (auto& cmd : batch) {
      if (rt_->tap != nullptr)
        rt_->tap->on_command(*this, cmd);
      std::visit([this](auto& x) { run(x); }, cmd);
    }
    commands_ = std::move(batch);
    if (engine_.idle())
      occasion_ = {};
  }
  feeding_ = false;
}

// Only the parent is obeyed. That of anybody else is noticed and ignored.
// Source: OTP supervisor.
void supervisor::on_exit_signal(caf::exit_msg& msg) {
  if (parent_ && msg.source == parent_)
    end_for(to_reason(msg.reason));
  else
    feed(child_exited{++last_stranger_, to_reason(msg.reason)});
}

void supervisor::end_for(exit_reason reason) {
  cause_of_end_ = rt_->blame.look(path_);
  call_off();
  feed(parent_exited{std::move(reason)});
}

void supervisor::call_off_start() {
  deliver(caf::actor_cast<caf::actor>(ctrl()), call_off_message{},
          priority::urgent);
}

// The engine obeys when the start that it waits for has returned. One that
// waits for a program to become ready may take minutes: it fails now, and so
// does each later one.
void supervisor::call_off() {
  called_off_ = true;
  if (acknowledging_ != 0)
    if (auto* who = dynamic_cast<pinned_actor*>(
          caf::actor_cast<caf::abstract_actor*>(handle_of(acknowledging_))))
      who->call_off_start();
}

void supervisor::on_child_gone(instance_id instance,
                               const exit_reason& reason) {
  if (acknowledging_ == instance) {
    acknowledging_ = 0;
    release(instance);
    on_started(instance, start_failed{reason});
    return;
  }
  // The end of a child whose start had failed before is old news.
  if (children_.contains(instance))
    feed(child_exited{instance, reason});
}

void supervisor::on_started(instance_id instance, start_outcome outcome) {
  if (instance == starting_) {
    starting_ = 0;
    // What was ignored or failed is down, unless it is tried again.
    if (!std::holds_alternative<started>(outcome) && !engine_.dynamic())
      show(starting_key_, observe::node_state::stopped);
  }
  feed(start_returned{instance, std::move(outcome)});
}

void supervisor::on_acknowledged(instance_id instance, start_outcome outcome) {
  if (instance != acknowledging_)
    return;
  acknowledging_ = 0;
  if (auto* up = std::get_if<started>(&outcome))
    start_note_ = up->info;
  else
    release(instance);
  on_started(instance, std::move(outcome));
}

// -- children -----------------------------------------------------------------

// Remembers how to start a child that a request brought.
void supervisor::learn(const start_instance& cmd) {
  auto asked = tickets_.find(cmd.origin);
  if (asked == tickets_.end() || recipes_.contains(cmd.key))
    return;
  auto& what = asked->second->what;
  if (auto* brought = std::get_if<ticket::start_spec>(&what)) {
    auto& [spec, start, _] = brought->spec;
    auto id
      = engine_.dynamic() ? spec.id + ":" + std::to_string(cmd.key) : spec.id;
    recipes_.emplace(
      cmd.key, recipe{std::make_shared<const start_function>(std::move(start)),
                      std::move(id), extra_arguments_});
    if (!engine_.dynamic())
      show_new(cmd.key);
  } else if (auto* extra = std::get_if<ticket::start_with>(&what)) {
    auto& origin = recipes_.at(1);
    recipes_.emplace(cmd.key,
                     recipe{origin.start,
                            origin.id + ":" + std::to_string(cmd.key - 1),
                            std::move(extra->arguments)});
  }
}

start_result supervisor::call_start(const start_instance& cmd) {
  auto& how = recipes_.at(cmd.key);
  start_args args{rt_,
                  path_of(cmd.key),
                  caf::actor_cast<caf::actor>(ctrl()),
                  cmd.instance,
                  how.arguments,
                  occasion_.cause,
                  occasion_.asked};
  auto result = returned_or_thrown(*how.start, args);
  auto* up = std::get_if<running>(&result);
  auto* begun = std::get_if<starting>(&result);
  if ((up != nullptr && !up->child) || (begun != nullptr && !begun->child))
    return start_failed{
      exit_reason::abnormal("the start function gave a null handle")};
  return result;
}

void supervisor::adopt(instance_id instance, child_key key, caf::actor handle) {
  auto type = engine_.children().at(key).spec().type;
  if (!engine_.dynamic())
    rt_->directory.put(path_of(key), handle, type);
  when_ended(handle, [self = caf::weak_actor_ptr{ctrl()},
                      instance](const caf::error& err) {
    if (auto strong = self.lock())
      deliver(caf::actor_cast<caf::actor>(strong),
              child_gone{instance, to_reason(err)});
  });
  children_.emplace(instance, child{std::move(handle), key, type});
}

void supervisor::release(instance_id instance) {
  auto i = children_.find(instance);
  if (i == children_.end())
    return;
  leave_directory(i->second);
  children_.erase(i);
}

void supervisor::leave_directory(const child& who) {
  if (!engine_.dynamic() && recipes_.contains(who.key))
    rt_->directory.erase(path_of(who.key), who.handle);
}

// Refuses open requests with noproc.
void supervisor::on_exit() {
  tickets_.clear();
}

// Children that are left when a supervisor ends follow it, as over an OTP link:
// the reason `killed` can be trapped, the signal `kill` could not.
void supervisor::on_cleanup(const caf::error& err) {
  auto reason = to_reason(err);
  for (auto& [_, c] : children_) {
    leave_directory(c);
    if (c.type == child_type::supervisor)
      signal_trapped_exit(c.handle, reason, this);
    else
      signal_exit(c.handle, reason, this);
  }
  if (auto fn = std::exchange(initialized_, nullptr))
    fn(start_failed{reason});
  pinned_actor::on_cleanup(err);
}

void supervisor::let_go() {
  children_.clear();
}

caf::actor supervisor::handle_of(instance_id instance) const {
  auto i = children_.find(instance);
  return i == children_.end() ? caf::actor{} : i->second.handle;
}

std::string supervisor::path_of(child_key key) const {
  return path_ + "/" + recipes_.at(key).id;
}

time_point supervisor::now() const {
  return rt_->time != nullptr ? rt_->time->now()
                              : std::chrono::steady_clock::now();
}

} // namespace coppice::actor
