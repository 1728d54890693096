// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

/// The bytes that a client sends, without end: lines of 64 bytes, newline
/// included. Every client begins at another line, so that bytes that are lost,
/// doubled, or someone else's are noticed. No line begins with an `s`, which an
/// echo that looks out for a line `stop` would hold back.
class stream {
public:
  static constexpr std::size_t line_bytes = 64;

  /// `chunk_bytes` is the most that is asked for at a time.
  explicit stream(std::size_t chunk_bytes) {
    std::mt19937 random{1};
    std::uniform_int_distribution<> letter{'a', 'r'};
    std::string lines;
    while (lines.size() < period) {
      lines.append(line_bytes, '\n');
      for (std::size_t i = 1; i < line_bytes; ++i)
        lines[lines.size() - line_bytes + i - 1]
          = static_cast<char>(letter(random));
    }
    while (text_.size() < period + chunk_bytes)
      text_ += lines;
  }

  /// What the client called `id` sends from its byte `pos` on.
  std::string_view at(std::size_t id, std::uint64_t pos,
                      std::size_t size) const {
    auto begin = (id % line_count * line_bytes + pos) % period;
    return std::string_view{text_}.substr(static_cast<std::size_t>(begin),
                                          size);
  }

private:
  static constexpr std::size_t line_count = 1021; // a prime
  static constexpr std::size_t period = line_count * line_bytes;

  std::string text_;
};
