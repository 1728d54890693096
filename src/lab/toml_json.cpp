// SPDX-License-Identifier: BSD-3-Clause

#include "lab/toml_json.hpp"

#include "toml/document.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace coppice::lab {

namespace {

// Keeps the first thing that JSON does not have.
class toml_converter {
public:
  nlohmann::json convert(const toml_file::table& table,
                         const std::string& path) {
    auto result = nlohmann::json::object();
    for (auto& [key, value] : table)
      result[key] = convert(value, path + "/" + key);
    return result;
  }

  const std::optional<scenario_error>& error() const noexcept {
    return error_;
  }

private:
  nlohmann::json convert(const toml_file::array& array,
                         const std::string& path) {
    auto result = nlohmann::json::array();
    for (auto& each : array)
      result.push_back(
        convert(each, path + "/" + std::to_string(result.size())));
    return result;
  }

  nlohmann::json convert(const toml_file::node& node, const std::string& path) {
    if (auto* table = node.as<toml_file::table>())
      return convert(*table, path);
    if (auto* array = node.as<toml_file::array>())
      return convert(*array, path);
    if (auto* text = node.as<std::string>())
      return *text;
    // As JSON has it, so that what takes no negative number need not ask.
    if (auto* number = node.as<std::int64_t>())
      return *number < 0 ? nlohmann::json(*number)
                         : nlohmann::json(static_cast<std::uint64_t>(*number));
    if (auto* number = node.as<double>())
      return *number;
    if (auto* yes = node.as<bool>())
      return *yes;
    if (!error_)
      error_ = scenario_error{{}, path, "expected no date or time, found one"};
    return {};
  }

  std::optional<scenario_error> error_;
};

std::string text_of(const toml_file::problem& what) {
  if (what.line == 0)
    return "expected TOML: " + what.text;
  return "expected TOML: line " + std::to_string(what.line) + ", column "
         + std::to_string(what.column) + ": " + what.text;
}

} // namespace

expected<nlohmann::json, scenario_error> parse_toml(std::string_view text,
                                                    const std::string& file) {
  auto document = toml_file::parse(text);
  if (!document)
    return unexpected{scenario_error{file, {}, text_of(document.error())}};
  toml_converter converter;
  auto result = converter.convert(*document, {});
  if (!converter.error())
    return result;
  auto error = *converter.error();
  error.file = file;
  return unexpected{std::move(error)};
}

} // namespace coppice::lab
