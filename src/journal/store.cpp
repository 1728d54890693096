// SPDX-License-Identifier: BSD-3-Clause

#include "journal/store.hpp"

#include "journal/event_json.hpp"
#include "journal/sqlite.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <system_error>
#include <utility>

namespace coppice::journal {

namespace {

using std::chrono::microseconds;
using clock = std::chrono::system_clock;

// The layout of the file. Another one gets another number.
constexpr std::int64_t layout = 1;

constexpr auto create = R"--(
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT,
    started_us INTEGER NOT NULL,
    pid INTEGER NOT NULL
  );
  CREATE TABLE events (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    wall_us INTEGER NOT NULL,
    mono_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    decision TEXT,
    PRIMARY KEY (run, seq)
  ) WITHOUT ROWID;
  CREATE INDEX events_by_time ON events (wall_us);
  PRAGMA user_version = 1;
)--";

constexpr auto columns = "run, seq, wall_us, mono_ns, kind, path, incarnation,"
                         " cause, reason, detail, decision";

std::int64_t to_us(clock::time_point when) {
  return std::chrono::duration_cast<microseconds>(when.time_since_epoch())
    .count();
}

void check_layout(const database& db, const std::filesystem::path& file) {
  auto found = db.number("PRAGMA user_version");
  if (found != layout)
    throw store_error{
      "the journal " + file.string() + " has layout " + std::to_string(found)
      + ", but this coppice can only read " + std::to_string(layout)
      + "; move it away, and a new one is created"};
}

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

} // namespace

// -- writing ------------------------------------------------------------------

struct writer::state {
  database db;
  bounds limit;
  std::int64_t run = 0;
  statement insert;
  std::uint64_t since_trim = 0;
  std::chrono::steady_clock::time_point trimmed = {};

  state(const std::filesystem::path& file, bounds what,
        std::optional<std::int64_t> goes_on);
  void trim();
};

