// SPDX-License-Identifier: BSD-3-Clause

#include "lab/file_text.hpp"

#include "lab/bounded_json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace coppice::lab {

expected<std::string, scenario_error> read_text(const std::string& file) {
  errno = 0;
  std::ifstream in{file};
  std::ostringstream text;
  // Nothing is read from an empty file, too; that is for the parser to say.
  if (!in || (!(text << in.rdbuf()) && errno != 0))
    return unexpected{scenario_error{
      file, {}, "cannot be read: " + std::string{std::strerror(errno)}}};
  return text.str();
}

expected<nlohmann::json, scenario_error> parse_json(std::string_view text,
                                                    const std::string& file) {
  return parse_bounded<nlohmann::json>(text, comments::allowed)
    .map_error([&](std::string message) {
      return scenario_error{file, {}, std::move(message)};
    });
}

} // namespace coppice::lab
