// SPDX-License-Identifier: BSD-3-Clause

#include "process/program_actor.hpp"

#include "actor/more_types.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/runtime.hpp"
#include "observe/blame.hpp"
#include "observe/end_notes.hpp"
#include "process/fake_machine.hpp"
#include "process/programs.hpp"

#include <utility>

namespace coppice::process {

using supervision::exit_reason;
using supervision::shutdown;

namespace {

[[maybe_unused]] const bool process_messages_known = actor::also_register(
  [] { actor::register_block<caf::id_block::coppice_process>(); });

// How long a program may take to end that was asked for before it was ready:
// its supervisor waits for that and does nothing else.
constexpr std::chrono::milliseconds time_to_call_off{500};
// … and one whose supervisor has ended without it.
constexpr std::chrono::milliseconds time_of_orphans{5'000};

// Makes messages of what the machine's thread says.
class reporter final : public observer {
public:
  explicit reporter(caf::actor to) : to_(std::move(to)) {
    // nop
  }

  void started(pid_t pid) override {
    actor::deliver(to_, started_message{pid});
  }

  void not_started(std::string why) override {
    actor::deliver(std::exchange(to_, nullptr),
                   not_started_message{std::move(why)});
  }

  void ready() override {
    actor::deliver(to_, sign_message{sign_message::kind::ready});
  }

  void survives(std::string state) override {
    actor::deliver(to_, survival_message{std::move(state)});
  }

  void progressed() override {
    actor::deliver(to_, sign_message{sign_message::kind::progressed});
  }

  void gave_itself_up() override {
    actor::deliver(to_, sign_message{sign_message::kind::gave_itself_up});
  }

  void ended(program_end how) override {
    actor::deliver(std::exchange(to_, nullptr), ended_message{std::move(how)});
  }

private:
  caf::actor to_; // not in a circle: it is given up at the end
};

bool is_kill(caf::mailbox_element& what) {
  return actor::is_exit(what)
         && what.content().get_as<caf::exit_msg>(0).reason
              == caf::exit_reason::kill;
}

} // namespace

program_actor::program_actor(caf::actor_config& cfg,
                             const actor::start_args& args, program_child how)
    : pinned_actor(cfg, args.rt->time),
      args_(args),
      how_(std::move(how)),
      points_(args.rt->faults) {
  // nop
}

caf::behavior program_actor::make_behavior() {
  actor::use_exception_text(*this);
  auto result = actor::trapping(
    *this, [this](caf::exit_msg& msg) { on_exit_signal(msg); },
    caf::message_handler{
      [this](started_message& msg) { on_started(msg.pid); },
      [this](not_started_message& msg) { on_not_started(msg.why); },
      [this](sign_message& msg) { on_sign(msg.what); },
      [this](ended_message& msg) { on_ended(msg.how); },
      [this](wish_message& msg) { on_wish(msg); },
      [this](survival_message& msg) {
        args_.rt->end_notes.put(args_.path, std::move(msg.state));
      },
    }
      .or_else(actor::others(*this, [](caf::message&) {})));
  if (auto fault = points_.start.hit(args_.path);
      !fault || start_with_fault(*fault))
    start();
  return result;
}

// CAF ends every actor that gets a kill signal, on the spot.
actor::enqueue_result program_actor::enqueue(caf::mailbox_element_ptr what,
                                             actor::host_context* context) {
  if (!what || !is_kill(*what))
    return pinned_actor::enqueue(std::move(what), context);
  actor::deliver(caf::actor_cast<caf::actor>(ctrl()),
                 wish_message{wish_message::kind::kill, 0},
                 actor::priority::urgent);
  return actor::enqueue_result(true);
}

void program_actor::call_off_start() {
  actor::signal_exit(caf::actor_cast<caf::actor>(ctrl()),
                     exit_reason::shutdown());
}

void program_actor::announce_stall() {
  stalled_ = true;
}

void program_actor::start() {
  auto& on = how_.on != nullptr          ? *how_.on
             : args_.rt->time != nullptr ? fake_machine()
                                         : linux_machine();
  program_
    = on.start({how_.what, args_.path, args_.rt.get(), how_.progress_within},
               std::make_shared<reporter>(caf::actor_cast<caf::actor>(ctrl())));
}

// -- what is asked of it ------------------------------------------------------

void program_actor::on_exit_signal(caf::exit_msg& msg) {
  auto reason = actor::to_reason(msg.reason);
  auto by_supervisor = msg.source == args_.supervisor.address();
  auto first = !asked_.has_value();
  if (first)
    asked_ = reason;
  if (!acknowledged_)
    be_up_to(time_to_call_off);
  else if (!reason.plain_shutdown())
    be_up_to(time_of_orphans); // nobody kills it later
  else if (!by_supervisor && how_.shutdown.kind() == shutdown::how::timeout)
    be_up_to(how_.shutdown.limit());
  if (program_ == nullptr)
    end_with(reason);
  else if (!by_supervisor && acknowledged_ && reason.plain_shutdown()
           && how_.shutdown.kind() == shutdown::how::brutal_kill)
    kill();
  else if (first)
    stop();
}

void program_actor::on_wish(const wish_message& wish) {
  switch (wish.what) {
  case wish_message::kind::kill:
  case wish_message::kind::time_is_up:
    kill();
    break;
  case wish_message::kind::late_start:
    if (!asked_)
      start();
    break;
  case wish_message::kind::late_stop:
    if (program_ != nullptr)
      program_->stop();
    break;
  case wish_message::kind::signal:
    if (program_ != nullptr)
      program_->signal(wish.number);
    break;
  }
}

void program_actor::stop() {
  if (auto fault = points_.stop.hit(args_.path);
      !fault || stop_with_fault(*fault))
    program_->stop();
}

void program_actor::kill() {
  if (program_ == nullptr) {
    end_with(exit_reason::killed());
    return;
  }
  killed_ = true;
  auto stalled = stalled_.exchange(false);
  was_stalled_ |= stalled;
  program_->kill(stalled ? how_.what->stall_signal : 0);
}

void program_actor::be_up_to(std::chrono::milliseconds limit) {
  if (!std::exchange(limited_, true))
    remind(limit, wish_message::kind::time_is_up);
}

void program_actor::remind(std::chrono::milliseconds delay,
                           wish_message::kind what) {
  if (args_.rt->time == nullptr) {
    actor::send_after(*this, delay, wish_message{what, 0});
    return;
  }
  args_.rt->time->after(delay, [self = caf::weak_actor_ptr{ctrl()}, what] {
    if (auto strong = self.lock())
      actor::deliver(caf::actor_cast<caf::actor>(strong),
                     wish_message{what, 0});
  });
}

// -- what becomes of it -------------------------------------------------------

void program_actor::on_started(pid_t pid) {
  pid_ = pid;
}

void program_actor::on_not_started(const std::string& why) {
  end_with(asked_.value_or(exit_reason::abnormal(why)));
}

void program_actor::on_sign(sign_message::kind what) {
  switch (what) {
  case sign_message::kind::ready:
    on_ready();
    break;
  case sign_message::kind::progressed:
    actor::report_progress(args_);
    break;
  case sign_message::kind::gave_itself_up:
    if (!instead_)
      instead_ = exit_reason::abnormal("it gave itself up (WATCHDOG=trigger)");
    program_->kill(how_.what->stall_signal);
    break;
  }
}

void program_actor::on_ready() {
  if (acknowledged_ || asked_)
    return;
  acknowledged_ = true;
  auto fault = points_.end.hit(args_.path);
  actor::acknowledge_start(args_,
                           supervision::started{"pid " + std::to_string(pid_)});
  if (fault)
    exit_with_fault(*fault);
}

void program_actor::on_ended(program_end& how) {
  auto reason = reason_of(how, *how_.what);
  auto own = reason;
  if (!acknowledged_ && !asked_ && reason.what() == exit_reason::kind::normal
      && how_.what->ready.when == readiness::kind::exit) {
    acknowledged_ = true;
    actor::acknowledge_start(args_, supervision::ignored{});
    end_with(exit_reason::normal());
    return;
  }
  if (asked_ && (!acknowledged_ || !asked_->plain_shutdown()))
    reason = *asked_;
  else if (instead_)
    reason = *instead_;
  // The failure of a start that was killed was reported before; the next to
  // report is another program's.
  if (acknowledged_ || !killed_)
    args_.rt->end_notes.put(
      args_.path,
      details_of(how, pid_,
                 reason != own || was_stalled_ ? to_string(own) : ""));
  end_with(reason);
}

void program_actor::end_with(const exit_reason& reason) {
  program_ = nullptr;
  quit(actor::to_error(reason));
}

namespace {

bool is_program(const caf::actor& who) {
  return dynamic_cast<program_actor*>(
           caf::actor_cast<caf::abstract_actor*>(who))
         != nullptr;
}

} // namespace

bool is_program(const actor::runtime& rt, std::string_view path) {
  auto who = rt.actor_at(path);
  return who && is_program(who);
}

expected<void, std::string> send_signal(actor::runtime& rt,
                                        std::string_view path, int number,
                                        std::string_view on_behalf) {
  auto who = rt.actor_at(path);
  if (!who)
    return unexpected{"there is no actor at \"" + std::string{path} + "\""};
  if (!is_program(who))
    return unexpected{"\"" + std::string{path}
                      + "\" is not a program: it cannot be sent a signal"};
  if (!on_behalf.empty())
    rt.events.publish({.kind = observe::event_kind::notice,
                       .path = std::string{path},
                       .detail = signal_name(number) + " is sent to it: "
                                 + std::string{on_behalf}});
  actor::deliver(who, wish_message{wish_message::kind::signal, number});
  return {};
}

} // namespace coppice::process
