// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What commands read of a server's answers. Whatever answers there, it is
/// read by this alone, and printed escaped.
namespace coppice::commands {

/// What answers is not coppice: thrown while an answer is read, and reported in
/// one place, by `on_server`.
class foreign_answer : public std::exception {
public:
  const char* what() const noexcept override {
    return "what answers there is not coppice; check --admin";
  }
};

/// The JSON of what was answered, of at most 200 levels. Throws
/// `foreign_answer`.
nlohmann::json json_of(const std::string& body);

/// `value` in one line of ASCII, which a terminal may get.
std::string in_ascii(const nlohmann::json& value);

/// A part of an answer. What is not of the type that is asked for is thrown as
/// `foreign_answer`. It must not outlive the JSON.
class answer_part {
public:
  explicit answer_part(const nlohmann::json& value) : value_(&value) {
    // nop
  }

  bool has(const char* key) const;
  bool is_null() const;

  answer_part at(const char* key) const;

  /// Nothing if it is not there, or null.
  std::optional<answer_part> find(const char* key) const;

  std::vector<answer_part> elements() const;

  /// The members of an object, their names escaped.
  std::vector<std::pair<std::string, answer_part>> members() const;

  /// A text as it is: to compare, or to be sent back.
  std::string text() const;

  /// A text as a terminal may get it.
  std::string shown() const;

  /// Any value but an object and an array, as a terminal may get it.
  std::string shown_plain() const;

  std::uint64_t number() const;
  bool flag() const;

  const nlohmann::json& json() const noexcept {
    return *value_;
  }

private:
  const nlohmann::json* value_;
};

} // namespace coppice::commands
