// SPDX-License-Identifier: BSD-3-Clause

#include "journal/sqlite.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace coppice::journal {

namespace {

// `file:/some/place?immutable=1`
std::string immutable_uri(const std::filesystem::path& file) {
  std::string result = "file:";
  for (char c : std::filesystem::absolute(file).string()) {
    if (c != '%' && c != '?' && c != '#') {
      result += c;
      continue;
    }
    char text[4];
    std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned char>(c));
    result += text;
  }
  return result + "?immutable=1";
}

trouble trouble_of(int code) {
  switch (code & 0xFF) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return trouble::in_use;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return trouble::corrupt;
  default:
    return trouble::other;
  }
}

} // namespace

database::database(const std::filesystem::path& file, int flags, bool immutable)
    : file_(file) {
  sqlite3* opened = nullptr;
  auto name = immutable ? immutable_uri(file) : file.string();
  if (immutable)
    flags |= SQLITE_OPEN_URI;
  auto result = sqlite3_open_v2(name.c_str(), &opened,
                                flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK)
    fail("open");
  sqlite3_busy_timeout(get(), static_cast<int>(patience.count()));
}

void database::run(const char* sql) const {
  if (sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("write");
}

std::int64_t database::number(const char* sql) const {
  statement what{*this, sql};
  return what.step() ? what.number(0) : 0;
}

std::string database::text(const char* sql) const {
  statement what{*this, sql};
  return what.step() ? what.text(0) : std::string{};
}

std::string database::bytes(std::uint64_t place, std::size_t size) const {
  sqlite3_file* open = nullptr;
  sqlite3_file_control(get(), "main", SQLITE_FCNTL_FILE_POINTER, &open);
  sqlite3_int64 end = 0;
  if (open == nullptr || open->pMethods == nullptr
      || open->pMethods->xFileSize(open, &end) != SQLITE_OK)
    throw store_failure{"cannot read the journal " + file_.string()};
  auto from = static_cast<sqlite3_int64>(place);
  auto left = std::max<sqlite3_int64>(end - from, 0);
  std::string result(std::min(size, static_cast<std::size_t>(left)), '\0');
  if (!result.empty()
      && open->pMethods->xRead(open, result.data(),
                               static_cast<int>(result.size()), from)
           != SQLITE_OK)
    throw store_failure{"cannot read the journal " + file_.string()};
  return result;
}

void database::fail(std::string_view doing) const {
  std::string text = "cannot ";
  text += doing;
  text += " the journal " + file_.string() + ": ";
  if (!handle_)
    throw store_failure{text + "out of memory"};
  auto kind = trouble_of(sqlite3_errcode(get()));
  text += sqlite3_errmsg(get());
  if (auto code = sqlite3_system_errno(get());
      code != 0 && sqlite3_errcode(get()) == SQLITE_CANTOPEN)
    text += std::string{": "} + std::strerror(code);
  throw store_failure{text, kind};
}

transaction::transaction(const database& db) : db_(db) {
  db_.run("BEGIN IMMEDIATE");
}

transaction::~transaction() {
  if (open_)
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  db_.run("COMMIT");
  open_ = false;
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
