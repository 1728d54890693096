// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/listener.hpp"
#include "net/listening.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::net {

/// The port of a listener: which actor owns it, and whether it is open.
/// Thread-safe.
class port_keeper {
public:
  /// What the rest of the listener does about changes. Called while the port
  /// cannot change again, so that all see them in their order.
  class observer {
  public:
    /// It was opened or closed: acceptors have to look.
    virtual void on_port_change() = 0;

    /// A client that waited when the port was closed. Any thread.
    virtual void on_last_client(socket client,
                                const observe::peer_address& from)
      = 0;

    /// An operator has closed it.
    virtual void on_suspended() = 0;

    /// It is open again, by an operator or without a `down` toxic.
    virtual void on_listening() = 0;

    /// It was closed for good.
    virtual void on_draining() = 0;

    /// A toxic keeps it closed from now on.
    virtual void on_down() = 0;

  protected:
    ~observer() = default;
  };

  port_keeper(endpoint where, std::vector<int> inherited,
              const listen_options& options, observer& watcher);

  // -- looking at it ----------------------------------------------------------

  /// What to accept from; null while the port is closed.
  std::shared_ptr<net::port> port() const;

  /// The same for an acceptor of the time of that owner: null once the port has
  /// another. What is left over from a supervisor that was killed must not take
  /// clients that belong to its successor.
  std::shared_ptr<net::port> port(std::uint64_t owner) const;

  /// The number of the owner; 0: nobody.
  std::uint64_t owner() const;

  /// The path of the last owner; empty if there was none.
  std::string owner_path() const;

  std::optional<endpoint> local() const;

  std::string open_error() const;

  listener_state state() const;

  bool draining() const noexcept {
    return draining_.load();
  }

  /// Whether clients may come in.
  bool accepts() const noexcept {
    return !suspended_.load() && !refuses();
  }

  /// Whether a toxic keeps it closed.
  bool is_down() const noexcept {
    return down_.load();
  }

  /// Whether clients that wait for room will not be served.
  bool refuses() const noexcept {
    return draining_.load() || down_.load();
  }

  // -- its owner --------------------------------------------------------------

  /// Makes the actor at `path` the owner of the port, whatever was it before,
  /// and opens it unless there is a reason to keep it closed. Returns the
  /// number of the owner; 0 if the port cannot be opened: see `open_error`.
  ///
  /// `supervisor` is the id of the actor that starts the owner: ids grow, and
  /// what is left over from a supervisor that was killed is refused once a
  /// younger one was here.
  std::uint64_t own(const std::string& path, caf::actor_id supervisor);

  /// That owner has ended, and the port is closed, unless it has a new one.
  void disown(std::uint64_t owner);

  /// Opens the port again if the file of its Unix socket was removed.
  /// Returns what happened, for a person; nothing if nothing did. For that
  /// owner, once in a while.
  std::optional<std::string> look_after_file(std::uint64_t owner);

  // -- operating it -----------------------------------------------------------

  /// Sets how the port is opened the next time.
  void set_options(const listen_options& value);

  /// Keeps the port closed until `resume`. Before there is an owner.
  void hold() noexcept {
    suspended_ = true;
  }

  // -- sharing it with another process ----------------------------------------

  /// Whether another process has the sockets, too: they stay open when the port
  /// is closed, and clients wait there.
  bool is_shared() const;

  /// Copies of the sockets, for another process; none while the port is closed,
  /// or if they were passed to this one. From now on they stay open whatever
  /// becomes of the port, as passed ones do, until `own_alone`. Throws
  /// `std::system_error` if there is no descriptor left.
  std::vector<socket> share();

  /// Has the port opened on these sockets of another process, which listen
  /// already; they stay open as after `share`. If there are none: where that
  /// process had it, when this is set.
  void use_shared(std::vector<socket> sockets,
                  const std::optional<endpoint>& where);

  /// The sockets are this process's alone from now on.
  void own_alone();

  /// See `listener::suspend` and `listener::resume`.
  void suspend();
  expected<void, std::string> resume();

  /// Closes the port for good. Returns whether it was the first to do so.
  bool drain();

  /// Closes the port if `wanted`, or opens it if not; asks that when nobody
  /// else changes the port. The error says why it could not be opened.
  expected<void, std::string> update_down(const std::function<bool()>& wanted);

private:
  bool open();
  void shut();
  std::vector<int> passed() const;
  expected<void, std::string> come_up();

  const endpoint where_;
  const std::vector<int> inherited_;
  observer& observer_;
  std::mutex changing_;        // held while the port is opened or closed
  mutable std::mutex mutex_;   // guards the next ten
  std::vector<socket> shared_; // empty: with nobody
  listen_options options_;
  std::shared_ptr<net::port> port_;
  std::uint64_t owner_ = 0;
  std::uint64_t last_owner_ = 0;
  caf::actor_id parent_ = 0; // the youngest that started an owner
  std::string owner_path_;
  std::optional<endpoint> bound_;
  std::string open_error_;
  bool file_lost_ = false;         // and not back
  std::atomic<bool> down_ = false; // by a toxic
  std::atomic<bool> suspended_ = false;
  std::atomic<bool> draining_ = false;
};

/// Why an actor is refused what a younger supervisor has taken over.
constexpr auto taken_over
  = "a supervisor that was started later has taken its place";

} // namespace coppice::net
