// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/observe/event.hpp"
#include "net/admission.hpp"
#include "net/fault_points.hpp"
#include "net/hubs.hpp"
#include "net/listener_toxics.hpp"
#include "net/port_keeper.hpp"
#include "net/rates.hpp"
#include "net/refusal_reports.hpp"
#include "net/tls/context.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace coppice::net {

/// What a connection begins with.
struct connection_settings {
  net::limits limits;
  handler_factory make_handler;
  tls_context_ptr tls; ///< Null: no TLS.
  proxy_settings proxy;

  /// Whether that client is a proxy whose connections begin with a header.
  bool expects_header(const observe::peer_address& client) const noexcept;
};

/// What the actors of one listener share: its parts, and what concerns more
/// than one of them. They keep it for as long as they live. Thread-safe.
class listener_core final : public std::enable_shared_from_this<listener_core>,
                            private port_keeper::observer {
public:
  listener_core(listener_config config, actor::runtime_ptr rt,
                std::vector<reactor_ptr> reactors);

  const listener_config& config() const noexcept {
    return config_;
  }

  actor::runtime& rt() noexcept {
    return *rt_;
  }

  const fault_points& faults() const noexcept {
    return faults_;
  }

  // -- its parts --------------------------------------------------------------

  port_keeper& port() noexcept {
    return port_;
  }

  net::admission& admission() noexcept {
    return admission_;
  }

  net::rates& rates() noexcept {
    return rates_;
  }

  net::hubs& hubs() noexcept {
    return *hubs_;
  }

  listener_toxics& toxics() noexcept {
    return toxics_;
  }

  // -- its connections --------------------------------------------------------

  std::shared_ptr<const connection_settings> settings() const;

  void set_limits(const net::limits& value);

  void set_handler(handler_factory make);

  void set_proxy(proxy_settings value);

  /// Null: no TLS.
  void set_tls(tls_context_ptr value);

  expected<void, std::string> reload_certificates();

  /// Takes a place for a handshake; false: there are too many.
  bool begin_handshake(const tls_settings& limit) noexcept;

  void end_handshake() noexcept {
    handshakes_.fetch_sub(1, std::memory_order_relaxed);
  }

  /// Says in an event who was refused, and why.
  void report_refusal(refusal what, const observe::peer_address& client,
                      const std::string& why);

  std::uint64_t next_id() noexcept {
    return 1 + last_id_.fetch_add(1, std::memory_order_relaxed);
  }

  std::uint64_t toxic_seed() const noexcept;

  /// To be called when one more connection is open: it may raise the alarm.
  void check_alarm();

  /// Gives a place back. If one was wanted, all acceptors are notified.
  void give_back_place();

  /// Ends a client without a place in order, on the reactor of `here`: see
  /// `farewells`.
  void say_goodbye(event_loop& loop, net::hubs::place& here, socket client);

  // -- the listener as a whole ------------------------------------------------

  /// Its path in the supervision tree; empty before it has started.
  std::string path() const;

  /// See `listener::leave` and those beside it.
  void leave();

  bool leaving() const noexcept {
    return leaving_.load();
  }

  void end_connections();

  /// See `listener::drain`.
  void drain(std::function<void()> drained);

private:
  void on_port_change() override;
  void on_last_client(socket client,
                      const observe::peer_address& from) override;
  void on_suspended() override;
  void on_listening() override;
  void on_draining() override;
  void on_down() override;

  void change_settings(const std::function<void(connection_settings&)>& change);
  void end_farewell();
  void call_drained();
  std::string connections_text() const;
  void publish(observe::event_kind kind, std::string detail) const;

  const listener_config config_;
  actor::runtime_ptr rt_;
  fault_points faults_;
  std::shared_ptr<net::hubs> hubs_;
  port_keeper port_;
  net::admission admission_;
  net::rates rates_;
  listener_toxics toxics_;
  mutable std::mutex mutex_;
  std::shared_ptr<const connection_settings> settings_; // guarded by mutex_
  std::vector<std::function<void()>> drained_;          // guarded by mutex_
  refusal_reports refusals_;
  std::atomic<std::size_t> handshakes_ = 0;
  std::atomic<bool> leaving_ = false;
  std::atomic<std::uint64_t> last_id_ = 0;
  std::atomic<std::size_t> turn_ = 0; // of the reactors, for last clients
};

using listener_core_ptr = std::shared_ptr<listener_core>;

/// The child of a supervisor that is the whole tree of a listener.
actor::child_spec listener_tree(const listener_core_ptr& core);

} // namespace coppice::net
