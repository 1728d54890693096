// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/tree.hpp"
#include "coppice/supervision/exit_reason.hpp"
#include "observe/end_notes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace coppice::net {

class connection_actor;
struct accepted_client;

/// The connections that are linked to one hub: to their acceptor, or to the
/// supervisor of the connections of a reactor.
///
/// A link of CAF would cost the hub a search at each exit and would let a
/// killed connection kill it. Here each end costs O(1); the hub sees every exit
/// and, when it ends itself, ends those that are left.
///
/// Only on the hub's reactor. Shared by the hub and its connections, so that
/// either may go first.
class connection_table {
public:
  /// What a connection has to have to be in a table.
  class entry {
  public:
    /// Whether it ends because its hub has ended.
    bool follows_hub() const noexcept {
      return follows_hub_;
    }

  protected:
    entry() = default;
    ~entry() = default;

  private:
    friend class connection_table;

    connection_actor* previous_ = nullptr;
    connection_actor* next_ = nullptr;
    bool follows_hub_ = false;
  };

  /// `path` is the hub's; `count` shows how many connections there are.
  connection_table(std::string path, std::shared_ptr<observe::gauge> count);

  ~connection_table();

  void add(connection_actor& c);
  void remove(connection_actor& c);

  /// The hub ends with `reason`: so do its connections, unless it is normal.
  /// `words` keeps how many they are for the event of the hub's end, since
  /// there is none for each of them.
  void end(const supervision::exit_reason& reason, observe::end_notes& words);

  /// Asks every connection to end with `reason`.
  void end_all(const supervision::exit_reason& reason);

  /// Kills every connection.
  void kill_all();

  /// Sets what is called when the last connection goes; may be empty.
  void on_empty(std::function<void()> fn);

  void for_each(const std::function<void(connection_actor&)>& fn);

  std::size_t size() const noexcept {
    return size_;
  }

  const std::string& path() const noexcept {
    return path_;
  }

private:
  std::string path_;
  std::shared_ptr<observe::gauge> count_;
  connection_actor* first_ = nullptr;
  std::size_t size_ = 0;
  std::function<void()> on_empty_;
};

using connection_table_ptr = std::shared_ptr<connection_table>;

/// An actor that connections are linked to.
class connection_hub {
public:
  /// Its connections; null before it runs and after. Only on its reactor.
  virtual connection_table* connections() noexcept = 0;

protected:
  ~connection_hub() = default;
};

/// The actor that accepts on a reactor. Called on that reactor only.
class accepting_side {
public:
  /// There is a table or room where there was none, or the port is another.
  virtual void on_change() = 0;

  /// Serves a client that waited when the port was closed, and that has a
  /// place; false, and the client is untouched, if it cannot.
  virtual bool serve(accepted_client& client) = 0;

  /// Another actor accepts on this reactor from now on.
  virtual void retire() = 0;

protected:
  ~accepting_side() = default;
};

} // namespace coppice::net
