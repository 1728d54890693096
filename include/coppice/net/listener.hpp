#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/net/counters.hpp"
#include "coppice/net/fault_points.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/net/listening.hpp"
#include "coppice/net/peer.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/net/toxic/collection.hpp"
#include "coppice/observe/connection_log.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::net {

class accepting_side;
class connection_table;
using connection_table_ptr = std::shared_ptr<connection_table>;

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
  listen_options listening = {};
  /// Sockets that listen already, to be used in place of `where`.
  std::vector<int> inherited = {};
  net::topology topology = topology::linked;
  /// Restart budget of the acceptors, all together.
  std::int64_t acceptor_intensity = 5;
  std::chrono::seconds acceptor_period{5};
  handler_factory make_handler;
  net::limits limits = {};
  /// What toxics do by chance comes from it; unset: from the fault registry's.
  std::optional<std::uint64_t> toxic_seed = {};
};

/// What a connection begins with.
struct connection_settings {
  net::limits limits;
  handler_factory make_handler;
};

/// What a listener is about.
enum class listener_state {
  down,      ///< Its port is not open; open_error() may say why.
  listening, ///< It takes clients.
  suspended, ///< … and will again after `resume`.
  draining,  ///< It takes no more clients.
};

std::string_view to_string(listener_state value);

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

  /// Its path in the supervision tree; empty before it has started.
  std::string path() const;

  listener_state state() const;

  /// Where it listens, or did before it was suspended; nothing before it has
  /// started.
  std::optional<endpoint> local() const;

  /// Why the socket could not be opened the last time; empty if it could.
  std::string open_error() const;

  /// Connections that are open: accepted, and not closed.
  std::int64_t active() const noexcept;

  net::limits limits() const {
    return settings()->limits;
  }

  /// What has happened since the start, on all reactors.
  traffic counters() const noexcept;

  /// The same, by reactor.
  std::vector<traffic> counters_by_reactor() const;

  /// Those that its acceptors run on, one each.
  const std::vector<reactor_ptr>& reactors() const noexcept {
    return reactors_;
  }

  struct connection_view {
    std::string id;
    std::string peer;
  };

  /// The connections of the hub at `path`, or nothing if it is no hub or does
  /// not answer in time. Blocks up to a second; not for reactors.
  std::optional<std::vector<connection_view>>
  connections(std::string_view path) const;

  // -- acting on it -----------------------------------------------------------

  /// Sets limits: those on the number of connections, what is done beyond them
  /// and the alarm from now on, the others for new connections. Nobody is ended
  /// because of it.
  void set_limits(const net::limits& value);

  /// Sets what makes the handlers of new connections.
  void set_handler(handler_factory make);

  /// Sets how the port is opened the next time: by `resume`, or after a crash.
  void set_listen_options(const listen_options& value);

  /// Closes the port: clients are refused, connections go on. (Inherited
  /// sockets stay open with who gave them; clients wait there.) Idempotent.
  void suspend();

  /// Opens the port again, with the number that it had; if the kernel picked
  /// that, and somebody has taken it meanwhile, with another. Idempotent.
  /// Returns why it could not be opened; empty if it could.
  std::string resume();

  /// Suspends the connection at `path`, or resumes it, as `actor::suspend`
  /// does with actors of the tree. Returns whether there is one. Blocks as
  /// `connections` does.
  bool suspend_connection(std::string_view path, bool on) const;

  /// Holds up the thread of reactor `index` for `length`. Returns whether there
  /// is one.
  bool stall(std::size_t index, std::chrono::milliseconds length) const;

  /// Ends the connection at `path`, or kills it if there is no `reason`.
  /// Returns whether there is one. `on_behalf` as for `actor::crash`. Blocks as
  /// `connections` does.
  bool crash_connection(std::string_view path,
                        const std::optional<supervision::exit_reason>& reason,
                        std::string_view on_behalf = {}) const;

  /// Closes the port for good, has `handler::on_drain` called on every
  /// connection, and calls `drained`, on any thread, when the last one has
  /// gone. May be called again: every `drained` is called.
  void drain(std::function<void()> drained);

  // -- toxics -----------------------------------------------------------------

  std::shared_ptr<const toxic_list> toxics() const {
    return toxics_.list();
  }

  // When one of these returns, all connections act by it; or a reactor has not
  // answered for a second, and will come to it. Not for reactors.

  /// Puts a toxic on all connections, those that are open included, or on a
  /// single one. A `down` toxic closes the port and all connections.
  toxic_collection::result add_toxic(toxic what,
                                     toxic_collection::target connection = {});

  /// Sets attributes and toxicity of the toxic of that name.
  toxic_collection::result
  update_toxic(toxic what, toxic_collection::target connection = {});

  /// Takes a toxic off; what it held goes on. Without `down` the port is opened
  /// again, as by `resume`.
  toxic_collection::result
  remove_toxic(std::string_view name, toxic_collection::target connection = {});

  /// Takes off those of a single connection, or all there are.
  toxic_collection::result remove_all_toxics(toxic_collection::target connection
                                             = {});

  // -- for its actors ---------------------------------------------------------

  actor::runtime& rt() noexcept {
    return *rt_;
  }

  const fault_points& faults() const noexcept {
    return faults_;
  }

  /// Makes the actor at `path` the owner of the port, whoever was it before,
  /// and opens it unless the listener is suspended or draining. The number
  /// stands for the owner; 0 if the port cannot be opened: see `open_error`.
  ///
  /// `supervisor` is the id of whoever starts that actor: ids grow, and what is
  /// left over from one that was killed is refused once a younger one was here.
  std::uint64_t own_port(const std::string& path, caf::actor_id supervisor);

  /// That owner has ended, and the port is closed, unless it has a new one.
  void disown_port(std::uint64_t owner);

  /// What to accept from; null while the port is closed.
  std::shared_ptr<net::port> port() const;

  /// The same for an acceptor of the time of that owner: null once the port has
  /// another. Who is left over from a supervisor that was killed must not take
  /// clients that belong to its successor.
  std::shared_ptr<net::port> port(std::uint64_t owner) const;

  std::uint64_t port_owner() const;

  bool draining() const noexcept {
    return draining_.load();
  }

  /// Whether clients may come in.
  bool accepts() const noexcept {
    return !suspended_.load() && !refuses();
  }

  /// Whether clients who wait for room do so in vain.
  bool refuses() const noexcept {
    return draining_.load() || down_.load();
  }

  bool has_toxics() const noexcept {
    return !toxics_.empty();
  }

  std::uint64_t toxic_seed() const noexcept;

  /// That connection has ended, and had toxics.
  void forget_toxics(std::uint64_t connection) {
    toxics_.clear(connection);
  }

  std::shared_ptr<const connection_settings> settings() const;

  std::uint64_t next_id() noexcept {
    return 1 + last_id_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Takes a place for one more connection, if there is one. If not, all
  /// acceptors are told when there may be.
  bool take_place();

  /// One more connection is open.
  void check_alarm();

  /// Counts a client by its address; false if there are too many of it.
  bool take_address(const observe::peer_address& who);

  /// Undoes a `take_address` that returned true.
  void give_back_address(const observe::peer_address& who);

  /// Gives a place back.
  void give_back();

  /// What belongs to one reactor; only for its thread, but for `traffic`.
  struct home {
    connection_table_ptr table; ///< Of new connections; null: none may come.
    accepting_side* user = nullptr; ///< The acceptor.
    caf::actor_id hub_parent = 0;   ///< The youngest that started a hub …
    caf::actor_id user_parent = 0;  ///< … or an acceptor here.
    traffic_counters traffic;
    std::shared_ptr<observe::connection_log::source> log;
    std::size_t unread = 0; ///< In the log, at most.
    bool flushing = false;  ///< The log will be read soon.
  };

  home& at(const reactor& r) noexcept {
    return homes_[r.index()];
  }

  /// Makes the table of the hub at `path`, for connections from now on. As in
  /// `own_port`, nobody takes the place of who was started by a younger
  /// supervisor: then it throws `std::runtime_error`.
  connection_table_ptr join(const reactor& r, const std::string& path,
                            caf::actor_id supervisor);

  /// Makes `who` the one that accepts on a reactor; as `join`.
  void enter(const reactor& r, accepting_side& who, caf::actor_id supervisor);

  /// That hub takes no more connections.
  void withdraw(const reactor& r, const connection_table_ptr& table);

  /// Hands on the start or end of a connection.
  void record(reactor& r, const observe::connection_record& what);

private:
  actor::child_spec connections_child();
  actor::child_spec accepting_child();
  actor::child_spec port_child();
  actor::child_spec acceptors_child();
  template <class F>
  bool on_hub(std::string_view path, F fn) const;
  template <class F>
  bool on_connection(std::string_view path, F fn) const;

  bool sync_toxics(toxic_collection::target connection);
  toxic_collection::result sync_down();
  toxic_collection::result come_up();
  void end_connections();

  bool open();
  void shut();
  void tell_acceptors();
  void tell_connections_of_drain();
  void call_drained();
  std::string connections_text() const;
  void apply(const net::limits& value);
  void publish(observe::event_kind kind, std::string detail) const;

  listener_config config_;
  actor::runtime_ptr rt_;
  fault_points faults_;
  std::vector<reactor_ptr> reactors_;
  std::vector<home> homes_;
  std::mutex port_mutex_;    // held while the port is opened or closed
  mutable std::mutex mutex_; // guards the next ten
  std::shared_ptr<const connection_settings> settings_;
  listen_options listening_;
  std::shared_ptr<net::port> port_;
  std::uint64_t port_owner_ = 0; // 0: nobody
  std::uint64_t last_owner_ = 0;
  caf::actor_id port_parent_ = 0;
  std::optional<endpoint> bound_;
  std::string open_error_;
  std::string path_;
  std::vector<std::function<void()>> drained_;
  address_counts addresses_;
  toxic_collection toxics_;
  std::atomic<bool> down_ = false; // a toxic has it so
  std::atomic<bool> suspended_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> full_ = false;       // somebody waits for room
  std::atomic<std::int64_t> places_ = 0; // taken, some before there is a client
  std::atomic<std::int64_t> most_ = 0;   // connections
  std::atomic<std::size_t> most_per_address_ = 0;
  std::atomic<std::int64_t> alarm_at_ = 0;
  std::atomic<reactor::clock::rep> quiet_until_ = 0; // the alarm is
  std::atomic<std::uint64_t> last_id_ = 0;
};

using listener_ptr = std::shared_ptr<listener>;

} // namespace coppice::net
