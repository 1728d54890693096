#include "coppice/actor/supervisor.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/messages.hpp"

#include <utility>

namespace coppice::actor {

using namespace supervision;
using observe::event_kind;
using observe::node_state;

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace

// -- things to do -------------------------------------------------------------

void supervisor::run(start_instance& cmd) {
  rt_->tree.set_state(path_of(cmd.key), node_state::starting, id());
  start_args args{rt_, path_of(cmd.key), caf::actor_cast<caf::actor>(ctrl()),
                  cmd.instance};
  auto answer = [&](start_outcome outcome) {
    feed(start_returned{cmd.instance, std::move(outcome)});
  };
  auto result = call_start(cmd.key, std::move(args));
  std::visit(overloaded{
               [&](running& x) {
                 adopt(cmd.instance, cmd.key, std::move(x.child));
                 answer(started{std::move(x.info)});
               },
               [&](starting& x) {
                 acknowledging_ = cmd.instance;
                 adopt(cmd.instance, cmd.key, std::move(x.child));
               },
               [&](ignored& x) { answer(x); },
               [&](start_failed& x) { answer(std::move(x)); },
             },
             result);
}

void supervisor::run(send_signal& cmd) {
  auto i = children_.find(cmd.instance);
  if (i == children_.end())
    return;
  auto& [handle, path, type] = i->second;
  if (cmd.what == signal::kill)
    signal_kill(handle);
  else if (type == child_type::supervisor)
    signal_trapped_exit(handle, exit_reason::shutdown(), this);
  else
    signal_exit(handle, exit_reason::shutdown(), this);
}

void supervisor::run(arm_timer& cmd) {
  send_after(*this, cmd.delay, timer_message{cmd.generation});
}

void supervisor::run(retry_later& cmd) {
  rt_->tree.set_state(path_of(cmd.key), node_state::restarting, id());
  deliver(caf::actor_cast<caf::actor>(ctrl()), retry_message{cmd.key});
}

void supervisor::run(send_reply&) {
  // nop: nobody can ask yet
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
  rt_->tree.remove(path_of(cmd.key), id());
  factories_.erase(cmd.key);
  ids_.erase(cmd.key);
}

// -- things to know -----------------------------------------------------------

void supervisor::run(exit_noticed& cmd) {
  if (cmd.key == 0)
    return;
  auto path = path_of(cmd.key);
  rt_->tree.set_last_exit(path, to_string(cmd.reason), id());
  auto incarnation = rt_->tree.set_state(path, node_state::stopped, id());
  cause_ = 0;
  cause_ = publish(event_kind::child_exited, path, to_string(cmd.reason), {},
                   incarnation);
  why_ = "exit \"" + to_string(cmd.reason) + "\"";
}

void supervisor::run(retry_noticed&) {
  // nop: the decision that follows says all
}

void supervisor::run(child_down& cmd) {
  auto path = path_of(cmd.key);
  rt_->tree.set_last_exit(path, to_string(cmd.reason), id());
  auto incarnation = rt_->tree.set_state(path, node_state::stopped, id());
  publish(event_kind::child_stopped, path, to_string(cmd.reason), {},
          incarnation);
}

void supervisor::run(progress& cmd) {
  auto path = path_of(cmd.key);
  auto incarnation = rt_->tree.set_state(path, node_state::running, id());
  publish(incarnation > 1 ? event_kind::child_restarted
                          : event_kind::child_started,
          path, {}, {}, incarnation);
}

void supervisor::run(restart_decided& cmd) {
  auto& c = engine_.children().at(cmd.key);
  auto detail = std::string{to_string(c.spec().restart)} + ", " + why_;
  if (cmd.affected.size() > 1) {
    detail += ", ";
    detail += to_string(cmd.strategy);
    detail += " restarts";
    for (auto key : cmd.affected)
      detail += " " + ids_.at(key);
  }
  detail += ", " + budget();
  rt_->tree.set_supervisor(path_, cmd.strategy, engine_.window(), id());
  cause_ = publish(event_kind::restarting, path_of(cmd.key), {}, detail);
}

void supervisor::run(report& cmd) {
  switch (cmd.context) {
  case report_context::child_terminated:
  case report_context::shutdown_error:
    return; // the exit itself was told already
  case report_context::start_error:
    cause_ = publish(event_kind::start_failed, path_of(cmd.key),
                     to_string(*cmd.reason));
    why_ = "start failed \"" + to_string(*cmd.reason) + "\"";
    return;
  case report_context::shutdown:
    rt_->tree.set_supervisor(path_, engine_.settings().strategy,
                             engine_.window(), id());
    cause_ = publish(event_kind::gave_up, path_, {},
                     cmd.id + " failed once too often, " + budget());
  }
}

std::string supervisor::budget() const {
  auto& window = engine_.window();
  return std::to_string(window.used(clock().now())) + " of "
         + std::to_string(window.intensity()) + " restarts in "
         + std::to_string(window.period().count()) + " s used";
}

std::uint64_t supervisor::publish(event_kind kind, std::string path,
                                  std::string reason, std::string detail,
                                  std::uint64_t incarnation) {
  observe::event ev;
  ev.kind = kind;
  ev.cause = cause_;
  ev.path = std::move(path);
  ev.incarnation = incarnation;
  ev.reason = std::move(reason);
  ev.detail = std::move(detail);
  return rt_->events.publish(std::move(ev));
}

} // namespace coppice::actor
