// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "journal/store.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The journal's files as the file system has them, without SQLite.
namespace coppice::journal {

/// Where `file` is: itself, or what it leads to if it is a symbolic link, also
/// if there is nothing there yet. SQLite resolves links, too: what it keeps
/// beside a database is beside that. Ask each time, since a link may be
/// changed.
std::filesystem::path behind_links(const std::filesystem::path& file);

/// The files that SQLite keeps beside a database in WAL mode.
std::filesystem::path wal_of(const std::filesystem::path& file);
std::filesystem::path shm_of(const std::filesystem::path& file);

/// Which file a path leads to: the same one as long as nobody deletes or
/// replaces it.
struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// Nothing if there is no such file, or it cannot be seen.
std::optional<file_identity> identity_of(const std::filesystem::path& file);

/// 0 if there is no such file.
std::uint64_t size_of(const std::filesystem::path& file);

/// Makes the folder of `file`, if there is none, for its owner alone. Follows
/// links, as all that follow do.
expected<void, store_error> make_folder_of(const std::filesystem::path& file);

/// Makes an empty `file`, if there is none, for its owner alone. Opens nothing.
expected<void, store_error> make_file(const std::filesystem::path& file);

/// Moves `file`, with what SQLite keeps beside it, to `FILE.corrupt-TIME`,
/// which it returns. Moves nothing, and returns nothing, if it is not `which`
/// any more: then somebody else has put another one there. One coppice at a
/// time does that in a folder; fails with `in_use` if another one is at it.
expected<std::optional<std::filesystem::path>, store_error>
move_aside(const std::filesystem::path& file,
           const std::optional<file_identity>& which);

/// The processes, beside this one, that lock `file` or have it open: `sqlite3
/// (process 4711)` and the like, as far as this process may know. At most a
/// few.
std::vector<std::string> holders_of(const std::filesystem::path& file);

/// The same as part of a sentence: empty, or `; it is in use by ...`.
std::string holders_text(const std::filesystem::path& file);

} // namespace coppice::journal
