// SPDX-License-Identifier: BSD-3-Clause

#include "lab/toml_json.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace coppice::lab {

[[noreturn]] static void refuse_toml() {
  throw std::logic_error("no valid TOML");
}

} // namespace coppice::lab

// toml++ 3.3 asserts what some malformed files break, such as `[[ =`: they are
// to be refused, and not to end the program.
#define TOML_ASSERT(expression)                                                \
  (static_cast<bool>(expression) ? void() : ::coppice::lab::refuse_toml())
#include <toml++/toml.h>

namespace coppice::lab {

namespace {

// Keeps the first thing that JSON does not have.
class toml_converter {
public:
  nlohmann::json convert(const toml::table& table, const std::string& path) {
    auto result = nlohmann::json::object();
    for (auto&& [key, value] : table) {
      std::string name{key.str()};
      result[name] = convert(value, path + "/" + name);
    }
    return result;
  }

  const std::optional<scenario_error>& error() const noexcept {
    return error_;
  }

private:
  nlohmann::json convert(const toml::array& array, const std::string& path) {
    auto result = nlohmann::json::array();
    for (auto& each : array)
      result.push_back(
        convert(each, path + "/" + std::to_string(result.size())));
    return result;
  }

  nlohmann::json convert(const toml::node& node, const std::string& path) {
    if (auto* table = node.as_table())
      return convert(*table, path);
    if (auto* array = node.as_array())
      return convert(*array, path);
    if (auto* text = node.as_string())
      return text->get();
    if (auto* number = node.as_integer()) {
      // As JSON has it, so that what takes no negative number need not ask.
      auto value = number->get();
      return value < 0 ? nlohmann::json(value)
                       : nlohmann::json(static_cast<std::uint64_t>(value));
    }
    if (auto* number = node.as_floating_point())
      return number->get();
    if (auto* yes = node.as_boolean())
      return yes->get();
    if (!error_)
      error_ = scenario_error{{}, path, "expected no date or time, found one"};
    return {};
  }

  std::optional<scenario_error> error_;
};

scenario_error no_toml(const std::string& file, const std::string& why) {
  return {file, {}, "expected " + why};
}

} // namespace

expected<nlohmann::json, scenario_error> parse_toml(std::string_view text,
                                                    const std::string& file) {
  // What toml++ 3.3 does with other letters outside texts is undefined.
  auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (auto other = std::ranges::find_if_not(text, is_ascii);
      other != text.end()) {
    auto line = 1 + std::count(text.begin(), other, '\n');
    return unexpected{no_toml(
      file, "ASCII: line " + std::to_string(line)
              + " has another character; \\uXXXX stands for one in a text")};
  }
  try {
    toml_converter converter;
    auto result = converter.convert(toml::parse(text), {});
    if (!converter.error())
      return result;
    auto error = *converter.error();
    error.file = file;
    return unexpected{std::move(error)};
  } catch (const toml::parse_error& err) {
    auto& where = err.source().begin;
    return unexpected{no_toml(file, "TOML: line " + std::to_string(where.line)
                                      + ", column "
                                      + std::to_string(where.column) + ": "
                                      + std::string{err.description()})};
  } catch (const std::logic_error& err) {
    return unexpected{no_toml(file, "TOML: " + std::string{err.what()})};
  }
}

} // namespace coppice::lab
