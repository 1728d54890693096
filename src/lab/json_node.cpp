// SPDX-License-Identifier: BSD-3-Clause

#include "lab/json_node.hpp"

#include "fault/names.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace coppice::lab {

namespace {

// What stands where something is missing.
const nlohmann::json nothing;

} // namespace

void json_node::fail(const std::string& expected) const {
  fail_found("expected " + expected + ", found " + value_->dump());
}

void json_node::fail(const std::string& expected,
                     const std::vector<std::string>& names) const {
  auto hint
    = value_->is_string()
        ? fault::did_you_mean(value_->get_ref<const std::string&>(), names)
        : "";
  fail_found("expected " + expected + ", found " + value_->dump() + hint);
}

void json_node::fail_found(const std::string& message) const {
  if (!failed())
    *error_ = scenario_error{{}, path_.empty() ? "/" : path_, message};
}

json_node json_node::at(const std::string& key) const {
  auto path = path_ + "/" + key;
  if (!value_->is_object()) {
    fail("an object");
    return {nothing, std::move(path), *error_};
  }
  auto i = value_->find(key);
  if (i != value_->end())
    return {*i, std::move(path), *error_};
  fail_found("expected a member \"" + key + "\", found none");
  return {nothing, std::move(path), *error_};
}

json_node json_node::at(std::size_t index) const {
  return {value_->at(index), path_ + "/" + std::to_string(index), *error_};
}

std::vector<json_node> json_node::elements() const {
  std::vector<json_node> result;
  if (!value_->is_array()) {
    fail("an array");
    return result;
  }
  for (std::size_t i = 0; i < value_->size(); ++i)
    result.push_back(at(i));
  return result;
}

void json_node::allow_only(std::span<const std::string_view> keys) const {
  if (!value_->is_object()) {
    fail("an object");
    return;
  }
  for (auto& [key, _] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      continue;
    std::string expected;
    for (auto& known : keys)
      expected += (expected.empty() ? "" : ", ") + std::string{known};
    json_node{*value_, path_ + "/" + key, *error_}.fail_found(
      "unknown key; expected one of " + expected
      + fault::did_you_mean(key, keys));
  }
}

std::string json_node::word() const {
  if (value_->is_string() && !value_->get_ref<const std::string&>().empty())
    return value_->get<std::string>();
  fail("a non-empty string");
  return {};
}

bool json_node::boolean() const {
  if (value_->is_boolean())
    return value_->get<bool>();
  fail("true or false");
  return false;
}

std::int64_t json_node::integer(std::int64_t least, std::int64_t most) const {
  // A larger number than any std::int64_t would come out of get as another.
  auto wraps = value_->is_number_unsigned()
               && value_->get<std::uint64_t>()
                    > static_cast<std::uint64_t>(any_integer_at_most);
  if (!value_->is_number_integer()
      || (!wraps && value_->get<std::int64_t>() < least)) {
    fail(least == any_integer
           ? "an integer"
           : "an integer of at least " + std::to_string(least));
    return 0;
  }
  if (wraps || value_->get<std::int64_t>() > most) {
    fail("an integer of at most " + std::to_string(most));
    return 0;
  }
  return value_->get<std::int64_t>();
}

std::chrono::milliseconds json_node::millis() const {
  return std::chrono::milliseconds{integer(0, longest_ms)};
}

} // namespace coppice::lab
