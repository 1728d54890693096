// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::lab {

/// The least of all integers: no bound.
constexpr auto any_integer = std::numeric_limits<std::int64_t>::min();

/// The greatest of all integers: no bound, either.
constexpr auto any_integer_at_most = std::numeric_limits<std::int64_t>::max();

/// No time of a scenario is longer, so that their sums are times, too: a year.
constexpr std::int64_t longest_ms = 365LL * 24 * 60 * 60 * 1000;

/// A value inside a JSON file that knows where it stands. What is wrong with it
/// is kept, and something harmless is read in its place: 0, an empty text, the
/// first of several names. See `read_nodes`.
class json_node {
public:
  /// The first thing that is wrong goes to `error`.
  json_node(const nlohmann::json& value, std::string path,
            std::optional<scenario_error>& error)
      : value_(&value), path_(std::move(path)), error_(&error) {
    // nop
  }

  void fail(const std::string& expected) const;
  /// The same, with a hint if what was found is like one of `names`.
  void fail(const std::string& expected,
            const std::vector<std::string>& names) const;
  void fail_found(const std::string& message) const;

  /// Whether something in the file is wrong.
  bool failed() const noexcept {
    return error_->has_value();
  }

  const nlohmann::json& json() const noexcept {
    return *value_;
  }

  bool has(const std::string& key) const {
    return value_->is_object() && value_->contains(key);
  }

  /// The member `key`, which has to be there.
  json_node at(const std::string& key) const;
  json_node at(std::size_t index) const;
  std::vector<json_node> elements() const;

  /// Fails at the first member that is none of `keys`.
  void allow_only(std::span<const std::string_view> keys) const;
  void allow_only(std::initializer_list<std::string_view> keys) const {
    allow_only(std::span{keys.begin(), keys.size()});
  }

  std::string word() const;
  bool boolean() const;
  std::int64_t integer(std::int64_t least,
                       std::int64_t most = any_integer_at_most) const;
  std::chrono::milliseconds millis() const;

  template <class T>
  T one_of(std::initializer_list<std::pair<std::string_view, T>> names) const {
    return one_of(std::vector<std::pair<std::string_view, T>>{names});
  }

  template <class T>
  T one_of(const std::vector<std::pair<std::string_view, T>>& names) const {
    if (value_->is_string())
      for (auto& [name, result] : names)
        if (value_->get_ref<const std::string&>() == name)
          return result;
    std::string expected;
    std::vector<std::string> all;
    for (auto i = names.begin(); i != names.end(); ++i) {
      all.emplace_back(i->first);
      if (i != names.begin())
        expected += i + 1 == names.end() ? " or " : ", ";
      expected += i->first;
    }
    fail(expected, all);
    return names.empty() ? T{} : names.front().second;
  }

private:
  const nlohmann::json* value_;
  std::string path_;
  std::optional<scenario_error>* error_;
};

/// What `read` makes of `value` as a `json_node`, or the first thing that is
/// wrong with it; `file` is for the error.
template <class F>
auto read_nodes(const nlohmann::json& value, const std::string& file, F read)
  -> expected<std::invoke_result_t<F&, const json_node&>, scenario_error> {
  std::optional<scenario_error> error;
  auto result = read(json_node{value, "", error});
  if (!error)
    return result;
  error->file = file;
  return unexpected{std::move(*error)};
}

child_def read_child(const json_node& node);
step read_step(const json_node& node);
std::vector<step> read_steps(const json_node& node);
supervision::exit_reason read_reason(const json_node& node);

} // namespace coppice::lab
