// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/expected.hpp"
#include "coppice/net/endpoint.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/net/network.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/net/refusal.hpp"
#include "coppice/net/tls.hpp"
#include "coppice/net/toxic/toxic.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

class listener_core;

/// What a connection is linked to.
enum class topology {
  linked,     ///< Its acceptor: they fall together.
  supervised, ///< A supervisor of connections: acceptors may come and go.
};

std::string_view to_string(topology value);

/// Which connections are those of a proxy that says who its client is:
/// HAProxy's PROXY protocol, versions 1 and 2.
struct proxy_settings {
  /// Proxies that are believed. Their connections have to begin with a header;
  /// those of others have none. Empty: nobody is believed.
  std::vector<network> from = {};
  /// How long the header may take.
  std::chrono::milliseconds timeout = std::chrono::seconds{5};
};

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
  proxy_settings proxy = {};
  /// Unset: no TLS. With a PROXY header, the handshake comes after that.
  std::optional<tls_settings> tls = {};
  /// What toxics do by chance comes from it; unset: from the fault registry's.
  std::optional<std::uint64_t> toxic_seed = {};
};

/// Whether a listener takes clients.
enum class listener_state {
  down,      ///< Its port is not open; open_error() may say why.
  listening, ///< It takes clients.
  suspended, ///< … and will again after `resume`.
  draining,  ///< It takes no more clients.
};

std::string_view to_string(listener_state value);

// -- what has happened --------------------------------------------------------

/// What is done about an error of accept(2).
enum class accept_error {
  transient, ///< The client or its network is to blame: on to the next one.
             ///< If it comes again and again, accepting pauses as well.
  exhausted, ///< Out of descriptors or memory, or an unknown error: accepting
             ///< pauses for a while.
  fatal,     ///< The socket is broken: the acceptor ends.
};

/// Source: accept(2), "Error handling".
accept_error classify(int error) noexcept;

/// How often accept(2) failed, by errno.
class accept_errors {
public:
  void add(int error, std::uint64_t n = 1) noexcept {
    by_errno_[index(error)] += n;
  }

  std::uint64_t of(int error) const noexcept {
    return by_errno_[index(error)];
  }

  std::uint64_t of(accept_error kind) const noexcept;

  /// Calls `fn(int error, std::uint64_t count)` for each that happened.
  template <class F>
  void for_each(F fn) const {
    for (std::size_t i = 0; i < by_errno_.size(); ++i)
      if (by_errno_[i] > 0)
        fn(static_cast<int>(i), by_errno_[i]);
  }

  accept_errors& operator+=(const accept_errors& other) noexcept;

  /// One more than the largest errno of Linux. Others count as 0.
  static constexpr std::size_t known = EHWPOISON + 1;

  static std::size_t index(int error) noexcept {
    auto i = static_cast<std::size_t>(error);
    return error >= 0 && i < known ? i : 0;
  }

private:
  std::array<std::uint64_t, known> by_errno_ = {};
};

/// What happened on one reactor, or on all of a listener. Once nothing moves,
/// accepted = closed + active.
struct traffic {
  std::uint64_t accepted = 0;            ///< Connections that were served.
  std::uint64_t closed = 0;              ///< … and are over.
  std::uint64_t rejected = 0;            ///< Closed: too many connections.
  std::uint64_t rejected_by_address = 0; ///< … or too many from one address …
  std::uint64_t rejected_by_rate = 0;    ///< … or too many of it a second.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t handshakes = 0;    ///< Of TLS that were completed.
  std::uint64_t resumed = 0;       ///< … of which with an earlier session.
  std::uint64_t accept_pauses = 0; ///< Times that a rate let clients wait …
  std::uint64_t read_pauses = 0;   ///< … or bytes of a connection.
  refusal_counts refused = {};     ///< Closed before the handler.
  accept_errors errors = {};

  traffic& operator+=(const traffic& other) noexcept;
};

// -- the listener -------------------------------------------------------------

/// A port and the connections that it accepts, as the rest of the program sees
/// them.
///
/// Its tree, in Ranch's order: connections are started first and stopped last,
/// the socket belongs to an actor that does nothing else, so that no crash of
/// an acceptor closes it.
///
/// Thread-safe unless a function says otherwise. Its actors may outlive it.
class listener {
public:
  /// There is one acceptor for each of `reactors`. Throws `std::runtime_error`
  /// if certificates are of no use; it says which, and why.
  listener(listener_config config, actor::runtime_ptr rt,
           std::vector<reactor_ptr> reactors);

  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  ~listener();

  /// The child to put into a supervisor.
  actor::child_spec child();

  // -- looking at it ----------------------------------------------------------

  /// What it was made of. Limits, handler, TLS and proxies may be others by
  /// now.
  const listener_config& config() const noexcept;

  /// Its path in the supervision tree; empty before it has started.
  std::string path() const;

  listener_state state() const;

  bool draining() const noexcept;

  /// Whether the end was announced: it takes clients, but they should go
  /// elsewhere.
  bool leaving() const noexcept;

  /// Sockets that its port has; 0 while it is closed.
  std::size_t sockets() const;

