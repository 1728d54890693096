// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::protocol {

/// Cuts a stream of bytes into lines that end with LF or CR LF, however the
/// stream is cut into pieces. Keeps at most `limit` bytes of a line that is not
/// complete.
class line_splitter {
public:
  explicit line_splitter(std::size_t limit = 64 * 1024) : limit_(limit) {
    // nop
  }

  /// Takes `data` and passes each complete line, without its end, to
  /// `fn(std::string_view)`, which says by its result whether to go on.
  /// Returns false if a line is longer than the limit; then nothing may be fed
  /// any more.
  template <class F>
  bool feed(std::string_view data, F&& fn) {
    for (;;) {
      auto end = data.find('\n');
      auto part = data.substr(0, end);
      if (begun_.size() + part.size() > limit_)
        return false;
      if (end == std::string_view::npos) {
        begun_ += part;
        return true;
      }
      data.remove_prefix(end + 1);
      auto whole = std::exchange(begun_, {});
      auto go_on = fn(trimmed(whole.empty() ? part : whole.append(part)));
      if (!go_on)
        return true;
    }
  }

private:
  static std::string_view trimmed(std::string_view line) {
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    return line;
  }

  std::size_t limit_;
  std::string begun_;
};

} // namespace coppice::protocol
