// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/file_section.hpp"
#include "server/programs/words.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::programs {

/// Where a key that is unknown in a table is known, or what it may stand for.
struct other_keys {
  std::set<std::string_view> keys;
  std::string where; ///< `belongs into a [[child]]`
};

/// A table of a tree file that is read key by key. Each function gives nothing
/// if the key is not there, or if its value is wrong: then it has complained.
/// In texts, variables are replaced by their values.
class table_section : public file_section {
public:
  /// Refers to `keys`, `wrong` and `values`. Keys are called `PREFIX.KEY` in
  /// complaints if there is a prefix.
  table_section(const toml_file::table& keys, std::uint32_t line,
                std::string title, complaints& wrong, const variables& values,
                std::string prefix = {});

  /// The value as it is.
  const toml_file::node* get(std::string_view key);

  std::optional<std::string> text(std::string_view key);

  /// A text, or a list of texts.
  std::optional<std::vector<std::string>> texts(std::string_view key);

  std::optional<bool> flag(std::string_view key);

  std::optional<std::int64_t> whole(std::string_view key, std::int64_t least,
                                    std::int64_t most);

  std::optional<double> number(std::string_view key, double least, double most);

  /// A text such as `10s`.
  std::optional<std::chrono::milliseconds> time(std::string_view key);

  /// The same in whole seconds, at least one.
  std::optional<std::chrono::seconds> seconds(std::string_view key);

  /// One of `words`, as its index.
  std::optional<std::size_t> word(std::string_view key,
                                  const std::vector<std::string>& words);

  /// A list of words of a program: a list of texts, or a text that is split.
  std::optional<std::vector<std::string>> command(std::string_view key);

  /// A table in this one.
  std::optional<table_section> table(std::string_view key,
                                     std::string_view example);

  /// `value`, which is that of `key`, with variables replaced; it has to be a
  /// text.
  std::optional<std::string> text_of(const toml_file::node& value,
                                     std::string_view key);

  /// The time that `text`, the value of `key`, stands for.
  std::optional<std::chrono::milliseconds> time_of(const std::string& text,
                                                   std::string_view key);

  /// Complains about the value of `key`: `KEY: TEXT`.
  void refuse(std::string_view key, const std::string& text);

  /// Complains that the value of `key` is `seen`, and none of `words`.
  void refuse_word(std::string_view key, const std::string& seen,
                   const std::vector<std::string>& words,
                   std::string_view last = {});

  bool has(std::string_view key) const noexcept {
    return toml_file::find(keys(), key) != nullptr;
  }

  /// Complains about keys that nobody has asked for.
  void finish(const std::vector<other_keys>& elsewhere = {});

  const variables& values() const noexcept {
    return values_;
  }

private:
  std::string name_of(std::string_view key) const;

  const variables& values_;
  std::string prefix_;
  std::set<std::string, std::less<>> known_;
};

/// `; did you mean "a" or "b"?`, or nothing.
std::string near(std::string_view wrong, const std::vector<std::string>& names);

} // namespace coppice::programs
