// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string_view>

namespace coppice::protocol {

/// Finds the line `stop` (ended by LF or CR LF) in a stream of bytes, however
/// it is cut into pieces, and hands on everything that comes before it.
///
/// A beginning of a line that may still become `stop` is held back until that
/// is decided; that is never more than five bytes.
class stop_scanner {
public:
  /// Takes `data` and passes what is not held back to `out(std::string_view)`.
  /// Returns whether the line was found; then nothing may be fed any more.
  template <class F>
  bool feed(std::string_view data, F&& out);

  /// What is held back. At the end of the stream it is ordinary data.
  std::string_view held() const noexcept {
    return line.substr(0, held_);
  }

private:
  static constexpr std::string_view line = "stop\r";

  // The end of the first line in `data` from `pos` on after which a line may
  // be `stop`, as far as can be seen.
  static std::size_t find_line(std::string_view data, std::size_t pos) noexcept;

  std::size_t matched_ = 0; // bytes of `line` at the start of this line
  std::size_t held_ = 0;    // … of which came with earlier data
  bool mid_line_ = false;   // this line is not `stop`
};

template <class F>
bool stop_scanner::feed(std::string_view data, F&& out) {
  std::size_t pos = 0;
  // Most data is lines of which none can be `stop`: they pass in one piece.
  if (matched_ == 0 && !data.empty() && (mid_line_ || data[0] != line[0])) {
    auto end = find_line(data, 0);
    auto ends_line = end + 1 == data.size();
    mid_line_ = end == std::string_view::npos;
    if (mid_line_ || ends_line) {
      out(data);
      return false;
    }
    pos = end + 1;
  }
  auto pass = [&](std::string_view part) {
    if (!part.empty())
      out(part);
  };
  for (;;) {
    if (mid_line_) {
      auto end = find_line(data, pos);
      if (end == std::string_view::npos) {
        pass(data);
        return false;
      }
      pos = end + 1;
      mid_line_ = false;
    }
    while (pos < data.size() && matched_ < line.size()
           && data[pos] == line[matched_]) {
      ++pos;
      ++matched_;
    }
    auto candidate = pos - (matched_ - held_); // where this line begins
    if (pos == data.size()) {
      pass(data.substr(0, candidate));
      held_ = matched_;
      return false;
    }
    if (data[pos] == '\n' && matched_ >= 4) {
      pass(data.substr(0, candidate));
      held_ = 0;
      return true;
    }
    pass(held());
    held_ = 0;
    matched_ = 0;
    mid_line_ = true;
  }
}

} // namespace coppice::protocol
