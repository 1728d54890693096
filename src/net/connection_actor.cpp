// SPDX-License-Identifier: BSD-3-Clause

#include "net/connection_actor.hpp"

#include "actor/fault_points.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"
#include "net/listener_core.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

connection_actor::connection_actor(caf::actor_config& cfg,
                                   std::shared_ptr<listener_core> owner,
                                   event_loop& loop, connection_table_ptr table,
                                   accepted_client client)
    : actor::pinned_actor(cfg, &loop),
      owner_(std::move(owner)),
      loop_(loop),
      table_(std::move(table)),
      settings_(std::move(client.settings)),
      traffic_(owner_->hubs().at(loop_.index()).traffic),
      bytes_(std::move(client.sock), traffic_, *this, owner_->faults()),
      id_(owner_->next_id()),
      peer_(client.peer),
      opened_(loop_.now()),
      deadlines_(settings_->limits, opened_),
      counted_(!settings_->expects_header(peer_)),
      recorded_(counted_) {
  if (recorded_)
    record_start();
  // Nothing may fail from here on: what is in the table has to be taken out.
  table_->add(*this);
  traffic_.accepted.add(1);
}

// An actor that never ran has not exited either.
connection_actor::~connection_actor() {
  leave("never ran");
}

caf::behavior connection_actor::make_behavior() {
  actor::use_exception_text(*this);
  if (!loop_.add(bytes_.socket_end().fd(), bytes_.interest(), *this)) {
    quit(actor::to_error(exit_reason::abnormal(std::strerror(errno))));
    return {};
  }
  self_ = ctrl();
  if (auto decision = owner_->faults().start.hit();
      decision && !may_start(*decision))
    return {};
  if (!owner_->toxics().empty())
    place_toxics(*owner_->toxics().list());
  prepare();
  auto on_exit = [this](caf::exit_msg& msg) {
    on_exit_signal(actor::to_reason(msg.reason));
  };
  auto on_other = [this](caf::message& msg) {
    if (phase_ == phase::open)
      on_message(msg);
  };
  return actor::trapping(*this, on_exit, actor::others(*this, on_other));
}

void connection_actor::drain() {
  if (phase_ == phase::open)
    perform([this] { tell_of_drain(); });
}

void connection_actor::tell_of_drain() {
  if (phase_ == phase::open && !std::exchange(drain_told_, true))
    handler_->on_drain(*this);
}

void connection_actor::on_message(caf::message& msg) {
  auto& point = owner_->rt().points.mailbox;
  if (!point.armed()) [[likely]]
    return handler_->on_message(*this, msg);
  auto decision = point.hit(path());
  if (!decision)
    return handler_->on_message(*this, msg);
  switch (decision->kind) {
  case action_kind::drop:
    return;
  case action_kind::dup: {
    auto copy = msg;
    handler_->on_message(*this, copy);
    break;
  }
  case action_kind::delay:
    run_after(decision->time.value_or(std::chrono::nanoseconds{0}),
              [this, msg]() mutable {
                if (phase_ == phase::open)
                  handler_->on_message(*this, msg);
              });
    return;
  default:
    apply_fault(*decision);
    if (decision->kind != action_kind::hang)
      return;
  }
  handler_->on_message(*this, msg);
}

// -- for handlers -------------------------------------------------------------

void connection_actor::write(std::string_view data) {
  if (phase_ != phase::open)
    return;
  if (auto error = bytes_.send(data); error != 0)
    return fail(error);
  if (data.empty())
    return;
  if (waiting_bytes() + data.size() > settings_->limits.max_output_bytes)
    return abort(exit_reason::shutdown("output_limit"));
  if (!bytes_.output_waits())
    begin_to_wait();
  bytes_.push(data);
  update_interest();
  if (deadlines_.limits_sending())
    watch_time();
}

void connection_actor::abort(const exit_reason& reason) {
  quit(actor::to_error(reason));
}

void connection_actor::call_when_writable() {
  bytes_.call_when_writable();
  update_interest();
}

void connection_actor::pause_reading() {
  bytes_.pause(true);
  update_interest();
}

void connection_actor::resume_reading() {
  bytes_.pause(false);
  update_interest();
  bytes_.schedule();
}

void connection_actor::set_timeout(
  std::optional<std::chrono::milliseconds> idle) {
  deadlines_.set_idle_limit(idle);
  watch_time();
}

void connection_actor::close() {
  if (phase_ != phase::open)
    return;
  phase_ = phase::flushing;
  bytes_.begin_close();
  if (!bytes_.output_waits())
    finish_close();
}

std::string connection_actor::path() const {
  return table_->path() + "/connection:" + std::to_string(id_);
}

caf::actor connection_actor::handle() {
  return caf::actor_cast<caf::actor>(ctrl());
}

// -- faults -------------------------------------------------------------------

void connection_actor::apply_fault(const fault::decision& decision) {
  name_as_cause(owner_->rt(), path(), decision);
  strike(*this, decision);
}

// Returns whether it starts after all.
bool connection_actor::may_start(const fault::decision& decision) {
  switch (decision.kind) {
  case action_kind::error:
    fail(decision.error_code);
    return false;
  case action_kind::drop:
    quit();
    return false;
  case action_kind::delay:
    bytes_.faults().hold_up_input(lateness{decision});
    return true;
  default:
    apply_fault(decision);
    return decision.kind == action_kind::hang;
  }
}

} // namespace coppice::net
