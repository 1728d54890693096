// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/net/reactor.hpp"
#include "net/connection_table.hpp"
#include "net/counters.hpp"
#include "net/farewell.hpp"
#include "observe/connection_log.hpp"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

/// What a listener has on each of its reactors: the acceptor, the hub of its
/// connections, counters and the log of connections.
class hubs : public std::enable_shared_from_this<hubs> {
public:
  /// For one reactor, and only for its thread, but for `traffic`.
  struct place {
    connection_table_ptr table; ///< Of new connections; null: none may come.
    accepting_side* acceptor = nullptr;
    caf::actor_id hub_parent = 0;      ///< The youngest that started a hub …
    caf::actor_id acceptor_parent = 0; ///< … or an acceptor here.
    traffic_counters traffic;
    std::shared_ptr<observe::connection_log::source> log;
    std::size_t unread = 0; ///< In the log, at most.
    bool flushing = false;  ///< The log will be read soon.
    farewells parting;      ///< Clients that are not served.
  };

  hubs(actor::runtime_ptr rt, std::vector<reactor_ptr> reactors);

  const std::vector<reactor_ptr>& reactors() const noexcept {
    return reactors_;
  }

  // -- on the reactor ---------------------------------------------------------

  place& at(unsigned reactor) noexcept {
    return places_[reactor];
  }

  /// Makes the table of the hub at `path`, for connections from now on. No hub
  /// takes the place of one that a younger supervisor started: then it throws
  /// `std::runtime_error`. See `port_keeper::own`.
  connection_table_ptr join(unsigned reactor, const std::string& path,
                            caf::actor_id supervisor);

  /// Makes `acceptor` the one that accepts on a reactor; as `join`.
  void enter(unsigned reactor, accepting_side& acceptor,
             caf::actor_id supervisor);

  /// That hub takes no more connections.
  void withdraw(unsigned reactor, const connection_table_ptr& table);

  /// Hands on the start or end of a connection.
  void record(unsigned reactor, const observe::connection_record& entry);

  // -- any thread -------------------------------------------------------------

  /// Has a reactor run `fn` with its place.
  void on(reactor& where, std::function<void(place&)> fn);

  /// Has every reactor do so.
  void on_each(const std::function<void(place&)>& fn);

  /// Has every reactor run `fn` with its connections, if there are any.
  void on_each_table(const std::function<void(connection_table&)>& fn);

  /// Runs `fn` with the connections of the hub at `path`, on its reactor, and
  /// waits for that. False if it is no hub, or does not answer within a second.
  /// Not for reactors.
  bool on_hub(std::string_view path,
              std::function<void(connection_table&)> fn) const;

  /// The same with the connection at `path`.
  bool on_connection(std::string_view path,
                     std::function<void(connection_actor&)> fn) const;

  /// In virtual time no reactor answers by itself: has them do so. For the
  /// thread that runs the actors.
  void run_in_virtual_time() const;

  /// Connections that are open.
  std::int64_t active() const noexcept;

  traffic counters() const noexcept;

  std::vector<traffic> counters_by_reactor() const;

private:
  actor::runtime_ptr rt_;
  std::vector<reactor_ptr> reactors_;
  std::vector<place> places_;
};

} // namespace coppice::net
