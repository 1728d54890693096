// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/surroundings.hpp"

#include "server/complaints.hpp"
#include "server/programs/tree_file.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

namespace coppice::programs {

namespace {

unexpected<std::string> because(int code) {
  return unexpected{std::string{std::strerror(code)}};
}

std::optional<std::uint32_t> whole_number(const std::string& text) {
  std::uint32_t result = 0;
  auto* last = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), last, result);
  if (error != std::errc{} || rest != last)
    return {};
  return result;
}

// Whether it can be executed by this user; root may be another one by then.
expected<void, std::string> executable(const std::string& file) {
  struct stat seen {};
  if (::stat(file.c_str(), &seen) != 0)
    return because(errno);
  if (S_ISDIR(seen.st_mode))
    return because(EISDIR);
  if (::access(file.c_str(), X_OK) != 0)
    return because(errno);
  return {};
}

class system_itself final : public surroundings {
public:
  std::optional<std::string> variable(const std::string& name) const override {
    auto* value = std::getenv(name.c_str());
    if (value == nullptr)
      return {};
    return value;
  }

  expected<std::string, std::string>
  content(const std::string& file) const override {
    auto result = content_of(file, most_bytes);
    if (result && result->size() > most_bytes)
      return unexpected{std::string{"has more than 1 MiB"}};
    return result;
  }

  std::optional<std::uint32_t> user(const std::string& name) const override {
    std::vector<char> room(1 << 16);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found)
          == 0
        && found != nullptr)
      return found->pw_uid;
    return whole_number(name);
  }

  std::uint32_t own_user() const override {
    return ::geteuid();
  }

  expected<void, std::string> folder(const std::string& path) const override {
    struct stat seen {};
    if (::stat(path.c_str(), &seen) != 0)
      return because(errno);
    if (!S_ISDIR(seen.st_mode))
      return because(ENOTDIR);
    return {};
  }

  expected<void, std::string> program(const std::string& name,
                                      const std::string& folder,
                                      const std::string& path) const override {
    auto in_folder = [&](const std::string& relative) {
      return relative.starts_with('/') || folder.empty()
               ? relative
               : folder + "/" + relative;
    };
    if (name.find('/') != name.npos)
      return executable(in_folder(name));
    auto last = std::string{std::strerror(ENOENT)};
    for (std::string_view rest = path;;) {
      auto end = rest.find(':');
      std::string part{rest.substr(0, end)};
      auto seen
        = executable(in_folder((part.empty() ? "." : part) + "/" + name));
      if (seen)
        return seen;
      if (seen.error() != std::strerror(ENOENT))
        last = seen.error();
      if (end == rest.npos)
        break;
      rest.remove_prefix(end + 1);
    }
    return unexpected{last + " (not in PATH of the child: " + path + ")"};
  }
};

} // namespace

const surroundings& real_surroundings() {
  static const system_itself result;
  return result;
}

} // namespace coppice::programs
