// SPDX-License-Identifier: BSD-3-Clause

#include "lab/otp.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace coppice::lab {

namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored)
         && ::access(file.c_str(), X_OK) == 0;
}

std::optional<fs::path> program_in_path(const std::string& name) {
  auto* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    auto folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (auto file = fs::path{folder} / name; is_program(file))
      return file;
  }
  return {};
}

// Links in a root lead to places in that root, so they are not followed.
bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(file, ignored));
}

std::optional<std::string> escript_in(const fs::path& root) {
  for (auto* file : {"/usr/bin/escript", "/usr/local/bin/escript"})
    if (is_there(root / fs::path{file}.relative_path()))
      return file;
  return {};
}

expected<erlang, std::string> in_root(const std::string& place,
                                      const fs::path& root,
                                      const std::string& escript) {
  if (::geteuid() != 0)
    return unexpected<std::string>{
      place
      + " is a system of its own, and only root may run "
        "Erlang in it: use sudo, or name an Erlang that is "
        "installed here"};
  auto chroot = program_in_path("chroot");
  if (!chroot && is_program("/usr/sbin/chroot"))
    chroot = "/usr/sbin/chroot";
  if (!chroot)
    return unexpected<std::string>{
      place
      + " is a system of its own, and the program chroot "
        "that Erlang is run in it by is not there: apt-get "
        "install coreutils"};
  if (!fs::is_directory(root / "tmp"))
    return unexpected<std::string>{
      (root / "tmp").string()
      + " is not there, where the driver is handed over: "
        "mkdir -m 1777 it"};
  return erlang{place, {chroot->string(), root.string(), escript}, root};
}

std::string no_erlang_in(const std::string& place, const fs::path& folder) {
  if (is_there(folder / "etc" / "os-release"))
    return "there is no Erlang in " + place + ": chroot " + place
           + " apt-get install erlang-base";
  return "there is no Erlang in " + place
         + ": neither bin/escript, as where Erlang is installed, nor "
           "usr/bin/escript, as in a system of its own";
}

} // namespace

expected<erlang, std::string> find_erlang(const std::string& place) {
  if (place.empty()) {
    if (auto found = program_in_path("escript"))
      return erlang{place, {found->string()}};
    return unexpected<std::string>{
      "Erlang is not installed: apt-get install erlang-base "
      "(Debian, Ubuntu), or anything that puts escript into "
      "PATH"};
  }
  std::error_code failed;
  auto path = fs::canonical(place, failed);
  if (failed)
    return unexpected<std::string>{
      place + " cannot be used as an Erlang: " + failed.message()};
  // A link to escript would look for itself under the name of the link.
  if (is_program(path))
    return erlang{place, {path.string()}};
  if (!fs::is_directory(path))
    return unexpected<std::string>{
      place
      + " is no program: name an escript, the folder "
        "where Erlang is installed, or the root of "
        "another system"};
  auto escript = escript_in(path);
  if (escript && path != "/")
    return in_root(place, path, *escript);
  for (auto* name : {"bin/escript", "usr/bin/escript"})
    if (is_program(path / name))
      return erlang{place, {(path / name).string()}};
  return unexpected<std::string>{no_erlang_in(place, path)};
}

} // namespace coppice::lab
