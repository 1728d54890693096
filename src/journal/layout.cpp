// SPDX-License-Identifier: BSD-3-Clause

#include "journal/layout.hpp"

#include "journal/journal_path.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::journal {

namespace {

constexpr std::string_view magic{"SQLite format 3\0", 16};

// The first bytes of a database. Source: SQLite, Database File Format.
class header {
public:
  explicit header(std::string bytes) : bytes_(std::move(bytes)) {
    bytes_.resize(size, '\0');
  }

  static constexpr std::size_t size = 100;

  std::int64_t user_version() const {
    return at(60);
  }

  std::int64_t application_id() const {
    return at(68);
  }

  bool is_database() const {
    return bytes_.starts_with(magic);
  }

private:
  std::uint32_t at(std::size_t place) const {
    std::uint32_t result = 0;
    for (auto i = place; i < place + 4; ++i)
      result = result << 8 | static_cast<unsigned char>(bytes_[i]);
    return result;
  }

  std::string bytes_;
};

// Whether there is something in it that has to be a journal. Without opening
// it: that could take forever, of a pipe, or drop locks, of a database.
bool has_content(const std::filesystem::path& file) {
  struct stat what {};
  if (::stat(file.c_str(), &what) != 0) {
    if (errno == ENOENT)
      return false;
    throw store_failure{"cannot open the journal " + file.string() + ": "
                        + std::strerror(errno)};
  }
  if (!S_ISREG(what.st_mode))
    throw store_failure{"the journal " + file.string() + " is no regular file",
                        trouble::foreign};
  return what.st_size > 0;
}

store_failure not_ours(const std::filesystem::path& file) {
  return store_failure{file.string()
                         + " is a database of another program; it is not "
                           "touched: name another file for the journal",
                       trouble::foreign};
}

// Whether there is nothing in it, or what coppice 0.1 put there.
bool may_be_old_journal(const database& db) {
  if (db.number("SELECT count(*) FROM sqlite_master") == 0)
    return db.number("PRAGMA user_version") == 0;
  return db.number("PRAGMA user_version") == layout
         && db.number("SELECT count(*) FROM pragma_table_info('events') WHERE "
                      "name IN ('run', 'seq', 'incarnation', 'decision')")
              == 4
         && db.number("SELECT count(*) FROM pragma_table_info('runs') WHERE "
                      "name IN ('run', 'started_us', 'pid')")
              == 3;
}

} // namespace

void check_layout(const database& db, const std::filesystem::path& file) {
  auto found = db.number("PRAGMA user_version");
  if (found != layout)
    throw store_failure{
      "the journal " + file.string() + " has layout " + std::to_string(found)
        + ", but this coppice can only read " + std::to_string(layout)
        + "; move it away, and a new one is created",
      trouble::foreign};
}

void check_origin(const std::filesystem::path& file) {
  if (!has_content(file))
    return;
  // Without the write-ahead log, it can be looked at without a trace.
  database db{file, SQLITE_OPEN_READONLY, size_of(wal_of(file)) == 0};
  header found{db.bytes(0, header::size)};
  if (found.application_id() == application)
    return;
  if (!found.is_database())
    throw store_failure{"cannot open the journal " + file.string()
                          + ": file is not a database",
                        trouble::corrupt};
  if (found.application_id() != 0)
    throw not_ours(file);
  try {
    if (may_be_old_journal(db))
      return;
  } catch (const store_failure& problem) {
    if (problem.error().kind != trouble::corrupt
        || found.user_version() == layout)
      throw;
  }
  throw not_ours(file);
}

std::int64_t to_us(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           when.time_since_epoch())
    .count();
}

} // namespace coppice::journal
