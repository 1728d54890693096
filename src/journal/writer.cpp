// SPDX-License-Identifier: BSD-3-Clause

#include "journal/event_json.hpp"
#include "journal/journal_path.hpp"
#include "journal/layout.hpp"
#include "journal/store.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

namespace coppice::journal {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto create = R"--(
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT,
    started_us INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    boot TEXT,
    token TEXT
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

// The write-ahead log is emptied as soon as it is larger than the first of
// these. While somebody reads what is in it, that has to wait, and nothing more
// is written once it is larger than the second one.
constexpr std::uint64_t wal_to_empty = 1 << 20;
constexpr std::uint64_t most_in_wal = 4 << 20;

// The most events that are deleted at a time, so that the log stays small.
constexpr std::int64_t most_deleted_at_once = 1000;

// How many pages are given back to the file system at a time.
constexpr auto give_back = "PRAGMA incremental_vacuum(64)";

// For how long nobody looks for events that are too old.
constexpr auto looks_for_old_after = 10min;

// A file that is larger is not looked through for damage when it is opened:
// that would take seconds.
constexpr std::uint64_t most_looked_through = 128 << 20;

// Tells runs of one boot of the machine from those of others.
std::string boot_id() {
  std::string result;
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> result;
  return result;
}

void check_for_damage(const database& db, const fs::path& file) {
  if (size_of(file) > most_looked_through)
    return;
  if (auto found = db.text("PRAGMA quick_check(1)"); found != "ok")
    throw store_failure{"the journal " + file.string()
                          + " is damaged: " + found,
                        trouble::corrupt};
}

// As a whole or not at all, and before WAL mode, so that even a file whose log
// is lost says whose it is.
void lay_out(const database& db, const fs::path& file) {
  db.run("PRAGMA auto_vacuum = INCREMENTAL"); // while there is nothing in it
  transaction all{db};
  if (db.number("PRAGMA user_version") == 0)
    db.run(create);
  for (std::string name : {"boot", "token"}) // later than the rest
    if (db.number(("SELECT count(*) FROM pragma_table_info('runs') WHERE name "
                   "= '"
                   + name + "'")
                    .c_str())
        == 0)
      db.run(("ALTER TABLE runs ADD COLUMN " + name + " TEXT").c_str());
  check_layout(db, file);
  if (db.number("PRAGMA application_id") != application)
    db.run(("PRAGMA application_id = " + std::to_string(application)).c_str());
  all.commit();
}

struct open_file {
  database db;
  file_identity identity;
};

open_file open_to_write(const fs::path& file) {
  demand(make_folder_of(file));
  check_origin(file);
  demand(make_file(file));
  auto which = identity_of(file);
  database db{file, SQLITE_OPEN_READWRITE};
  if (!which || identity_of(file) != which)
    throw store_failure{"the journal " + file.string()
                          + " was replaced while it was opened",
                        trouble::in_use};
  check_for_damage(db, file);
  lay_out(db, file);
  db.run("PRAGMA journal_mode = WAL;"
         "PRAGMA synchronous = NORMAL;"
         "PRAGMA wal_autocheckpoint = 0"); // see keep_log_small
  return {std::move(db), *which};
}

} // namespace

struct writer::state {
  state(const fs::path& name, open_file opened, bounds what,
        run_identity whose);
  ~state();

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void append(std::span<const observe::event> events);
  void claim_run();
  void add_run(std::int64_t number);
  std::int64_t free_number() const;
  bool has_run() const;
  bool is_taken(std::int64_t number) const;
  bool insert_all(std::span<const observe::event> events);
  bool is_there(const observe::event& ev) const;
  std::uint64_t used() const;
  void keep_log_small(std::uint64_t limit);
  void make_room();
  void delete_some(const char* sql, std::int64_t value);
  bool is_gone() const;

  fs::path file;
  database db;
  file_identity identity;
  std::optional<file_identity> wal_identity = {}; // once there is one
  bounds limit;
  run_identity who;
  std::int64_t run = 0;
  clock::time_point next_look = {}; // for events that are too old
};

