// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "journal/store.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The part of SQLite that the journal needs. Errors are `store_error`s.
namespace coppice::journal {

class database {
public:
  database(const std::filesystem::path& file, int flags);

  sqlite3* get() const noexcept {
    return handle_.get();
  }

  void run(const char* sql) const;

  /// The one number that `sql` gives.
  std::int64_t number(const char* sql) const;

  [[noreturn]] void fail(std::string_view doing) const;

private:
  struct closer {
    void operator()(sqlite3* handle) const noexcept {
      sqlite3_close(handle);
    }
  };

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, closer> handle_;
};

class statement {
public:
  statement(const database& db, const std::string& sql);

  void bind(int index, std::int64_t value);
  void bind(const char* name, std::int64_t value);
  void bind(const char* name, std::string_view text);
  /// `text` has to live until the next `reset`.
  void bind(int index, std::string_view text);
  void bind_null(int index);

  /// Whether there is another row.
  bool step();
  void reset();

  std::int64_t number(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

private:
  struct finalizer {
    void operator()(sqlite3_stmt* handle) const noexcept {
      sqlite3_finalize(handle);
    }
  };

  const database& db_;
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

} // namespace coppice::journal
