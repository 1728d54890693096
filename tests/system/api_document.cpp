// SPDX-License-Identifier: BSD-3-Clause

#include "api_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include <gtest/gtest.h>

namespace coppice_test {

namespace {

const nlohmann::json& paths() {
  static const auto result = [] {
    const char* file = std::getenv("COPPICE_OPENAPI");
    std::ifstream in(file == nullptr ? "" : file);
    if (!in)
      return nlohmann::json{};
    return nlohmann::json::parse(in).at("paths");
  }();
  return result;
}

// `pattern` has a {NAME} for each segment that may be anything; one at the end
// stands for all that is left.
bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const auto end = std::min(pattern.find('/', 1), pattern.size());
    const auto part = pattern.substr(0, end);
    pattern.remove_prefix(end);
    const auto length = std::min(path.find('/', 1), path.size());
    const bool named = part.find('{') != std::string_view::npos;
    if (named && pattern.empty())
      return true;
    if (!named && part != path.substr(0, length))
      return false;
    path.remove_prefix(length);
  }
  return pattern.empty() && path.empty();
}

// Any request may be answered so: see the document's description.
bool is_general(const http_response& answer) {
  constexpr std::array general{405, 408, 413, 431};
  return std::find(general.begin(), general.end(), answer.status)
           != general.end()
         || (answer.status == 503
             && answer.body.find("too many clients") != std::string::npos);
}

} // namespace

void expect_documented(const std::string& method, const std::string& target,
                       const http_response& answer) {
  auto verb = method == "HEAD" ? "get" : method;
  std::transform(verb.begin(), verb.end(), verb.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  const auto path = target.substr(0, target.find('?'));
  std::string known;
  for (const auto& [pattern, operations] : paths().items()) {
    if (!fits(pattern, path) || !operations.contains(verb))
      continue;
    if (operations[verb]["responses"].contains(std::to_string(answer.status)))
      return;
    known = pattern;
  }
  if (!known.empty() && !is_general(answer))
    ADD_FAILURE() << method << " " << known << " answered " << answer.status
                  << ", which its document does not have: " << answer.body;
}

} // namespace coppice_test
