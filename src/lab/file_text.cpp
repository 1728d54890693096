// SPDX-License-Identifier: BSD-3-Clause

#include "lab/file_text.hpp"

#include "lab/bounded_json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace coppice::lab {

std::variant<std::string, scenario_error> read_text(const std::string& file) {
  errno = 0;
  std::ifstream in{file};
  std::ostringstream text;
  // Nothing is read from an empty file, too; that is for the parser to say.
  if (!in || (!(text << in.rdbuf()) && errno != 0))
    return scenario_error{
      file, {}, "cannot be read: " + std::string{std::strerror(errno)}};
  return text.str();
}

std::variant<nlohmann::json, scenario_error>
parse_json(std::string_view text, const std::string& file) {
  auto value = parse_bounded<nlohmann::json>(text, comments::allowed);
  if (auto* err = std::get_if<std::string>(&value))
    return scenario_error{file, {}, std::move(*err)};
  return std::get<nlohmann::json>(std::move(value));
}

} // namespace coppice::lab
