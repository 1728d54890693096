// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Files in TOML 1.0, with the lines that things stand on.
namespace coppice::toml_file {

struct node;
struct member;

/// A date or time, which nothing here has a use for.
struct date {};

using array = std::vector<node>;

/// By key, sorted.
using table = std::vector<member>;

/// A value, and where it begins: lines and columns count from 1.
struct node {
  std::variant<std::string, std::int64_t, double, bool, date, array, table>
    value;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value);
  }

  /// What it is, for a person: `a text`, `a table`.
  std::string_view kind() const noexcept;
};

/// What a key stands for.
struct member {
  std::string key;
  node value;
};

/// Why a text is no TOML. Line and column are 0 if they are not known.
struct problem {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string text;
};

/// Reads a document: its outermost table. Letters beyond ASCII may stand in
/// comments and double quotes alone, as UTF-8. A key has 32 parts at most, and
/// values are nested 64 times at most.
expected<table, problem> parse(std::string_view text);

/// The value of `key`, or null.
const node* find(const table& where, std::string_view key) noexcept;

} // namespace coppice::toml_file
