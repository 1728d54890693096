// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace coppice::process {

/// Makes lines of bytes, without their ends. Memory is bounded by the longest
/// line: a longer one is cut there, with a mark, and the rest of it is dropped.
/// Pure.
class line_cutter {
public:
  using take = std::function<void(std::string_view)>;

  static constexpr std::string_view mark = " … (cut)";

  /// @pre `longest` > 0, in bytes.
  explicit line_cutter(std::size_t longest) : longest_(longest) {
    // nop
  }

  void feed(std::string_view bytes, const take& fn);

  /// Gives what is left without a line's end.
  void finish(const take& fn);

private:
  void put(std::string_view part);
  void give(const take& fn);

  std::size_t longest_;
  std::string line_;
  bool begun_ = false;
  bool cut_ = false;
};

} // namespace coppice::process
