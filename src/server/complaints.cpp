// SPDX-License-Identifier: BSD-3-Clause

#include "server/complaints.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <ios>

namespace coppice {

std::vector<std::string> in_lines(const complaints& all,
                                  const std::string& file) {
  std::vector<std::string> result;
  for (auto& [line, text] : all)
    result.push_back(file + (line == 0 ? "" : ":" + std::to_string(line)) + ": "
                     + text);
  return result;
}

expected<std::string, std::string> content_of(const std::string& file,
                                              std::size_t most_bytes) {
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  std::string result(most_bytes + 1, '\0');
  if (!in.read(result.data(), static_cast<std::streamsize>(result.size()))
      && !in.eof())
    return unexpected{std::string{"cannot be read: "}
                      + std::strerror(errno == 0 ? EIO : errno)};
  result.resize(static_cast<std::size_t>(in.gcount()));
  return result;
}

} // namespace coppice
