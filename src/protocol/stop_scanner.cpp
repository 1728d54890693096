// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/stop_scanner.hpp"

namespace coppice::protocol {

namespace {

constexpr std::size_t block = 256;

// Skips blocks in which no newline is followed by an `s`: bulk data has many
// newlines, and to stop at each costs twice as much as this, which compilers
// turn into wide instructions.
[[gnu::always_inline]] inline std::size_t
skip_blocks(std::string_view data, std::size_t pos) noexcept {
  for (; data.size() - pos > block; pos += block) {
    auto* at = data.data() + pos;
    char found = 0;
    for (std::size_t i = 0; i < block; ++i)
      found |= static_cast<char>((at[i] == '\n') & (at[i + 1] == 's'));
    if (found != 0)
      break;
  }
  return pos;
}

#ifdef __x86_64__

__attribute__((target("avx2"))) std::size_t
skip_blocks_avx2(std::string_view data, std::size_t pos) noexcept {
  return skip_blocks(data, pos);
}

// Asked here and not by `target_clones`, whose resolver runs before sanitizers
// are ready.
const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;

std::size_t skip(std::string_view data, std::size_t pos) noexcept {
  return has_avx2 ? skip_blocks_avx2(data, pos) : skip_blocks(data, pos);
}

#else

std::size_t skip(std::string_view data, std::size_t pos) noexcept {
  return skip_blocks(data, pos);
}

#endif

} // namespace

std::size_t stop_scanner::find_line(std::string_view data,
                                    std::size_t pos) noexcept {
  if (data.size() - pos > block)
    pos = skip(data, pos);
  for (;;) {
    auto end = data.find('\n', pos);
    if (end == std::string_view::npos || end + 1 == data.size()
        || data[end + 1] == 's')
      return end;
    pos = end + 1;
  }
}

} // namespace coppice::protocol
