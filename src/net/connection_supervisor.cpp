// SPDX-License-Identifier: BSD-3-Clause

#include "net/connection_supervisor.hpp"

#include "actor/messages.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// How much longer than its goodbye a connection may take to end.
constexpr std::chrono::seconds kill_after{4};

} // namespace

connection_supervisor::connection_supervisor(caf::actor_config& cfg,
                                             listener_core_ptr owner,
                                             event_loop& loop, std::string path,
                                             actor::start_args start)
    : actor::pinned_actor(cfg, &loop),
      owner_(std::move(owner)),
      loop_(loop),
      path_(std::move(path)),
      start_(std::move(start)),
      parent_(start_.supervisor.address()) {
  // nop
}

caf::behavior connection_supervisor::make_behavior() {
  actor::use_exception_text(*this);
  table_ = owner_->hubs().join(loop_.index(), path_, start_.supervisor.id());
  auto& place = owner_->hubs().at(loop_.index());
  if (place.acceptor != nullptr)
    place.acceptor->on_change();
  auto start = std::move(start_); // so as not to hold on to the supervisor
  actor::acknowledge_start(start, supervision::started{});
  auto on_exit_signal = [this](caf::exit_msg& msg) {
    if (msg.source == parent_)
      stop(actor::to_reason(msg.reason));
  };
  caf::message_handler handlers{
    [this](actor::stop_message& msg) { stop(msg.reason); },
  };
  auto on_other = [](caf::message&) {
    // nop: it takes no other messages
  };
  return actor::trapping(*this, on_exit_signal,
                         handlers.or_else(actor::others(*this, on_other)));
}

void connection_supervisor::stop(const exit_reason& reason) {
  if (stopping_)
    return;
  stopping_ = reason;
  owner_->hubs().withdraw(loop_.index(), table_);
  if (table_->size() == 0) {
    quit(actor::to_error(reason));
    return;
  }
  // The last connection calls this from its own `on_exit`: end later.
  table_->on_empty([this, self = caf::strong_actor_ptr{ctrl()}] {
    loop_.run_soon(
      [this, self] { perform([this] { quit(actor::to_error(*stopping_)); }); });
  });
  table_->end_all(exit_reason::shutdown());
  if (auto goodbye = owner_->settings()->limits.goodbye)
    loop_.arm(*this, *goodbye + kill_after);
}

void connection_supervisor::on_timer() {
  table_->kill_all();
}

void connection_supervisor::on_exit() {
  loop_.cancel(*this);
  if (auto table = std::exchange(table_, nullptr)) {
    owner_->hubs().withdraw(loop_.index(), table);
    table->end(actor::to_reason(fail_state_), owner_->rt().end_notes);
  }
}

} // namespace coppice::net
