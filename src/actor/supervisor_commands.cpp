// SPDX-License-Identifier: BSD-3-Clause

#include "actor/supervisor.hpp"

#include "actor/directory.hpp"
#include "actor/fault_points.hpp"
#include "actor/messages.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "observe/blame.hpp"
#include "observe/end_notes.hpp"
#include "supervision/overloaded.hpp"

#include <algorithm>
#include <utility>

namespace coppice::actor {

using namespace supervision;
using observe::event_kind;
using observe::node_state;

namespace {

// For a person; all of them are in the tree.
constexpr std::size_t names_in_an_event = 16;

std::string text_of(const exit_reason& reason) {
  return observe::shortened(to_string(reason));
}

std::string budget_text(std::size_t used, const restart_window& window) {
  return std::to_string(used) + " of " + std::to_string(window.intensity())
         + " restarts in " + std::to_string(window.period().count())
         + " s used";
}

std::string budget_text(const own_budget& own) {
  auto size = std::to_string(own.intensity) + " restarts in "
              + std::to_string(own.period.count()) + " s";
  if (own.used_up)
    return "its own budget of " + size + " is used up";
  return std::to_string(own.used) + " of its own " + size + " used";
}

} // namespace

// -- things to do -------------------------------------------------------------

void supervisor::run(start_instance& cmd) {
  learn(cmd);
  if (occasion_.asked && occasion_.cause == 0)
    occasion_.cause = recipes_.at(cmd.key).end;
  show(cmd.key, node_state::starting);
  starting_ = cmd.instance;
  starting_key_ = cmd.key;
  auto& point = rt_->points.start;
  if (point.armed()) [[unlikely]]
    if (auto what = point.hit(path_of(cmd.key)); what && !may_start(cmd, *what))
      return;
  start(cmd);
}

void supervisor::start(const start_instance& cmd) {
  auto result = call_start(cmd);
  std::visit(
    overloaded{
      [&](running& x) {
        adopt(cmd.instance, cmd.key, std::move(x.child));
        answer_start(cmd.instance, started{std::move(x.info)});
      },
      [&](starting& x) {
        acknowledging_ = cmd.instance;
        adopt(cmd.instance, cmd.key, std::move(x.child));
        if (called_off_)
          call_off();
      },
      [&](ignored& x) { answer_start(cmd.instance, x); },
      [&](start_failed& x) { answer_start(cmd.instance, std::move(x)); },
    },
    result);
}

// What came in while the start function ran comes before its return.
void supervisor::answer_start(instance_id instance, start_outcome outcome) {
  if (mailbox().empty())
    on_started(instance, std::move(outcome));
  else
    deliver(caf::actor_cast<caf::actor>(ctrl()),
            start_message{instance, std::move(outcome)});
}

void supervisor::run(send_signal& cmd) {
  auto i = children_.find(cmd.instance);
  if (i == children_.end()) {
    if (delayed_ && delayed_->instance == cmd.instance)
      starting_ = 0; // it will not begin any more
    return;
  }
  auto handle = i->second.handle;
  if (cmd.what == signal::kill)
    signal_kill(handle);
  else if (auto& point = rt_->points.stop; !point.armed()) [[likely]]
    ask_to_end(cmd.instance);
  else if (auto what = point.hit(path_of(cmd.key)))
    stop_with_fault(cmd.instance, *what);
  else
    ask_to_end(cmd.instance);
  if (cmd.instance != starting_)
    return;
  // An actor that was not ready in time is no child, and its end is not waited
  // for; but as long as it is alive, requests find it.
  starting_ = acknowledging_ = 0;
  rt_->directory.abandon(path_of(cmd.key), handle);
  release(cmd.instance);
}

void supervisor::ask_to_end(instance_id instance) {
  auto i = children_.find(instance);
  if (i == children_.end())
    return;
  if (i->second.type != child_type::supervisor) {
    signal_exit(i->second.handle, exit_reason::shutdown(), this);
    return;
  }
  if (!engine_.dynamic())
    rt_->blame.put(path_of(i->second.key), occasion_.cause); // for its children
  signal_trapped_exit(i->second.handle, exit_reason::shutdown(), this);
}

void supervisor::run(arm_timer& cmd) {
  tell_later(cmd.delay, timer_message{cmd.generation});
}

void supervisor::run(abandon& cmd) {
  if (auto handle = handle_of(cmd.instance))
    rt_->directory.abandon(path_of(cmd.key), handle);
  release(cmd.instance);
  publish(event_kind::unkillable, path_of(cmd.key), {},
          rt_->end_notes.take(path_of(cmd.key)));
}

void supervisor::run(retry_later& cmd) {
  show(cmd.key, node_state::restarting);
  postponed_[cmd.key] = occasion_;
  deliver(caf::actor_cast<caf::actor>(ctrl()), retry_message{cmd.key});
}

void supervisor::run(up&) {
  if (auto fn = std::exchange(initialized_, nullptr))
    fn(started{});
}

void supervisor::run(stopped& cmd) {
  if (auto fn = std::exchange(initialized_, nullptr))
    fn(start_failed{cmd.reason});
  quit(to_error(cmd.reason));
}

void supervisor::run(forget& cmd) {
  if (!engine_.dynamic())
    rt_->tree.remove(path_of(cmd.key), id());
  auto i = recipes_.find(cmd.key);
  instances_.erase(i->second.actor);
  (void)rt_->end_notes.take(path_of(cmd.key)); // nobody reports that end
  recipes_.erase(i);
  postponed_.erase(cmd.key);
}

// -- things to know -----------------------------------------------------------

void supervisor::run(exit_noticed& cmd) {
  release(cmd.instance);
  if (cmd.key == 0)
    return;
  show_exit(cmd.key, cmd.reason);
  auto incarnation = show(cmd.key, node_state::stopped);
  occasion_ = {rt_->blame.take(path_of(cmd.key))};
  auto seq
    = publish(event_kind::child_exited, path_of(cmd.key), text_of(cmd.reason),
              rt_->end_notes.take(path_of(cmd.key)), incarnation);
  occasion_ = {seq, "exit \"" + text_of(cmd.reason) + "\""};
  recipes_.at(cmd.key).end = seq;
}

void supervisor::run(retry_noticed& cmd) {
  occasion_ = take_postponed(cmd.key);
}

void supervisor::run(wait_over& cmd) {
  occasion_ = take_postponed(cmd.key);
  if (auto* own = engine_.own_window(cmd.key);
      own != nullptr && !engine_.dynamic())
    rt_->tree.set_own_budget(path_of(cmd.key), *own, id());
}

void supervisor::run(request_noticed&) {
  occasion_ = {0, {}, true};
}

void supervisor::run(parent_noticed&) {
  occasion_ = {cause_of_end_};
}

void supervisor::run(child_down& cmd) {
  release(cmd.instance);
  show_exit(cmd.key, cmd.reason);
  auto incarnation = show(cmd.key, node_state::stopped);
  if (engine_.dynamic())
    return;
  // It has ended for this, or because somebody asked its supervisor.
  if (auto asked = rt_->blame.take(path_of(cmd.key)); occasion_.cause == 0)
    occasion_.cause = asked;
  recipes_.at(cmd.key).end
    = publish(event_kind::child_stopped, path_of(cmd.key), text_of(cmd.reason),
              rt_->end_notes.take(path_of(cmd.key)), incarnation);
}

// As in OTP, nothing is said of dynamic children that start as they should.
void supervisor::run(progress& cmd) {
  if (engine_.dynamic())
    bind(cmd.key, cmd.instance);
  auto incarnation = show(cmd.key, node_state::running);
  if (burning_)
    signal_exit(handle_of(cmd.instance), *burning_, this);
  postponed_.erase(cmd.key);
  auto again = incarnation > 1;
  auto note = std::exchange(start_note_, {});
  if (again && occasion_.asked)
    note = note.empty() ? "as asked" : "as asked, " + note;
  if (!cmd.dynamic || again)
    publish(again && !occasion_.asked ? event_kind::child_restarted
                                      : event_kind::child_started,
            path_of(cmd.key), {}, std::move(note), incarnation);
}

void supervisor::run(restart_decided& cmd) {
  if (cmd.delay.count() > 0)
    show(cmd.key, node_state::restarting);
  auto detail = std::string{to_string(cmd.restart)} + ", " + occasion_.why;
  if (cmd.affected.size() > 1) {
    detail += ", ";
    detail += to_string(cmd.strategy);
    detail += " restarts";
    auto named = std::min(cmd.affected.size(), names_in_an_event);
    for (std::size_t i = 0; i < named; ++i)
      detail += " " + recipes_.at(cmd.affected[i]).id;
    if (named < cmd.affected.size())
      detail += " and " + std::to_string(cmd.affected.size() - named) + " more";
  }
  detail += ", "
            + (cmd.own ? budget_text(*cmd.own)
                       : budget_text(cmd.used, engine_.window()));
  if (cmd.delay.count() > 0)
    detail += ", in " + std::to_string(cmd.delay.count()) + " ms";
  rt_->tree.set_supervisor(path_, cmd.strategy, engine_.window(), id());
  if (cmd.own && !engine_.dynamic())
    rt_->tree.set_own_budget(path_of(cmd.key), *engine_.own_window(cmd.key),
                             id());
  auto ev = event_of(event_kind::restarting, path_of(cmd.key), {}, detail);
  ev.decided = decision_on(cmd.restart, cmd.affected);
  ev.decided->budget_used = cmd.used;
  ev.decided->delay = cmd.delay;
  ev.decided->own = cmd.own;
  occasion_.cause = rt_->events.publish(std::move(ev));
  if (cmd.delay.count() > 0)
    postponed_[cmd.key] = occasion_;
}

// A watchdog strikes whatever is being done.
void supervisor::run(stalled& cmd) {
  auto path = path_of(cmd.key);
  auto seq = rt_->events.publish({.cause = rt_->blame.take(path),
                                  .kind = event_kind::stalled,
                                  .path = path});
  rt_->blame.put(path, seq);
  if (auto* who = dynamic_cast<pinned_actor*>(
        caf::actor_cast<caf::abstract_actor*>(handle_of(cmd.instance))))
    who->announce_stall();
}

void supervisor::run(report& cmd) {
  switch (cmd.context) {
  case report_context::child_terminated:
    return; // the exit itself was published already
  case report_context::shutdown_error:
    // … and so was the end of a child that has a node of its own.
    if (engine_.dynamic() && cmd.offender.count == 0)
      publish(event_kind::child_stopped, path_of(cmd.key),
              text_of(*cmd.reason));
    else if (engine_.dynamic())
      publish(event_kind::notice, path_, {},
              std::to_string(cmd.offender.count) + " children of " + cmd.id
                + " stopped: " + text_of(*cmd.reason));
    return;
  case report_context::start_error:
    occasion_.cause
      = publish(event_kind::start_failed, path_of(cmd.key),
                text_of(*cmd.reason), rt_->end_notes.take(path_of(cmd.key)));
    occasion_.why = "start failed \"" + text_of(*cmd.reason) + "\"";
    return;
  case report_context::shutdown:
    rt_->tree.set_supervisor(path_, engine_.settings().strategy,
                             engine_.window(), id());
    auto used = engine_.window().used(now());
    auto ev = event_of(event_kind::gave_up, path_, {},
                       cmd.id + " failed once too often, "
                         + budget_text(used, engine_.window()));
    ev.decided = decision_on(cmd.restart, {cmd.key});
    ev.decided->budget_used = used;
    occasion_.cause = rt_->events.publish(std::move(ev));
    rt_->blame.put(path_, occasion_.cause);
  }
}

// -- the tree -----------------------------------------------------------------

supervisor::occasion supervisor::take_postponed(child_key key) {
  auto found = postponed_.extract(key);
  return found.empty() ? occasion{} : std::move(found.mapped());
}

void supervisor::show_new(child_key key) {
  auto& spec = engine_.children().at(key).spec();
  rt_->tree.add(path_, spec.id, spec.type, spec.restart, id());
  if (auto* own = engine_.own_window(key))
    rt_->tree.set_own_budget(path_of(key), *own, id());
}

// Of dynamic children, the tree knows the number only.
std::uint64_t supervisor::show(child_key key, node_state state) {
  if (!engine_.dynamic())
    return rt_->tree.set_state(path_of(key), state, id());
  auto& incarnation = recipes_.at(key).incarnation;
  if (state == node_state::running) {
    ++incarnation;
    members_->fetch_add(1, std::memory_order_relaxed);
  } else if (state == node_state::stopped) {
    members_->fetch_sub(1, std::memory_order_relaxed);
  }
  return incarnation;
}

void supervisor::show_exit(child_key key, const exit_reason& reason) {
  if (!engine_.dynamic())
    rt_->tree.set_last_exit(path_of(key), text_of(reason), id());
}

observe::decision
supervisor::decision_on(restart what,
                        const std::vector<child_key>& affected) const {
  auto& window = engine_.window();
  observe::decision result;
  result.restart = what;
  result.strategy = engine_.settings().strategy;
  result.intensity = window.intensity();
  result.period = window.period();
  result.affected_count = affected.size();
  for (std::size_t i = 0; i < std::min(affected.size(), names_in_an_event); ++i)
    result.affected.push_back(recipes_.at(affected[i]).id);
  return result;
}

observe::event supervisor::event_of(event_kind kind, std::string path,
                                    std::string reason,
                                    std::string detail) const {
  observe::event ev;
  ev.kind = kind;
  ev.cause = occasion_.cause;
  ev.path = std::move(path);
  ev.reason = std::move(reason);
  ev.detail = std::move(detail);
  return ev;
}

std::uint64_t supervisor::publish(event_kind kind, std::string path,
                                  std::string reason, std::string detail,
                                  std::uint64_t incarnation) {
  auto ev
    = event_of(kind, std::move(path), std::move(reason), std::move(detail));
  ev.incarnation = incarnation;
  return rt_->events.publish(std::move(ev));
}

} // namespace coppice::actor
