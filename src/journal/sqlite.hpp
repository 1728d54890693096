// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "journal/store.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The part of SQLite that the journal needs.
namespace coppice::journal {

/// How a `store_error` gets from SQLite to `attempt`. Nobody outside of this
/// room sees it: each of many calls one after the other may fail, and all that
/// can be done then is to end.
class store_failure : public std::runtime_error {
public:
  explicit store_failure(store_error what)
      : std::runtime_error(what.text), error_(std::move(what)) {
    // nop
  }

  explicit store_failure(const std::string& text, trouble kind = trouble::other)
      : store_failure(store_error{text, kind}) {
    // nop
  }

  const store_error& error() const noexcept {
    return error_;
  }

private:
  store_error error_;
};

/// What `fn` returns, or the error that it ended with.
template <class F>
expected<std::invoke_result_t<F>, store_error> attempt(F fn) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      fn();
      return {};
    } else {
      return fn();
    }
  } catch (const store_failure& failure) {
    return unexpected{failure.error()};
  }
}

/// The other way round.
template <class T>
T demand(expected<T, store_error> what) {
  if (!what)
    throw store_failure{what.error()};
  if constexpr (!std::is_void_v<T>)
    return std::move(*what);
}

class database {
public:
  /// How long another process may hold the file before that is an error.
  static constexpr std::chrono::milliseconds patience{300};

  /// `immutable`: nobody writes to it, so that SQLite needs no files beside it
  /// and takes no locks.
  database(const std::filesystem::path& file, int flags,
           bool immutable = false);

  sqlite3* get() const noexcept {
    return handle_.get();
  }

  void run(const char* sql) const;

  /// The one number that `sql` gives.
  std::int64_t number(const char* sql) const;

  /// The one text that `sql` gives.
  std::string text(const char* sql) const;

  /// At most `size` bytes of the file from `place` on, as they are, whatever
  /// they are. Through SQLite: opening a database in another way, and closing
  /// it, drops the locks that connections of this process have on it.
  /// Source: SQLite, How To Corrupt An SQLite Database File, 2.2.
  std::string bytes(std::uint64_t place, std::size_t size) const;

  /// Throws what SQLite said last.
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

/// Begins at once, so that nobody else writes meanwhile; is rolled back unless
/// it is committed.
class transaction {
public:
  explicit transaction(const database& db);
  ~transaction();

  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  void commit();

private:
  const database& db_;
  bool open_ = true;
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
