// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/observe/event.hpp"
#include "journal/store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace test {

/// The value; throws the error.
template <class T>
T must(coppice::expected<T, coppice::journal::store_error> what) {
  if (!what)
    throw std::runtime_error(what.error().text);
  if constexpr (!std::is_void_v<T>)
    return std::move(*what);
}

/// A folder of its own for a journal; goes with it.
class journal_file {
public:
  journal_file() {
    auto name = (std::filesystem::temp_directory_path() / "journal-XXXXXX");
    auto text = name.string();
    if (::mkdtemp(text.data()) == nullptr)
      throw std::runtime_error("no folder: " + text);
    folder_ = text;
  }

  ~journal_file() {
    std::filesystem::remove_all(folder_);
  }

  journal_file(const journal_file&) = delete;
  journal_file& operator=(const journal_file&) = delete;

  const std::filesystem::path& folder() const {
    return folder_;
  }

  /// In a folder that is not there yet.
  std::filesystem::path path() const {
    return folder_ / "state" / "journal.db";
  }

private:
  std::filesystem::path folder_;
};

/// Puts up with the rights of root: makes a folder such that nobody, not even
/// root, may make files in it, by mounting it read-only where that is possible.
class read_only_folder {
public:
  explicit read_only_folder(std::filesystem::path folder)
      : folder_(std::move(folder)) {
    if (::geteuid() != 0) {
      std::filesystem::permissions(folder_, std::filesystem::perms{0500});
      return;
    }
    // As a user who has no rights there.
    std::filesystem::permissions(folder_, std::filesystem::perms{0755});
    for (auto& each : std::filesystem::directory_iterator{folder_})
      std::filesystem::permissions(each, std::filesystem::perms{0644});
    for (auto up = folder_.parent_path(); up != up.root_path();
         up = up.parent_path())
      if (up == std::filesystem::temp_directory_path())
        break;
      else
        std::filesystem::permissions(up, std::filesystem::perms{0755});
    if (::seteuid(65534) != 0)
      throw std::runtime_error("cannot become nobody");
  }

  ~read_only_folder() {
    if (::getuid() == 0)
      (void)!::seteuid(0);
    std::filesystem::permissions(folder_, std::filesystem::perms{0700});
  }

  read_only_folder(const read_only_folder&) = delete;
  read_only_folder& operator=(const read_only_folder&) = delete;

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (auto& each : std::filesystem::directory_iterator{folder_})
      result.push_back(each.path().filename());
    return result;
  }

private:
  std::filesystem::path folder_;
};

/// As another program does.
inline void run_sql(const std::filesystem::path& file, const char* sql) {
  sqlite3* db = nullptr;
  if (sqlite3_open(file.c_str(), &db) != SQLITE_OK
      || sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
  sqlite3_close(db);
}

/// Holds on to what it has read, as a shell with an open transaction does.
class open_reader {
public:
  explicit open_reader(const std::filesystem::path& file,
                       const char* sql = "BEGIN; SELECT * FROM events") {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK
        || sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
  }

  ~open_reader() {
    sqlite3_close(db_);
  }

  open_reader(const open_reader&) = delete;
  open_reader& operator=(const open_reader&) = delete;

private:
  sqlite3* db_ = nullptr;
};

/// Says whether this process has a lock on `file`. Made before it matters: its
/// own end drops them.
class lock_watcher {
public:
  explicit lock_watcher(const std::filesystem::path& file)
      : fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0)
      throw std::runtime_error("cannot open " + file.string());
  }

  ~lock_watcher() {
    ::close(fd_);
  }

  lock_watcher(const lock_watcher&) = delete;
  lock_watcher& operator=(const lock_watcher&) = delete;

  bool sees_one() const {
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(fd_, F_OFD_GETLK, &wanted) != 0)
      throw std::runtime_error("cannot look for locks");
    return wanted.l_type != F_UNLCK;
  }

private:
  int fd_;
};

