// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

/// The journal's file: the events, for later questions. It is SQLite, so
/// that any tool for it can read it, too.
namespace coppice::journal {

/// The journal cannot be opened, written or read; says why, and where.
class store_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// How much is kept. What exceeds it is deleted, the oldest first.
struct bounds {
  std::uint64_t max_bytes = 64 << 20; ///< Of the file; a little more may be.
  std::chrono::seconds max_age = std::chrono::hours{24 * 7};
};

/// Writes what happens in one run of a server. Several may share a file. For
/// one thread; blocks for as long as the disk does.
class writer {
public:
  /// Opens or creates `file`, and its folder. That is a new run unless it goes
  /// on with `run`. Throws `store_error`.
  writer(const std::filesystem::path& file, bounds limit,
         std::optional<std::int64_t> run = {});
  ~writer();

  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  /// Writes all of them or, if it throws `store_error`, none.
  void append(std::span<const observe::event> events);

  /// Which run of a server this is in the file.
  std::int64_t run() const noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// An event of some run. Its monotonic time is that of its run.
struct entry {
  std::int64_t run = 0;
  observe::event what;
};

/// Which events are wanted: those that fit all that is given.
struct query {
  std::optional<std::chrono::system_clock::time_point> since = {};
  std::optional<std::chrono::system_clock::time_point> until = {};
  /// `*` is anything. A pattern also fits the end of a path, from a name on:
  /// `acceptor:*`.
  std::string path = {};
  std::optional<observe::event_kind> kind = {};
  std::optional<std::int64_t> run = {};
  /// The last so many; 0: all.
  std::size_t limit = 0;
};

/// Reads the journal, whether a server writes to it or not. For one thread.
class reader {
public:
  /// Throws `store_error`, also if there is no such file.
  explicit reader(const std::filesystem::path& file);
  ~reader();

  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  /// Calls `fn` with what fits, the oldest first. Throws `store_error`.
  void for_each(const query& wanted,
                const std::function<void(const entry&)>& fn) const;

  /// The same in a list.
  std::vector<entry> find(const query& wanted) const;

  /// The paths of the actors that have events, sorted. Throws `store_error`.
  std::vector<std::string> paths() const;

  /// Nothing if the event is not kept.
  std::optional<entry> at(std::int64_t run, std::uint64_t seq) const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Where the journal of a user is by default: `journal.db` in the folder that
/// STATE_DIRECTORY names (as systemd sets it), else in `coppice` below
/// XDG_STATE_HOME or `~/.local/state`. Nothing if the environment says neither.
std::optional<std::filesystem::path> default_file();

} // namespace coppice::journal
