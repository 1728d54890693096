#pragma once

#include "coppice/actor/compat.hpp"
#include "coppice/fault/site.hpp"
#include "coppice/net/connection_table.hpp"
#include "coppice/net/counters.hpp"
#include "coppice/net/fault_action.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/net/socket.hpp"
#include "coppice/net/timer_wheel.hpp"
#include "coppice/net/toxic/link.hpp"
#include "coppice/observe/connection_log.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coppice::net {

class listener;
struct connection_settings;

/// A client that was let in.
struct accepted_client {
  socket sock;
  observe::peer_address peer;
};

/// The actor of one accepted socket. Lives on a reactor, which calls it when
/// the socket is ready; control comes by its mailbox, as to any actor.
///
/// Everything is for the reactor's thread, that is: for its handler.
class connection final : public actor::pinned_actor,
                         private io_handler,
                         private timer {
public:
  connection(caf::actor_config& cfg, std::shared_ptr<listener> owner,
             reactor& home, connection_table_ptr table, accepted_client client);

  ~connection() override;

  // -- for handlers -----------------------------------------------------------

  /// Sends `data`, at once as far as the kernel takes it. What it does not
  /// take waits, and nothing more is read until it is gone, so that a peer who
  /// does not read costs bounded memory.
  void write(std::string_view data);

  /// Sends what waits, then closes: the peer sees the end, not a reset.
  void close();

  /// Ends at once, for `reason`; what waits is lost.
  void abort(const supervision::exit_reason& reason);

  /// Has `handler::on_writable` called once the kernel takes more, also if
  /// nothing waits; for those who send for as long as somebody takes it.
  void call_when_writable();

  /// Reads nothing until `resume`, so that the peer has to wait.
  void pause();
  void resume();

  /// Sets the idle limit of this connection, in place of the listener's; none
  /// if it is unset. Counts from the peer's last byte.
  void set_timeout(std::optional<std::chrono::milliseconds> idle);

  /// Bytes that were written and wait to be sent, toxics' doing included.
  std::size_t waiting_bytes() const noexcept {
    auto held = toxics_ == nullptr ? 0 : toxics_->downstream.held_bytes();
    return pending_.size() - pending_offset_ + held;
  }

  /// Unique within its listener.
  std::uint64_t id() const noexcept {
    return id_;
  }

  /// Who is at the other end.
  const observe::peer_address& peer() const noexcept {
    return peer_;
  }

  /// The path in the supervision tree.
  std::string path() const;

  caf::actor handle();

  const char* name() const override {
    return "coppice.connection";
  }

  // -- implementation ---------------------------------------------------------

  caf::behavior make_behavior() override;

  void on_exit() override;

  /// Tells the handler, once, that the listener drains. On the reactor.
  void drain();

  /// Makes those of `all` that concern it the toxics of this connection. On the
  /// reactor.
  void sync_toxics(const toxic_list& all);

private:
  friend class connection_table;
  friend class toxic_link;

  enum class phase {
    open,
    flushing,  // closed by the handler; output waits
    lingering, // nothing to send; waits for the peer's end
  };

  // What faults make of one.
  struct direction {
    bool late = false;        // nothing passes yet
    bool next_passes = false; // as it was late
  };

  struct due {
    reactor::clock::time_point at;
    time_limit what;
  };

  void on_io(std::uint32_t events) override;
  void on_timer() override;
  void on_exit_signal(const supervision::exit_reason& reason);
  std::optional<due> next_due() const;
  void watch_time();
  void expire(time_limit what);
  std::int64_t taken_by_peer() const;
  void note_progress();
  void tell_of_drain();

  // The two ways between socket and handler, and so the place of whatever is to
  // stand there: TLS, the PROXY protocol. As recv(2) and send(2).
  ssize_t receive(std::span<char> into);
  ssize_t transmit(std::string_view data);

  void read();
  void read_once(int times = 1);
  void on_peer_done();
  ssize_t send(std::string_view data);
  void flush();
  void finish_close();
  void discard_input();
  void fail(int error);
  void update_interest();
  void report_crash(const supervision::exit_reason& reason);
  void leave(std::string_view reason);
  void record(observe::connection_record::kind what, std::string_view reason);

  // Toxics, which stand between these two ways and the handler.
  void place_toxics(const toxic_list& all);
  void on_toxics_due();
  void pump();
  ssize_t pass_on(std::string_view data) {
    return toxics_ == nullptr ? transmit(data) : hold_back(data);
  }
  ssize_t hold_back(std::string_view data);
  bool absorb(ssize_t n, int times);
  int send_due();
  std::size_t output_room() const;
  bool output_may_go() const;
  bool wants_input() const noexcept;
  void deliver_due();
  void on_toxic_ends();
  bool ended_by_toxic(const toxic_pipe& pipe) const noexcept;
  void end_for_toxic(const toxic_pipe& pipe);
  bool end_has_passed();
  std::uint32_t through_toxics(std::uint32_t interest) const;
  void set_toxic_timer();
  bool output_waits() const noexcept {
    return !pending_.empty() || (toxics_ != nullptr && toxics_->blocked);
  }
  void begin_to_wait();
  void quit_closed();

  // Faults.
  bool may_start(const fault::decision& what);
  void be_struck(const fault::decision& what);
  void read_with_fault(const fault::decision& what);
  ssize_t transmit_with_fault(std::string_view data,
                              const fault::decision& what);
  void on_message(caf::message& msg);
  void hold_up(direction& which, const lateness& delay);
  void rest(direction& which);
  void on_resumed() override;

  std::shared_ptr<listener> owner_;
  reactor& home_;
  connection_table_ptr table_;
  connection* table_prev_ = nullptr;
  connection* table_next_ = nullptr;
  socket sock_;
  std::shared_ptr<const connection_settings> settings_;
  const limits& limits_; // of settings_
  std::unique_ptr<handler> handler_;
  std::unique_ptr<toxic_link> toxics_; // null: there are none
  std::uint64_t id_;
  traffic_counters& traffic_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  observe::peer_address peer_;
  std::optional<std::chrono::milliseconds> idle_limit_;
  reactor::clock::time_point opened_;
  reactor::clock::time_point lives_since_; // as the limit on it sees it
  reactor::clock::time_point last_byte_;   // of the peer, or since it is heard
  reactor::clock::time_point last_sent_; // when output moved, or began to wait
  std::string pending_;
  std::size_t pending_offset_ = 0;
  caf::strong_actor_ptr self_; // while the reactor may call us
  std::uint32_t interest_ = 0;
  phase phase_ = phase::open;
  bool peer_done_ = false;
  bool heard_ = false;        // there was a byte
  std::int64_t peer_has_ = 0; // bytes, when output last moved
  bool paused_ = false;
  bool calls_writable_ = false;
  bool reads_next_ = false; // so that writing does not keep it from reading
  bool leaving_ = false;    // the server ends it; nobody waits for the peer
  bool drained_ = false;    // and told so
  bool follows_ = false;    // its hub, which has ended
  direction in_;
  direction out_;
  bool late_timer_ = false; // by a fault
  bool unwatched_ = false;  // by its reactor, since it is suspended
};

} // namespace coppice::net