namespace {

// How many events are written before the size of the file is checked.
constexpr std::uint64_t trims_every = 1000;

// … and for how long it is not checked, at most.
constexpr std::chrono::minutes trims_after{10};

database open_to_write(const std::filesystem::path& file) {
  std::error_code failed;
  if (file.has_parent_path())
    std::filesystem::create_directories(file.parent_path(), failed);
  if (failed)
    throw store_error{"cannot create " + file.parent_path().string() + ": "
                      + failed.message()};
  database db{file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  // To be set before there is anything in it.
  db.run("PRAGMA auto_vacuum = INCREMENTAL;"
         "PRAGMA journal_mode = WAL;"
         "PRAGMA synchronous = NORMAL;"
         "PRAGMA journal_size_limit = 8388608;"
         "BEGIN IMMEDIATE");
  if (db.number("PRAGMA user_version") == 0)
    db.run(create);
  db.run("COMMIT");
  check_layout(db, file);
  return db;
}

std::string insert_text() {
  return std::string{"INSERT INTO events ("} + columns
         + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
}

} // namespace

writer::state::state(const std::filesystem::path& file, bounds what,
                     std::optional<std::int64_t> goes_on)
    : db(open_to_write(file)),
      limit(what),
      run(goes_on.value_or(0)),
      insert(db, insert_text()) {
  trim();
  if (goes_on)
    return;
  statement begin{db, "INSERT INTO runs (started_us, pid) VALUES (?, ?)"};
  begin.bind(1, to_us(clock::now()));
  begin.bind(2, std::int64_t{::getpid()});
  begin.step();
  run = sqlite3_last_insert_rowid(db.get());
}

// Deleted events leave room in the file for new ones; the file itself shrinks
// only by so much.
void writer::state::trim() {
  since_trim = 0;
  trimmed = std::chrono::steady_clock::now();
  statement old{db, "DELETE FROM events WHERE wall_us < ?"};
  old.bind(1, to_us(clock::now() - limit.max_age));
  old.step();
  auto page = db.number("PRAGMA page_size");
  auto used = [&] {
    return static_cast<std::uint64_t>(
      (db.number("PRAGMA page_count") - db.number("PRAGMA freelist_count"))
      * page);
  };
  // A tenth at a time, so that it is not done at each turn.
  while (used() > limit.max_bytes && db.number("SELECT count(*) FROM events"))
    db.run("DELETE FROM events WHERE (run, seq) <="
           " (SELECT run, seq FROM events ORDER BY run, seq LIMIT 1 OFFSET"
           " (SELECT count(*) / 10 FROM events))");
  db.run("DELETE FROM runs WHERE run NOT IN (SELECT DISTINCT run FROM events)"
         " AND run <> (SELECT max(run) FROM runs)");
  db.run("PRAGMA incremental_vacuum");
}

writer::writer(const std::filesystem::path& file, bounds limit,
               std::optional<std::int64_t> run)
    : state_(std::make_unique<state>(file, limit, run)) {
  // nop
}

writer::~writer() = default;

std::int64_t writer::run() const noexcept {
  return state_->run;
}

void writer::append(std::span<const observe::event> events) {
  if (events.empty())
    return;
  auto& [db, limit, run, insert, since_trim, trimmed] = *state_;
  db.run("BEGIN IMMEDIATE");
  try {
    for (auto& ev : events) {
      auto decision
        = ev.decided ? to_line(to_json(*ev.decided)) : std::string{};
      insert.reset();
      insert.bind(1, run);
      insert.bind(2, static_cast<std::int64_t>(ev.seq));
      insert.bind(3, to_us(ev.wall_time));
      insert.bind(4, std::int64_t{ev.time.time_since_epoch().count()});
      insert.bind(5, observe::to_string(ev.kind));
      insert.bind(6, ev.path);
      insert.bind(7, static_cast<std::int64_t>(ev.incarnation));
      insert.bind(8, static_cast<std::int64_t>(ev.cause));
      insert.bind(9, ev.reason);
      insert.bind(10, ev.detail);
      if (ev.decided)
        insert.bind(11, decision);
      else
        insert.bind_null(11);
      insert.step();
    }
    insert.reset();
    db.run("COMMIT");
  } catch (const store_error&) {
    insert.reset();
    sqlite3_exec(db.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  since_trim += events.size();
  if (since_trim < trims_every
      && std::chrono::steady_clock::now() - trimmed < trims_after)
    return;
  try {
    state_->trim();
  } catch (const store_error&) {
    // Another process uses the file: later. No event is lost by that.
  }
}

// -- reading ------------------------------------------------------------------

struct reader::state {
  database db;
};

namespace {

constexpr std::size_t rows_at_once = 1000;

database open_to_read(const std::filesystem::path& file) {
  if (std::error_code none; !std::filesystem::exists(file, none))
    throw store_error{"there is no journal at " + file.string()};
  // WAL needs a file beside it, even for readers.
  database db{file, SQLITE_OPEN_READWRITE};
  check_layout(db, file);
  return db;
}

entry entry_of(const statement& row) {
  entry result;
  auto& ev = result.what;
  result.run = row.number(0);
  ev.seq = static_cast<std::uint64_t>(row.number(1));
  ev.wall_time = clock::time_point{microseconds{row.number(2)}};
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

} // namespace

reader::reader(const std::filesystem::path& file)
    : state_(new state{open_to_read(file)}) {
  // nop
}

reader::~reader() = default;

void reader::for_each(const query& wanted,
                      const std::function<void(const entry&)>& fn) const {
  auto sql = std::string{"SELECT "} + columns
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
  statement rows{state_->db, sql};
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

std::vector<entry> reader::find(const query& wanted) const {
  std::vector<entry> result;
  for_each(wanted, [&](const entry& each) { result.push_back(each); });
  return result;
}

std::vector<std::string> reader::paths() const {
  statement rows{state_->db,
                 "SELECT DISTINCT path FROM events WHERE path != '' "
                 "ORDER BY path"};
  std::vector<std::string> result;
  while (rows.step())
    result.push_back(rows.text(0));
  return result;
}

std::optional<entry> reader::at(std::int64_t run, std::uint64_t seq) const {
  statement row{state_->db, std::string{"SELECT "} + columns
                              + " FROM events WHERE run = ? AND seq = ?"};
  row.bind(1, run);
  row.bind(2, static_cast<std::int64_t>(seq));
  if (!row.step())
    return {};
  return entry_of(row);
}

std::optional<std::filesystem::path> default_file() {
  auto folder = [](const char* name) -> std::filesystem::path {
    auto* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (auto state = folder("STATE_DIRECTORY"); !state.empty())
    return state / "journal.db";
  if (auto state = folder("XDG_STATE_HOME"); !state.empty())
    return state / "coppice" / "journal.db";
  if (auto home = folder("HOME"); !home.empty())
    return home / ".local" / "state" / "coppice" / "journal.db";
  return {};
}

} // namespace coppice::journal
