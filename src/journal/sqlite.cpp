// SPDX-License-Identifier: BSD-3-Clause

#include "journal/sqlite.hpp"

#include <filesystem>

namespace coppice::journal {

namespace {

// Another server, or a query, may hold the file for a moment.
constexpr int busy_ms = 2000;

} // namespace

database::database(const std::filesystem::path& file, int flags) : file_(file) {
  sqlite3* opened = nullptr;
  auto result = sqlite3_open_v2(file.c_str(), &opened,
                                flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK)
    fail("open");
  sqlite3_busy_timeout(get(), busy_ms);
}

void database::run(const char* sql) const {
  if (sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("write");
}

std::int64_t database::number(const char* sql) const {
  statement what{*this, sql};
  return what.step() ? what.number(0) : 0;
}

void database::fail(std::string_view doing) const {
  std::string text = "cannot ";
  text += doing;
  throw store_error{text + " the journal " + file_.string() + ": "
                    + (handle_ ? sqlite3_errmsg(get()) : "out of memory")};
}

statement::statement(const database& db, const std::string& sql) : db_(db) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(db.get(), sql.c_str(), -1, &made, nullptr)
      != SQLITE_OK)
    db.fail("read");
  handle_.reset(made);
}

void statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
}

void statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(handle_.get(), index, text.data(),
                    static_cast<int>(text.size()), SQLITE_STATIC);
}

void statement::bind(const char* name, std::int64_t value) {
  bind(sqlite3_bind_parameter_index(handle_.get(), name), value);
}

void statement::bind(const char* name, std::string_view text) {
  bind(sqlite3_bind_parameter_index(handle_.get(), name), text);
}

void statement::bind_null(int index) {
  sqlite3_bind_null(handle_.get(), index);
}

bool statement::step() {
  auto result = sqlite3_step(handle_.get());
  if (result != SQLITE_ROW && result != SQLITE_DONE)
    db_.fail("use");
  return result == SQLITE_ROW;
}

void statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

std::int64_t statement::number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string statement::text(int column) const {
  auto* bytes = sqlite3_column_blob(handle_.get(), column);
  auto size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string{}
                          : std::string{static_cast<const char*>(bytes),
                                        static_cast<std::size_t>(size)};
}

bool statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

} // namespace coppice::journal
