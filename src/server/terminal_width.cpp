// SPDX-License-Identifier: BSD-3-Clause

#include "server/terminal_width.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace coppice {

namespace {

// 0: nothing is known.
std::size_t known_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  auto* text = std::getenv("COLUMNS");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

std::size_t columns_within(std::size_t least, std::size_t most,
                           std::size_t otherwise) {
  auto known = known_columns();
  return known == 0 ? otherwise : std::clamp(known, least, most);
}

} // namespace

std::size_t terminal_width() {
  return columns_within(80, 160, 120);
}

std::size_t help_width() {
  return columns_within(40, 120, 80);
}

} // namespace coppice
