// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace test {

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