/// Another process that has done something with `file` and still has it open.
class other_process {
public:
  other_process(const std::filesystem::path& file, const char* sql) {
    int begun[2];
    int end[2];
    if (::pipe2(begun, O_CLOEXEC) != 0 || ::pipe2(end, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(end[1]);
      sqlite3* db = nullptr;
      auto done
        = sqlite3_open(file.c_str(), &db) == SQLITE_OK
          && sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
      char byte = done ? 'y' : 'n';
      (void)!::write(begun[1], &byte, 1);
      (void)!::read(end[0], &byte, 1); // until the other end is closed
      ::_exit(0);
    }
    ::close(begun[1]);
    ::close(end[0]);
    end_ = end[1];
    char byte = 'n';
    auto told = ::read(begun[0], &byte, 1);
    ::close(begun[0]);
    if (told != 1 || byte != 'y')
      throw std::runtime_error("another process cannot use " + file.string());
  }

  ~other_process() {
    ::close(end_);
    ::waitpid(pid_, nullptr, 0);
  }

  other_process(const other_process&) = delete;
  other_process& operator=(const other_process&) = delete;

  pid_t pid() const {
    return pid_;
  }

private:
  pid_t pid_ = -1;
  int end_ = -1;
};

/// How long the next two wait. They look at what passes: who is waited for has
/// to do it over and over.
constexpr std::chrono::minutes longest_look{1};

/// Returns once the thread `tid` of this process sleeps, as SQLite does between
/// its looks at a lock.
inline void wait_until_asleep(const std::atomic<pid_t>& tid) {
  tid.wait(0);
  auto place = "/proc/self/task/" + std::to_string(tid) + "/syscall";
  auto end = std::chrono::steady_clock::now() + longest_look;
  for (long call = -1; call != SYS_clock_nanosleep && call != SYS_nanosleep;) {
    call = -1;
    std::ifstream{place} >> call; // or "running"
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("it does not sleep");
  }
}

/// Returns once this process has `file` open, and keeps it open.
inline void wait_until_open(const std::filesystem::path& file) {
  auto name = std::filesystem::canonical(file);
  auto end = std::chrono::steady_clock::now() + longest_look;
  for (int times = 0; times < 10;) {
    auto found = false;
    std::error_code gone;
    for (auto& each : std::filesystem::directory_iterator{"/proc/self/fd"})
      found |= std::filesystem::read_symlink(each, gone) == name;
    times = found ? times + 1 : 0;
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("nobody opens " + file.string());
  }
}

/// Puts noise into `file`, `size` bytes from `place` on.
inline void overwrite(const std::filesystem::path& file, std::uint64_t place,
                      std::uint64_t size) {
  std::fstream out{file, std::ios::binary | std::ios::in | std::ios::out};
  out.seekp(static_cast<std::streamoff>(place));
  for (std::uint64_t i = 0; i < size; ++i)
    out.put(static_cast<char>((i * 7919) >> 4));
}

/// All of a file.
inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The one number that `sql` gives, as another program sees it.
inline std::int64_t number_in(const std::filesystem::path& file,
                              const char* sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* row = nullptr;
  if (sqlite3_open(file.c_str(), &db) != SQLITE_OK
      || sqlite3_prepare_v2(db, sql, -1, &row, nullptr) != SQLITE_OK
      || sqlite3_step(row) != SQLITE_ROW)
    throw std::runtime_error(sqlite3_errmsg(db));
  auto result = sqlite3_column_int64(row, 0);
  sqlite3_finalize(row);
  sqlite3_close(db);
  return result;
}

/// An event that is `age` old.
inline coppice::observe::event made(std::uint64_t seq,
                                    coppice::observe::event_kind kind,
                                    std::string path, std::uint64_t cause = 0,
                                    std::chrono::seconds age = {}) {
  coppice::observe::event ev;
  ev.seq = seq;
  ev.kind = kind;
  ev.path = std::move(path);
  ev.cause = cause;
  ev.wall_time = std::chrono::system_clock::now() - age;
  ev.time = coppice::supervision::time_point{std::chrono::milliseconds{seq}};
  return ev;
}

} // namespace test
