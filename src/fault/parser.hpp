// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/fault/term.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::fault {

struct word;

/// Reads terms from a text, and what stands between them. After the first thing
/// that is wrong nothing is left to read; `finish` says what it was.
class parser {
public:
  explicit parser(std::string_view text) : text_(text) {
    // nop
  }

  /// Up to where no step follows.
  term read_term();

  /// The characters here, after spaces, that `belongs` is true of.
  std::string_view take_while(bool (*belongs)(char));

  /// Takes `token` if it is next, after spaces.
  bool take(std::string_view token);

  void expect(std::string_view token);

  /// Whether there is nothing left but spaces.
  bool at_end();

  /// Says that `expected` was expected here, or at `at`, and what may have been
  /// meant.
  void fail(const std::string& expected);
  void fail(std::size_t at, const std::string& expected,
            const std::string& hint = {});

  /// What was read, or what was wrong with the text.
  template <class T>
  coppice::expected<T, term_error> finish(T value) {
    if (error_)
      return unexpected{std::move(*error_)};
    return value;
  }

private:
  step read_step();
  action read_action();
  void read_argument(const word& of, action& into);
  std::string read_text();
  int read_errno();
  std::chrono::nanoseconds read_time();
  std::string_view take_number();
  std::uint64_t whole(std::string_view number, std::uint64_t lowest);
  double percentage(std::string_view number);

  void skip_spaces();
  std::size_t offset_of(std::string_view part) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<term_error> error_;
};

} // namespace coppice::fault
