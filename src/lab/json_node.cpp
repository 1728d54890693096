// SPDX-License-Identifier: BSD-3-Clause

#include "lab/json_node.hpp"

#include <algorithm>
#include <chrono>

namespace coppice::lab {

void json_node::fail(const std::string& expected) const {
  fail_found("expected " + expected + ", found " + value_->dump());
}

void json_node::fail_found(const std::string& message) const {
  throw scenario_error{{}, path_.empty() ? "/" : path_, message};
}

json_node json_node::at(const std::string& key) const {
  if (!value_->is_object())
    fail("an object");
  auto i = value_->find(key);
  if (i == value_->end())
    fail_found("expected a member \"" + key + "\", found none");
  return {*i, path_ + "/" + key};
}

json_node json_node::at(std::size_t index) const {
  return {value_->at(index), path_ + "/" + std::to_string(index)};
}

std::vector<json_node> json_node::elements() const {
  if (!value_->is_array())
    fail("an array");
  std::vector<json_node> result;
  for (std::size_t i = 0; i < value_->size(); ++i)
    result.push_back(at(i));
  return result;
}

void json_node::allow_only(std::span<const std::string_view> keys) const {
  if (!value_->is_object())
    fail("an object");
  for (auto& [key, _] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      continue;
    std::string expected;
    for (auto& known : keys)
      expected += (expected.empty() ? "" : ", ") + std::string{known};
    json_node{*value_, path_ + "/" + key}.fail_found(
      "unknown key; expected one of " + expected);
  }
}

std::string json_node::word() const {
  if (!value_->is_string() || value_->get_ref<const std::string&>().empty())
    fail("a non-empty string");
  return value_->get<std::string>();
}

bool json_node::boolean() const {
  if (!value_->is_boolean())
    fail("true or false");
  return value_->get<bool>();
}

std::int64_t json_node::integer(std::int64_t least, std::int64_t most) const {
  // A larger number than any std::int64_t would come out of get as another.
  auto wraps = value_->is_number_unsigned()
               && value_->get<std::uint64_t>()
                    > static_cast<std::uint64_t>(any_integer_at_most);
  if (!value_->is_number_integer()
      || (!wraps && value_->get<std::int64_t>() < least))
    fail(least == any_integer
           ? "an integer"
           : "an integer of at least " + std::to_string(least));
  if (wraps || value_->get<std::int64_t>() > most)
    fail("an integer of at most " + std::to_string(most));
  return value_->get<std::int64_t>();
}

std::chrono::milliseconds json_node::millis() const {
  return std::chrono::milliseconds{integer(0, longest_ms)};
}

} // namespace coppice::lab
