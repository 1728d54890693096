// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "coppice/actor/child_spec.hpp"
#include "net/connection_table.hpp"
#include "net/event_loop.hpp"
#include "net/listener_core.hpp"

#include <optional>
#include <string>

namespace coppice::net {

/// Supervises the connections of one reactor: temporary children that are
/// shut down all at once, and killed four seconds after `limits::goodbye`. The
/// acceptor of the reactor adds to them without a message.
///
/// Source: OTP supervisor, simple_one_for_one.
class connection_supervisor final : public actor::pinned_actor,
                                    public connection_hub,
                                    private timer {
public:
  connection_supervisor(caf::actor_config& cfg, listener_core_ptr owner,
                        event_loop& loop, std::string path,
                        actor::start_args start);

  const char* name() const override {
    return "coppice.connection-supervisor";
  }

  caf::behavior make_behavior() override;

  void on_exit() override;

  connection_table* connections() noexcept override {
    return table_.get();
  }

private:
  void on_timer() override;

  void stop(const supervision::exit_reason& reason);

  listener_core_ptr owner_;
  event_loop& loop_;
  std::string path_;
  actor::start_args start_;
  caf::actor_addr parent_;
  connection_table_ptr table_;
  std::optional<supervision::exit_reason> stopping_;
};

} // namespace coppice::net
