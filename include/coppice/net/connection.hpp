#pragma once

#include "coppice/actor/compat.hpp"
#include "coppice/net/connection_table.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/net/socket.hpp"
#include "coppice/net/timer_wheel.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coppice::net {

class listener;

/// The actor of one accepted socket. Lives on a reactor, which calls it when
/// the socket is ready; control comes by its mailbox, as to any actor.
///
/// Everything is for the reactor's thread, that is: for its handler.
class connection final : public actor::pinned_actor,
                         private io_handler,
                         private timer {
public:
  connection(caf::actor_config& cfg, std::shared_ptr<listener> owner,
             reactor& home, connection_table_ptr table, socket sock);

  ~connection() override;

  // -- for handlers -----------------------------------------------------------

  /// Sends `data`, at once as far as the kernel takes it. What it does not
  /// take waits, and nothing more is read until it is gone, so that a peer who
  /// does not read costs bounded memory.
  void write(std::string_view data);

  /// Sends what waits, then closes: the peer sees the end, not a reset.
  void close();

  /// Unique within its listener.
  std::uint64_t id() const noexcept {
    return id_;
  }

  /// `address:port` of the peer.
  std::string peer() const;

  /// The path in the supervision tree.
  std::string path() const;

  caf::actor handle();

  const char* name() const override {
    return "coppice.connection";
  }

  // -- implementation ---------------------------------------------------------

  caf::behavior make_behavior() override;

  void on_exit() override;

private:
  friend class connection_table;

  enum class phase {
    open,
    flushing,  // closed by the handler; output waits
    lingering, // nothing to send; waits for the peer's end
  };

  void on_io(std::uint32_t events) override;
  void on_timer() override;

  void read();
  void flush();
  void finish_close();
  void fail(int error);
  void update_interest();
  void report_crash(const supervision::exit_reason& reason);
  void leave();

  std::shared_ptr<listener> owner_;
  reactor& home_;
  connection_table_ptr table_;
  connection* table_prev_ = nullptr;
  connection* table_next_ = nullptr;
  socket sock_;
  std::unique_ptr<handler> handler_;
  std::uint64_t id_;
  std::string pending_;
  std::size_t pending_offset_ = 0;
  caf::strong_actor_ptr self_; // while the reactor may call us
  std::uint32_t interest_ = 0;
  phase phase_ = phase::open;
  bool peer_done_ = false;
};

} // namespace coppice::net
