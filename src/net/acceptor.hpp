// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "coppice/actor/child_spec.hpp"
#include "coppice/fault/site.hpp"
#include "net/connection_table.hpp"
#include "net/event_loop.hpp"
#include "net/fault_action.hpp"
#include "net/listener_core.hpp"
#include "net/socket.hpp"
#include "net/waiting_room.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace coppice::net {

/// Accepts on the socket of a listener's port and spawns a connection for each
/// client. One lives on each reactor.
///
/// A condition of the machine (no descriptors, no memory) pauses it; a
/// condition of one client is skipped; a broken socket ends it.
class acceptor final : public actor::pinned_actor,
                       public connection_hub,
                       private accepting_side,
                       private io_handler,
                       private timer {
public:
  acceptor(caf::actor_config& cfg, listener_core_ptr owner, event_loop& loop,
           std::string path, actor::start_args start);

  const char* name() const override {
    return "coppice.acceptor";
  }

  caf::behavior make_behavior() override;

  void on_exit() override;

  connection_table* connections() noexcept override {
    return linked_.get();
  }

private:
  // So that a flood of new clients does not starve those that are connected. A
  // turn that meets one error only is not its clients' fault.
  static constexpr int accepts_a_turn = 16;

  void on_io(std::uint32_t events) override;
  void on_timer() override;
  void on_change() override;
  void on_resumed() override;
  bool serve(accepted_client& client) override;
  void retire() override;

  void accept_some();
  void use_port(std::shared_ptr<port> now);
  bool shares_socket() const;
  void go_to_the_end_of_the_line();
  bool takes_token();
  bool a_client_waits() const;
  bool may_wait() const;
  void let_wait(accepted_client client);
  void serve_waiting();
  void reject_waiting(event_loop::clock::time_point until);
  socket accept(sockaddr_storage& from);
  socket accept4(sockaddr_storage& from);
  bool client_waits() const;
  void drop_client();
  void check_delay();
  int error_of_fault(const fault::decision& decision);
  void apply_fault(const fault::decision& decision);
  void spawn_connection(accepted_client client);
  bool admits(const observe::peer_address& client);
  bool on_accept_error(int error);
  bool comes_again(int error);
  void pause(int error);
  void pause_for(event_loop::clock::duration length);
  void set_timer();
  bool watch();
  void watch_or_quit();
  void unwatch();
  void publish(observe::event_kind kind, std::string detail = {});

  listener_core_ptr owner_;
  event_loop& loop_;
  std::string path_;
  actor::start_args start_;
  std::uint64_t port_owner_ = 0;
  std::shared_ptr<port> port_;  // null while it is closed
  std::vector<int> sockets_;    // of it, for this acceptor
  std::size_t next_socket_ = 0; // to accept from
  int in_a_row_ = 0;            // clients, before it is another's turn
  int same_error_ = 0;          // how often accepting failed with …
  int last_error_ = 0;          // … this error, in a row
  connection_table_ptr linked_; // null where connections have a supervisor
  caf::strong_actor_ptr self_;  // while the reactor may call us
  bool watching_ = false;
  waiting_room waiting_;
  std::optional<event_loop::clock::time_point> paused_until_;
  std::optional<lateness> late_; // of accepting, by a fault
  bool next_passes_ = false;     // as it was late
  bool late_timer_ = false;      // by a fault
  bool pause_told_ = false;      // and its end is not
  bool paused_by_rate_ = false;  // if it is paused
  event_loop::clock::time_point warned_
    = event_loop::clock::time_point{} - std::chrono::hours{1};
};

} // namespace coppice::net
