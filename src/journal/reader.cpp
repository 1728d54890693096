// SPDX-License-Identifier: BSD-3-Clause

#include "journal/event_json.hpp"
#include "journal/journal_path.hpp"
#include "journal/layout.hpp"
#include "journal/store.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

namespace coppice::journal {

namespace fs = std::filesystem;

namespace {

// A folder that is deleted by its destructor.
class temporary_folder {
public:
  temporary_folder() {
    auto name = (fs::temp_directory_path() / "coppice-journal-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw store_failure{"cannot make a folder for a copy of the journal"};
    path_ = name;
  }

  ~temporary_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const fs::path& path() const {
    return path_;
  }

private:
  fs::path path_;
};

} // namespace

struct reader::state {
  void for_each(const query& wanted,
                const std::function<void(const entry&)>& fn) const;

  fs::path file;
  std::unique_ptr<temporary_folder> copy; // if that is what is read
  database db;
  std::map<std::int64_t, std::string> boots; // by run
};

namespace {

constexpr std::size_t rows_at_once = 1000;
constexpr std::size_t bytes_at_once = 1 << 20;

// `*` is anything; nothing else means anything to SQLite's GLOB.
std::string glob_of(const std::string& pattern) {
  std::string result;
  for (auto c : pattern)
    if (c == '[' || c == '?')
      result += std::string{"["} + c + "]";
    else
      result += c;
  return result;
}

database checked(database db, const fs::path& file) {
  check_layout(db, file);
  return db;
}

store_failure cannot_copy(const fs::path& from, const fs::path& to,
                          const std::string& why) {
  return store_failure{"cannot copy the journal " + from.string() + " to "
                       + to.string() + ", where it could be read: " + why};
}

// Through SQLite: see `database::bytes`.
void copy_database(const fs::path& from, const fs::path& to) {
  database db{from, SQLITE_OPEN_READONLY, true};
  std::ofstream out{to, std::ios::binary};
  std::uint64_t place = 0;
  for (auto some = db.bytes(place, bytes_at_once); out && !some.empty();
       some = db.bytes(place, bytes_at_once)) {
    out.write(some.data(), static_cast<std::streamsize>(some.size()));
    place += some.size();
  }
  out.close();
  if (!out)
    throw cannot_copy(from, to, std::strerror(errno));
}

// SQLite cannot read a database in WAL mode where it may not make files beside
// it, such as on a mount that is read-only.
reader::state* open_where_nothing_may_be_made(const fs::path& file) {
  if (size_of(wal_of(file)) == 0)
    return new reader::state{
      file, {}, checked(database{file, SQLITE_OPEN_READONLY, true}, file), {}};
  // What a server that was killed has written last is in the log alone.
  auto copy = std::make_unique<temporary_folder>();
  auto target = copy->path() / "journal.db";
  copy_database(file, target);
  std::error_code failed;
  if (!fs::copy_file(wal_of(file), wal_of(target), failed))
    throw cannot_copy(wal_of(file), wal_of(target), failed.message());
  // A copy has the rights of what it was made of.
  fs::permissions(wal_of(target),
                  fs::perms::owner_read | fs::perms::owner_write, failed);
  return new reader::state{
    file,
    std::move(copy),
    checked(database{target, SQLITE_OPEN_READWRITE}, file),
    {}};
}

std::map<std::int64_t, std::string> boots_of(const database& db) {
  std::map<std::int64_t, std::string> result;
  if (db.number("SELECT count(*) FROM pragma_table_info('runs') "
                "WHERE name = 'boot'")
      == 0)
    return result;
  statement rows{db, "SELECT run, boot FROM runs WHERE boot IS NOT NULL"};
  while (rows.step())
    result.emplace(rows.number(0), rows.text(1));
  return result;
}

std::unique_ptr<reader::state> open_to_read(const fs::path& file) {
  if (!identity_of(file))
    throw store_failure{"there is no journal at " + file.string()};
  std::unique_ptr<reader::state> result;
  try {
    result.reset(new reader::state{
      file, {}, checked(database{file, SQLITE_OPEN_READONLY}, file), {}});
  } catch (const store_failure& problem) {
    if (problem.error().kind != trouble::other
        || ::access(file.c_str(), R_OK) != 0)
      throw;
    result.reset(open_where_nothing_may_be_made(file));
  }
  result->boots = boots_of(result->db);
  return result;
}

entry entry_of(const statement& row) {
  entry result;
  auto& ev = result.what;
  result.run = row.number(0);
  ev.seq = static_cast<std::uint64_t>(row.number(1));
  ev.wall_time = std::chrono::system_clock::time_point{
    std::chrono::microseconds{row.number(2)}};
  ev.time = supervision::time_point{std::chrono::nanoseconds{row.number(3)}};
  ev.kind = observe::event_kind_from(row.text(4))
              .value_or(observe::event_kind::notice);
  ev.path = row.text(5);
  ev.incarnation = static_cast<std::uint64_t>(row.number(6));
  ev.cause = static_cast<std::uint64_t>(row.number(7));
  ev.reason = row.text(8);
  ev.detail = row.text(9);
  if (!row.is_null(10))
    ev.decided
      = decision_from(nlohmann::json::parse(row.text(10), nullptr, false));
  return result;
}

// As `attempt`. The text is for a person: it names the processes in the way.
template <class F>
auto attempt_to_read(const fs::path& file, F fn) {
  auto result = attempt(std::move(fn));
  if (!result && result.error().kind == trouble::in_use)
    result.error().text += holders_text(file);
  return result;
}

} // namespace

reader::reader(std::unique_ptr<state> opened) : state_(std::move(opened)) {
  // nop
}

reader::~reader() = default;

reader::reader(reader&&) noexcept = default;

reader& reader::operator=(reader&&) noexcept = default;

expected<reader, store_error> reader::open(const std::filesystem::path& file) {
  return attempt_to_read(file, [&] { return reader{open_to_read(file)}; });
}

void reader::state::for_each(
  const query& wanted, const std::function<void(const entry&)>& fn) const {
  auto sql = std::string{"SELECT "} + event_columns
             + " FROM events WHERE (run, seq) > (:after_run, :after_seq)";
  if (wanted.since)
    sql += " AND wall_us >= :since";
  if (wanted.until)
    sql += " AND wall_us < :until";
  if (!wanted.path.empty())
    sql += " AND (path GLOB :path OR path GLOB '*/' || :path)";
  if (wanted.kind)
    sql += " AND kind = :kind";
  if (wanted.run)
    sql += " AND run = :run";
  // By run first: runs follow each other, even if the wall clock was changed.
  if (wanted.limit > 0)
    sql
      = "SELECT * FROM (" + sql + " ORDER BY run DESC, seq DESC LIMIT :limit)";
  sql += " ORDER BY run, seq";
  if (wanted.limit == 0)
    sql += " LIMIT " + std::to_string(rows_at_once);
  statement rows{db, sql};
  auto path = glob_of(wanted.path);
  // Not while rows are read: `fn` may take any time, and meanwhile the file
  // could not be made smaller.
  std::vector<entry> some;
  std::int64_t after_run = 0;
  std::int64_t after_seq = 0;
  do {
    some.clear();
    rows.reset();
    rows.bind(":after_run", after_run);
    rows.bind(":after_seq", after_seq);
    if (wanted.since)
      rows.bind(":since", to_us(*wanted.since));
    if (wanted.until)
      rows.bind(":until", to_us(*wanted.until));
    if (!wanted.path.empty())
      rows.bind(":path", path);
    if (wanted.kind)
      rows.bind(":kind", observe::to_string(*wanted.kind));
    if (wanted.run)
      rows.bind(":run", *wanted.run);
    if (wanted.limit > 0)
      rows.bind(":limit", static_cast<std::int64_t>(wanted.limit));
    while (rows.step())
      some.push_back(entry_of(rows));
    rows.reset();
    for (auto& each : some)
      fn(each);
    if (!some.empty()) {
      after_run = some.back().run;
      after_seq = static_cast<std::int64_t>(some.back().what.seq);
    }
  } while (wanted.limit == 0 && some.size() == rows_at_once);
}

expected<void, store_error>
reader::for_each(const query& wanted,
                 const std::function<void(const entry&)>& fn) const {
  return attempt_to_read(state_->file, [&] { state_->for_each(wanted, fn); });
}

expected<std::vector<entry>, store_error>
reader::find(const query& wanted) const {
  std::vector<entry> result;
  auto add = [&](const entry& each) { result.push_back(each); };
  if (auto done = for_each(wanted, add); !done)
    return unexpected{done.error()};
  return result;
}

expected<std::vector<std::string>, store_error> reader::paths() const {
  return attempt_to_read(state_->file, [&] {
    statement rows{state_->db,
                   "SELECT DISTINCT path FROM events WHERE path != '' "
                   "ORDER BY path"};
    std::vector<std::string> result;
    while (rows.step())
      result.push_back(rows.text(0));
    return result;
  });
}

bool reader::before(const entry& a, const entry& b) const {
  if (a.run == b.run)
    return a.what.seq < b.what.seq;
  auto boot_of = [this](std::int64_t run) {
    auto i = state_->boots.find(run);
    return i == state_->boots.end() ? std::string{} : i->second;
  };
  auto boot = boot_of(a.run);
  if (boot.empty() || boot != boot_of(b.run))
    return a.run < b.run;
  if (a.what.time != b.what.time)
    return a.what.time < b.what.time;
  return a.what.wall_time < b.what.wall_time;
}

expected<std::optional<entry>, store_error>
reader::at(std::int64_t run, std::uint64_t seq) const {
  return attempt_to_read(state_->file, [&]() -> std::optional<entry> {
    statement row{state_->db, std::string{"SELECT "} + event_columns
                                + " FROM events WHERE run = ? AND seq = ?"};
    row.bind(1, run);
    row.bind(2, static_cast<std::int64_t>(seq));
    if (!row.step())
      return {};
    return entry_of(row);
  });
}

} // namespace coppice::journal