writer::state::state(const fs::path& name, open_file opened, bounds what,
                     run_identity whose)
    : file(name),
      db(std::move(opened.db)),
      identity(opened.identity),
      limit(what),
      who(std::move(whose)) {
  make_room(); // first, so that one that is refused leaves nothing behind
  transaction all{db};
  claim_run();
  all.commit();
}

// -- whose events these are ---------------------------------------------------

// All of these within a transaction, so that nobody else takes the number.

// What others delete, since it is old or a file is moved, is made again.
void writer::state::claim_run() {
  statement mine{db, "SELECT max(run) FROM runs WHERE token = ?"};
  mine.bind(1, who.token);
  if (mine.step() && !mine.is_null(0))
    run = mine.number(0);
  else if (who.number && !is_taken(*who.number))
    add_run(*who.number);
  else
    add_run(free_number());
}

void writer::state::add_run(std::int64_t number) {
  statement begin{db, "INSERT INTO runs (run, started_us, pid, boot, token) "
                      "VALUES (?, ?, ?, ?, ?)"};
  auto boot = boot_id();
  begin.bind(1, number);
  begin.bind(2, to_us(who.started));
  begin.bind(3, std::int64_t{::getpid()});
  begin.bind(4, boot);
  begin.bind(5, who.token);
  begin.step();
  run = number;
  who.number = number;
}

// That no run has ever had in this file.
std::int64_t writer::state::free_number() const {
  return db.number("SELECT max((SELECT ifnull(max(run), 0) FROM events), "
                   "(SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE "
                   "name = 'runs')) + 1");
}

bool writer::state::has_run() const {
  statement mine{db, "SELECT 1 FROM runs WHERE run = ? AND token = ?"};
  mine.bind(1, run);
  mine.bind(2, who.token);
  return mine.step();
}

bool writer::state::is_taken(std::int64_t number) const {
  statement others{db, "SELECT EXISTS (SELECT 1 FROM runs WHERE run = ?1) OR "
                       "EXISTS (SELECT 1 FROM events WHERE run = ?1)"};
  others.bind(1, number);
  return others.step() && others.number(0) != 0;
}

// -- bounds -------------------------------------------------------------------

std::uint64_t writer::state::used() const {
  auto pages
    = db.number("PRAGMA page_count") - db.number("PRAGMA freelist_count");
  return static_cast<std::uint64_t>(pages * db.number("PRAGMA page_size"));
}

// Moves what is in the write-ahead log into the file once it exceeds `limit`.
void writer::state::keep_log_small(std::uint64_t limit_bytes) {
  auto wal = wal_of(file);
  if (size_of(wal) <= limit_bytes)
    return;
  sqlite3_busy_timeout(db.get(), 0); // readers may take any time
  auto done = sqlite3_wal_checkpoint_v2(
    db.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db.get(), static_cast<int>(database::patience.count()));
  if (done != SQLITE_OK && done != SQLITE_BUSY && done != SQLITE_LOCKED)
    db.fail("write");
  if (size_of(wal) > most_in_wal)
    throw store_failure{"the journal " + file.string()
                          + " cannot be kept within its bounds while somebody "
                            "reads what was in it",
                        trouble::in_use};
}

void writer::state::delete_some(const char* sql, std::int64_t value) {
  statement some{db, sql};
  some.bind(1, value);
  some.step();
}

