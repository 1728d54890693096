// SPDX-License-Identifier: BSD-3-Clause

#include "journal/store.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace coppice::journal {

run_identity new_run() {
  std::random_device random;
  run_identity result{{}, std::chrono::system_clock::now()};
  for (int i = 0; i < 4; ++i) {
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08x", random());
    result.token += text.data();
  }
  return result;
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
