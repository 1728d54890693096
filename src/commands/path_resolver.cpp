// SPDX-License-Identifier: BSD-3-Clause

#include "commands/path_resolver.hpp"

#include "fault/names.hpp"
#include "observe/printable.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

namespace coppice::commands {

namespace {

constexpr std::size_t listed_at_most = 10;

// The last segments of `path`, as many as `like` has.
std::string_view end_of(std::string_view path, std::string_view like) {
  auto slashes = std::ranges::count(like, '/');
  auto start = path.size();
  do {
    start = start == 0 ? path.npos : path.rfind('/', start - 1);
  } while (start != path.npos && slashes-- > 0);
  return start == path.npos ? path : path.substr(start + 1);
}

// Paths whose ends are like `wanted`.
std::vector<std::string>
paths_with_end_near(std::string_view wanted,
                    const std::vector<std::string>& paths) {
  std::map<std::string, std::vector<std::string>> by_end;
  for (auto& each : paths)
    by_end[std::string{end_of(each, wanted)}].push_back(each);
  std::vector<std::string> ends;
  for (auto& [end, _] : by_end)
    ends.push_back(end);
  std::vector<std::string> result;
  for (auto& end : fault::names_near(wanted, ends))
    for (auto& each : by_end[end])
      if (result.size() < 3)
        result.push_back(each);
  return result;
}

// The rest of a path says nothing about whether its end was meant. But where
// no end of that length is like it, the last name may be.
std::vector<std::string> paths_near(std::string_view wanted,
                                    const std::vector<std::string>& paths) {
  auto result = paths_with_end_near(wanted, paths);
  if (auto slash = wanted.rfind('/'); result.empty() && slash != wanted.npos)
    return paths_with_end_near(wanted.substr(slash + 1), paths);
  return result;
}

} // namespace

expected<std::string, path_error>
resolve_path(std::string_view wanted, const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (auto& each : paths) {
    if (each == wanted)
      return each;
    if (fault::matches_path(std::string{wanted}, each))
      found.push_back(each);
  }
  std::ranges::sort(found);
  if (found.size() == 1)
    return found.front();
  auto ambiguous = !found.empty();
  return unexpected{
    path_error{ambiguous ? found : paths_near(wanted, paths), ambiguous}};
}

std::string path_error::text(std::string_view wanted,
                             std::string_view missing) const {
  auto name = "\"" + observe::printable(wanted) + "\"";
  if (ambiguous) {
    auto result = name + " may be one of " + std::to_string(candidates.size())
                  + " actors; write more of its path:";
    auto shown = std::min(candidates.size(), listed_at_most);
    for (std::size_t i = 0; i < shown; ++i)
      result += "\n  " + observe::printable(candidates[i]);
    return shown < candidates.size() ? result + "\n  ..." : result;
  }
  auto result = std::string{missing} + " " + name;
  if (candidates.empty())
    return result + "; coppice tree --json shows the paths";
  for (auto& each : candidates)
    result += (&each == &candidates.front() ? "; did you mean " : " or ")
              + observe::printable(each);
  return result + "?";
}

} // namespace coppice::commands
