#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/net/connection_table.hpp"
#include "coppice/net/counters.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/net/socket.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::net {

/// Whom a connection is linked to.
enum class topology {
  linked,     ///< Its acceptor: they fall together.
  supervised, ///< A supervisor of connections: acceptors may come and go.
};

std::string_view to_string(topology value);

/// What a listener is made of.
struct listener_config {
  std::string name; ///< Its node is called `listener:NAME`.
  endpoint where;
  int backlog = 1024;
  net::topology topology = topology::linked;
  /// Restart budget of the acceptors, all together.
  std::int64_t acceptor_intensity = 5;
  std::chrono::seconds acceptor_period{5};
  handler_factory make_handler;
  net::limits limits = {};
};

/// What the actors of one listener share, and how the rest of the program
/// talks to them.
///
/// Its tree, in Ranch's order: connections are started first and stopped last,
/// the socket belongs to an actor that does nothing else, so that no crash of
/// an acceptor closes it.
///
/// Thread-safe unless a function says otherwise.
class listener : public std::enable_shared_from_this<listener> {
public:
  /// There is one acceptor for each of `reactors`, which must outlive it.
  listener(listener_config config, actor::runtime_ptr rt,
           std::vector<reactor_ptr> reactors);

  /// The child to put into a supervisor.
  actor::child_spec child();

  // -- looking at it ----------------------------------------------------------

  const listener_config& config() const noexcept {
    return config_;
  }

  /// Where it listens; nothing while it does not.
  std::optional<endpoint> local() const;

  /// Why the socket could not be opened the last time; empty if it could.
  std::string open_error() const;

  /// Connections that are open.
  std::int64_t active() const noexcept {
    return active_.load(std::memory_order_relaxed);
  }

  /// What has happened since the start, on all reactors.
  traffic counters() const noexcept;

  struct connection_view {
    std::string id;
    std::string peer;
  };

  /// The connections of the hub at `path`, or nothing if it is no hub or does
  /// not answer in time. Blocks up to a second; not for reactors.
  std::optional<std::vector<connection_view>>
  connections(std::string_view path) const;

  // -- acting on it -----------------------------------------------------------

  /// Sets limits: `max_connections`, `overflow` and `reject_after` from now on,
  /// the others for new connections. Nobody is ended because of it.
  void set_limits(const limits& value);

  /// Ends the connection at `path`, or kills it if there is no `reason`.
  /// Returns whether there is one. Blocks as `connections` does.
  bool
  crash_connection(std::string_view path,
                   const std::optional<supervision::exit_reason>& reason) const;

  /// Closes the port for good and calls `drained`, on any thread, when the last
  /// connection has gone. To be called once.
  void drain(std::function<void()> drained);

  // -- for its actors ---------------------------------------------------------

  actor::runtime& rt() noexcept {
    return *rt_;
  }

  std::unique_ptr<handler> make_handler() const {
    return config_.make_handler();
  }

  /// Opens the port; the answer is what the start function of `port` needs.
  open_result open_port();

  /// The port's actor has ended: nobody may accept from its socket any more.
  void close_port(const std::shared_ptr<socket>& sock);

  std::shared_ptr<socket> port() const;
  void set_port(std::shared_ptr<socket> sock);

  bool draining() const noexcept {
    return draining_.load(std::memory_order_relaxed);
  }

  std::shared_ptr<const limits> current_limits() const;

  std::uint64_t next_id() noexcept {
    return 1 + last_id_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Takes a place for one more connection, if there is one. If not, all
  /// acceptors are told when there may be.
  bool take_place();

  /// Gives a place back.
  void give_back();

  /// The hub of a reactor; only on that reactor's thread.
  struct home {
    connection_table_ptr table;
    accepting_side* user = nullptr; ///< The acceptor.
    traffic_counters traffic;
  };

  home& at(const reactor& r) noexcept {
    return homes_[r.index()];
  }

private:
  actor::child_spec connections_child();
  actor::child_spec accepting_child();
  actor::child_spec port_child();
  actor::child_spec acceptors_child();
  template <class F>
  bool on_hub(std::string_view path, F fn) const;

  void tell_of_room();

  listener_config config_;
  actor::runtime_ptr rt_;
  std::vector<reactor_ptr> reactors_;
  std::vector<home> homes_;
  mutable std::mutex mutex_;
  std::shared_ptr<const limits> limits_; // guarded by mutex_
  std::shared_ptr<socket> port_;         // guarded by mutex_
  std::optional<endpoint> bound_;        // guarded by mutex_
  std::string open_error_;               // guarded by mutex_
  std::function<void()> drained_;        // guarded by mutex_
  std::atomic<bool> draining_ = false;
  std::atomic<bool> full_ = false; // somebody waits for room
  std::atomic<std::int64_t> active_ = 0;
  std::atomic<std::uint64_t> last_id_ = 0;
};

using listener_ptr = std::shared_ptr<listener>;

} // namespace coppice::net