// Deleted events leave room in the file for new ones.
void writer::state::make_room() {
  keep_log_small(wal_to_empty);
  if (clock::now() >= next_look) {
    auto oldest = to_us(std::chrono::system_clock::now() - limit.max_age);
    do {
      delete_some("DELETE FROM events WHERE (run, seq) IN (SELECT run, seq "
                  "FROM events WHERE wall_us < ? LIMIT 1000)",
                  oldest);
      keep_log_small(wal_to_empty);
    } while (sqlite3_changes(db.get()) > 0);
    // Not of a server that has just begun, nor this one.
    statement unused{db, "DELETE FROM runs WHERE run NOT IN (SELECT DISTINCT "
                         "run FROM events) AND started_us < ? AND token IS NOT "
                         "?"};
    unused.bind(1, oldest);
    unused.bind(2, who.token);
    unused.step();
    next_look = clock::now() + looks_for_old_after;
  }
  if (used() > limit.max_bytes) {
    // A tenth, so that it is not done at each turn.
    auto left = db.number("SELECT count(*) FROM events") / 10 + 1;
    while (left > 0) {
      auto n = std::min(left, most_deleted_at_once);
      delete_some("DELETE FROM events WHERE (run, seq) IN (SELECT run, seq "
                  "FROM events ORDER BY run, seq LIMIT ?)",
                  n);
      left -= n;
      keep_log_small(wal_to_empty);
    }
  }
  while (db.number("PRAGMA freelist_count") > 64
         && static_cast<std::uint64_t>(db.number("PRAGMA page_count")
                                       * db.number("PRAGMA page_size"))
              > limit.max_bytes) {
    db.run(give_back);
    keep_log_small(wal_to_empty);
  }
}

bool writer::state::is_gone() const {
  if (identity_of(file) != identity)
    return true;
  return wal_identity && identity_of(wal_of(file)) != wal_identity;
}

// -- writing ------------------------------------------------------------------

// Returns false if another run has written under this one's number, as a
// coppice that did not know better may have.
bool writer::state::insert_all(std::span<const observe::event> events) {
  statement insert{db, std::string{"INSERT INTO events ("} + event_columns
                         + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON "
                           "CONFLICT DO NOTHING"};
  for (auto& ev : events) {
    auto decision = ev.decided ? to_line(to_json(*ev.decided)) : std::string{};
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
    if (sqlite3_changes(db.get()) == 0 && !is_there(ev))
      return false;
  }
  return true;
}

// Whether what has its number is `ev` itself.
bool writer::state::is_there(const observe::event& ev) const {
  statement same{db, "SELECT 1 FROM events WHERE run = ? AND seq = ? AND "
                     "mono_ns = ? AND kind = ? AND path = ?"};
  same.bind(1, run);
  same.bind(2, static_cast<std::int64_t>(ev.seq));
  same.bind(3, std::int64_t{ev.time.time_since_epoch().count()});
  same.bind(4, observe::to_string(ev.kind));
  same.bind(5, ev.path);
  return same.step();
}

writer::state::~state() {
  // SQLite would delete what somebody else may have put in its place.
  int keep = 1;
  if (is_gone())
    sqlite3_file_control(db.get(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &keep);
}

writer::writer(std::unique_ptr<state> opened) : state_(std::move(opened)) {
  // nop
}

writer::~writer() = default;

writer::writer(writer&&) noexcept = default;

writer& writer::operator=(writer&&) noexcept = default;

expected<writer, store_error> writer::open(const fs::path& file, bounds limit,
                                           run_identity run) {
  return attempt([&] {
    return writer{std::make_unique<state>(file, open_to_write(file), limit,
                                          std::move(run))};
  });
}

std::int64_t writer::run() const noexcept {
  return state_->run;
}

file_identity writer::identity() const noexcept {
  return state_->identity;
}

bool writer::is_gone() const {
  return state_->is_gone();
}

void writer::state::append(std::span<const observe::event> events) {
  make_room();
  for (auto done = false, anew = false; !done; anew = true) {
    transaction all{db};
    if (anew)
      add_run(free_number());
    else if (!has_run())
      claim_run();
    done = insert_all(events);
    if (done)
      all.commit();
  }
  if (!wal_identity)
    wal_identity = identity_of(wal_of(file));
}

expected<void, store_error>
writer::append(std::span<const observe::event> events) {
  if (events.empty())
    return {};
  return attempt([&] { state_->append(events); });
}

void writer::finish() noexcept {
  if (state_->is_gone())
    return;
  // Not if another server or a reader uses it: then it stays in WAL mode.
  auto* db = state_->db.get();
  sqlite3_busy_timeout(db, 0);
  sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  sqlite3_exec(db, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  state_->wal_identity.reset(); // it has gone, rightly
}

} // namespace coppice::journal