  /// Whether another process has the sockets, too, such as a service manager:
  /// then clients wait while the port is closed.
  bool shares_sockets() const;

  /// Where it listens, or did before it was suspended; nothing before it has
  /// started.
  std::optional<endpoint> local() const;

  /// Why the socket could not be opened the last time; empty if it could.
  std::string open_error() const;

  /// Connections that are open: accepted, and not closed.
  std::int64_t active() const noexcept;

  net::limits limits() const;

  /// What has happened since the start, on all reactors.
  traffic counters() const noexcept;

  /// The same, by reactor.
  std::vector<traffic> counters_by_reactor() const;

  /// Those that its acceptors run on, one each.
  const std::vector<reactor_ptr>& reactors() const noexcept;

  /// A connection as it was at the time of the look.
  struct connection_view {
    std::string id;
    std::string peer;
    std::uint64_t bytes_in = 0;  ///< From the client.
    std::uint64_t bytes_out = 0; ///< To the client.
    std::chrono::nanoseconds age{0};
    std::string tls = {}; ///< Its version, or `handshake`; empty: none.
  };

  /// The connections of the hub at `path`, or nothing if it is no hub or does
  /// not answer in time. Blocks up to a second; not for reactors.
  std::optional<std::vector<connection_view>>
  connections(std::string_view path) const;

  /// A certificate that is in force.
  struct certificate_view {
    std::string file;
    std::vector<std::string> names; ///< DNS names and addresses.
    std::chrono::system_clock::time_point expires;
  };

  /// Empty without TLS.
  std::vector<certificate_view> certificates() const;

  /// How new connections begin; nothing: without TLS.
  std::optional<net::tls_settings> tls_settings() const;

  /// Which new connections begin with the header of a proxy.
  proxy_settings proxy() const;

  // -- acting on it -----------------------------------------------------------

  /// Sets limits: those on the number of connections, what is done beyond them,
  /// the alarm and the rates from now on, the others for new connections. No
  /// connection is ended because of it. A rate that is changed begins with its
  /// burst.
  void set_limits(const net::limits& value);

  /// Sets what makes the handlers of new connections.
  void set_handler(handler_factory make);

  /// Has new connections begin with TLS, with another TLS, or without; those
  /// that are open stay as they are. Reads the files. An error names the file
  /// and says what is wrong with it; then nothing changes. Sessions of before
  /// can be resumed, unless another authority decides on clients. Not for
  /// reactors.
  expected<void, std::string>
  set_tls(const std::optional<net::tls_settings>& value);

  /// Sets which new connections begin with the header of a proxy.
  void set_proxy(proxy_settings value);

  /// Reads the files of certificates and keys again, for new connections. An
  /// error names the file and says what is wrong with it; then those before
  /// stay in force. Either is an event, too. Does nothing without TLS. Not for
  /// reactors.
  expected<void, std::string> reload_certificates();

  /// Sets how the port is opened the next time: by `resume`, or after a crash.
  void set_listen_options(const listen_options& value);

  /// Closes the port: clients are refused, connections go on. (Inherited
  /// sockets stay open with the process that gave them; clients wait there.)
  /// Idempotent.
  void suspend();

  /// Opens the port again, with the number that it had; if the kernel picked
  /// that, and it is taken by now, with another. Idempotent. The
  /// error says why it could not be opened.
  expected<void, std::string> resume();

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

  /// Reports from now on that it is not ready, but still accepts clients: a
  /// load balancer needs some time to notice. Idempotent.
  void leave();

  /// Tells all connections at once that they have to end, as the end of the
  /// tree does to those of one reactor after the other. To be called right
  /// before that.
  void end_connections();

  /// Closes the port for good, has `handler::on_drain` called on every
  /// connection, and calls `drained`, on any thread, when the last one has
  /// gone. May be called again: every `drained` is called.
  void drain(std::function<void()> drained);

  // -- toxics -----------------------------------------------------------------

  std::shared_ptr<const toxic_list> toxics() const;

  bool has_toxics() const noexcept;

  // When one of these returns, all connections act by it; or a reactor has not
  // answered for a second, and will act by it later. Not for reactors.

  /// Puts a toxic on all connections, those that are open included, or on a
  /// single one. A `down` toxic closes the port and all connections.
  toxic_result add_toxic(toxic value, toxic_target connection = {});

  /// Sets attributes and toxicity of the toxic of that name.
  toxic_result update_toxic(toxic value, toxic_target connection = {});

  /// Takes a toxic off; what it held goes on. Without `down` the port is opened
  /// again, as by `resume`.
  toxic_result remove_toxic(std::string_view name,
                            toxic_target connection = {});

  /// Takes off those of a single connection, or all there are.
  toxic_result remove_all_toxics(toxic_target connection = {});

  // -- for coppice ------------------------------------------------------------

  /// What its actors share.
  listener_core& core() const noexcept {
    return *core_;
  }

private:
  std::shared_ptr<listener_core> core_;
};

using listener_ptr = std::shared_ptr<listener>;

} // namespace coppice::net
