#include "file_text.hpp"

#include "json_node.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

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
  auto too_deep = false;
  auto look = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  try {
    auto value = nlohmann::json::parse(text, look, true, true);
    if (!too_deep)
      return value;
    return scenario_error{file,
                          {},
                          "expected at most " + std::to_string(deepest)
                            + " levels, found more"};
  } catch (const nlohmann::json::exception& err) { // or a number too large
    return scenario_error{
      file, {}, "expected JSON: " + std::string{err.what()}};
  }
}

} // namespace coppice::lab
