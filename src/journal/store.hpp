// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/observe/event.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The journal's file: the events, for later questions. It is SQLite, so
/// that any tool for it can read it, too.
namespace coppice::journal {

/// Why the journal cannot be used, as far as it matters what is done about it.
enum class trouble {
  other,   ///< A full disk, missing rights: it may pass.
  in_use,  ///< Another process is in the way: it will pass.
  corrupt, ///< It is no database any more, or never was.
  foreign, ///< It is another program's, or of another layout.
};

/// The journal cannot be opened, written or read.
struct store_error {
  std::string text; ///< Why, and where; for a person.
  trouble kind = trouble::other;
};

/// How much is kept. What exceeds it is deleted, the oldest first.
struct bounds {
  /// Of the file. What SQLite keeps beside it may take 8 MiB more.
  std::uint64_t max_bytes = 64 << 20;
  std::chrono::seconds max_age = std::chrono::hours{24 * 7};
};

/// Identifies one run of a server, whatever file it is in.
struct run_identity {
  std::string token; ///< Unique.
  std::chrono::system_clock::time_point started;
  /// Its number in the file that it had before. It keeps that one in another
  /// file, unless another run has it there.
  std::optional<std::int64_t> number = {};
};

/// Of a run that begins now.
run_identity new_run();

struct file_identity;

/// Writes what happens in one run of a server. Several may share a file. For
/// one thread; blocks for as long as the disk does.
class writer {
public:
  /// Opens or creates `file`, and its folder, to write what happens in `run`.
  static expected<writer, store_error> open(const std::filesystem::path& file,
                                            bounds limit,
                                            run_identity run = new_run());
  ~writer();

  writer(writer&&) noexcept;
  writer& operator=(writer&&) noexcept;

  /// Writes all of them or, if it fails, none. An event that is in the file
  /// already is left as it is. If another run has written under this one's
  /// number, this one gets a new number. Fails with `in_use`, too, if the file
  /// would exceed its bounds because a reader holds on to what was in it.
  expected<void, store_error> append(std::span<const observe::event> events);

  /// Which file it writes.
  file_identity identity() const noexcept;

  /// Whether the file was deleted or replaced since it was opened.
  bool is_gone() const;

  /// Leaves the file in a state in which it can be read without the right to
  /// write; after the last `append`. Never throws.
  void finish() noexcept;

  /// Which run of a server this is in the file; `append` may change it.
  std::int64_t run() const noexcept;

private:
  struct state;

  explicit writer(std::unique_ptr<state> opened);

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
  /// Only this many of the last; 0: all.
  std::size_t limit = 0;
};

/// Reads the journal, whether a server writes to it or not. For one thread.
/// Needs no right to write, neither to the file nor to its folder.
class reader {
public:
  struct state;

  /// Fails if there is no such file, too.
  static expected<reader, store_error> open(const std::filesystem::path& file);
  ~reader();

  reader(reader&&) noexcept;
  reader& operator=(reader&&) noexcept;

  /// Calls `fn` with what fits, the oldest first.
  expected<void, store_error>
  for_each(const query& wanted,
           const std::function<void(const entry&)>& fn) const;

  /// The same in a list.
  expected<std::vector<entry>, store_error> find(const query& wanted) const;

  /// The paths of the actors that have events, sorted.
  expected<std::vector<std::string>, store_error> paths() const;

  /// Whether `a` happened before `b`. Within a run, and between runs of one
  /// boot of the machine, the wall clock has no say in that: somebody may have
  /// set it.
  bool before(const entry& a, const entry& b) const;

  /// Nothing if the event is not kept.
  expected<std::optional<entry>, store_error> at(std::int64_t run,
                                                 std::uint64_t seq) const;

private:
  explicit reader(std::unique_ptr<state> opened);

  std::unique_ptr<state> state_;
};

/// Where the journal of a user is by default: `journal.db` in the folder that
/// STATE_DIRECTORY names (as systemd sets it), else in `coppice` below
/// XDG_STATE_HOME or `~/.local/state`. Nothing if the environment says neither.
std::optional<std::filesystem::path> default_file();

} // namespace coppice::journal
