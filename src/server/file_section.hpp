// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/complaints.hpp"
#include "toml/document.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace coppice {

/// A table of a TOML file, and where what is wrong with it is collected. Refers
/// to both.
class file_section {
public:
  /// `line` is where the table begins. Each complaint begins with `title`.
  file_section(const toml_file::table& keys, std::uint32_t line,
               std::string title, complaints& wrong)
      : keys_(keys), line_(line), title_(std::move(title)), wrong_(wrong) {
    // nop
  }

  void complain(std::uint32_t line, const std::string& text) {
    wrong_.emplace(line, title_ + text);
  }

  /// Complains that the value of `key` is none of the kind that is `wanted`.
  void complain_of_kind(const toml_file::node& value, std::string_view key,
                        std::string_view wanted);

  /// Where the value of `key` is; without one, where the table is.
  std::uint32_t line_of(std::string_view key) const noexcept;

  std::uint32_t line() const noexcept {
    return line_;
  }

  const toml_file::table& keys() const noexcept {
    return keys_;
  }

  const std::string& title() const noexcept {
    return title_;
  }

  complaints& wrong() noexcept {
    return wrong_;
  }

private:
  const toml_file::table& keys_;
  std::uint32_t line_;
  std::string title_;
  complaints& wrong_;
};

} // namespace coppice
