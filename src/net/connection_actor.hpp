// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "coppice/fault/site.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/proxy.hpp"
#include "coppice/net/refusal.hpp"
#include "net/byte_flow.hpp"
#include "net/connection_table.hpp"
#include "net/counters.hpp"
#include "net/deadlines.hpp"
#include "net/event_loop.hpp"
#include "net/socket.hpp"
#include "net/stage.hpp"
#include "net/timer_wheel.hpp"
#include "net/toxic/pipe.hpp"
#include "observe/connection_log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::net {

class listener_core;
struct connection_settings;

/// A client that was accepted.
struct accepted_client {
  socket sock;
  observe::peer_address peer;
  /// What its connection begins with; null until there is one.
  std::shared_ptr<const connection_settings> settings = {};
};

/// The actor of one accepted socket. Lives on a reactor, which calls it when
/// the socket is ready; requests arrive in its mailbox, as for any actor. What
/// its handler sees of it is `connection`.
///
/// Only on its reactor.
class connection_actor final : public actor::pinned_actor,
                               public connection,
                               public connection_table::entry,
                               private io_handler,
                               private timer,
                               private stage_host {
public:
  connection_actor(caf::actor_config& cfg, std::shared_ptr<listener_core> owner,
                   event_loop& loop, connection_table_ptr table,
                   accepted_client client);

  ~connection_actor() override;

  // -- for handlers, see `connection` -----------------------------------------

  void write(std::string_view data);
  void close();
  void abort(const supervision::exit_reason& reason);
  void call_when_writable();
  void pause_reading();
  void resume_reading();
  void set_timeout(std::optional<std::chrono::milliseconds> idle);
  void start_tls();
  const tls_info* tls() const;

  const proxy_info* proxy() const noexcept {
    return proxy_.get();
  }

  std::size_t waiting_bytes() const noexcept {
    return bytes_.waiting_bytes();
  }

  std::uint64_t id() const noexcept {
    return id_;
  }

  const observe::peer_address& peer() const noexcept {
    return peer_;
  }

  std::string path() const;

  caf::actor handle();

  // -- for its listener -------------------------------------------------------

  /// The version of TLS, or `handshake`; empty: there is none.
  std::string_view tls_state() const noexcept;

  /// What a record of its end would say now, but for the reason.
  observe::connection_record until_now() const;

  const char* name() const override {
    return "coppice.connection";
  }

  caf::behavior make_behavior() override;

  void on_exit() override;

  /// Tells the handler, once, that the listener drains.
  void drain();

  /// Makes those of `all` that concern it the toxics of this connection.
  void sync_toxics(const toxic_list& all);

  /// Reads at the rates that its listener has now.
  void sync_rates();

private:
  enum class phase {
    opening, // there is no handler before a header or a handshake
    open,
    flushing,  // closed by the handler; output waits
    lingering, // nothing to send; waits for the peer's end
  };

  void on_io(std::uint32_t events) override;
  void on_timer() override;
  void on_resumed() override;
  void on_exit_signal(const supervision::exit_reason& reason);
  void on_message(caf::message& msg);
  void tell_of_drain();

  // Before the handler.
  void prepare();
  void begin_handshake();
  void go_on_opening();
  void open_up();
  void end_handshake();
  void refuse_late(time_limit limit);

  // Bytes.
  void read();
  void on_input_end();
  void flush();
  void pump();
  void place_toxics(const toxic_list& all);
  void place_rates();
  void update_interest() override;

  // Time.
  deadlines::situation situation() const noexcept;
  void watch_time();
  void expire(time_limit limit);
  void begin_to_wait();

  // The end.
  void finish_close();
  void obey(const stage::forced_end& end);
  void fail(int error);
  void quit_closed();
  void say_goodbye();
  void leave(std::string_view reason);
  void report_crash(const supervision::exit_reason& reason);
  void record_start();
  void record_end(std::string_view reason);

  // Faults.
  bool may_start(const fault::decision& decision);

  // For the stages.
  bool wants_input() const noexcept override;
  void on_stage_due() override;
  void call_soon() override;
  void on_heard() override;
  void on_output_moved() override;
  void on_output_blocked() override;
  void run_after(std::chrono::nanoseconds delay,
                 std::function<void()> fn) override;
  void apply_fault(const fault::decision& decision) override;
  void refuse(refusal what, const std::string& why) override;
  void end_with(const supervision::exit_reason& reason) override;
  void on_proxy_header(proxy_info info) override;

  std::shared_ptr<listener_core> owner_;
  event_loop& loop_;
  connection_table_ptr table_;
  std::shared_ptr<const connection_settings> settings_;
  std::unique_ptr<handler> handler_;
  traffic_counters& traffic_;
  byte_flow bytes_;
  std::uint64_t id_;
  observe::peer_address peer_;
  event_loop::clock::time_point opened_;
  deadlines deadlines_;
  caf::strong_actor_ptr self_;        // while the reactor may call us
  std::unique_ptr<proxy_info> proxy_; // null: there was no header
  phase phase_ = phase::opening;
  bool counted_ = false;    // by its address
  bool recorded_ = false;   // its start
  bool handshakes_ = false; // and has a place for that
  bool called_soon_ = false;
  bool leaving_ = false; // the server ends it and does not wait for the peer
  bool drain_told_ = false;
  bool late_timer_ = false; // by a fault
  bool unwatched_ = false;  // by its reactor, since it is suspended
};

} // namespace coppice::net
