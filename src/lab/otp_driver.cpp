// SPDX-License-Identifier: BSD-3-Clause

#include "lab/otp_driver.hpp"

#include <cstdlib>
#include <system_error>
#include <utility>

namespace coppice::lab {

namespace fs = std::filesystem;

expected<std::unique_ptr<otp_driver>, std::string>
otp_driver::create(const erlang& where, const fs::path& script) {
  std::unique_ptr<otp_driver> result{new otp_driver};
  result->command_ = where.command;
  if (where.root == "/") {
    result->command_.push_back(script.string());
    return result;
  }
  auto copied = result->copy(where.root, script);
  if (!copied)
    return unexpected{std::move(copied.error())};
  result->command_.push_back(*std::move(copied));
  return result;
}

// Gives the path of the copy for a program to which `root` is `/`.
expected<std::string, std::string> otp_driver::copy(const fs::path& root,
                                                    const fs::path& script) {
  auto path = (root / "tmp" / "coppice-lab-XXXXXX").string();
  {
    const no_stop until_noted;
    if (::mkdtemp(path.data()) == nullptr)
      return unexpected{"cannot write to " + (root / "tmp").string()};
    folder_ = {path, {fs::path{path} / script.filename()}};
    note_folder(&folder_);
  }
  auto& file = folder_.files.front();
  std::error_code failed;
  fs::copy_file(script, file, failed);
  if (failed)
    return unexpected{"cannot copy " + script.string() + " to " + file + ": "
                      + failed.message()};
  return ("/" / fs::path{file}.lexically_relative(root)).string();
}

otp_driver::~otp_driver() {
  if (folder_.path.empty())
    return;
  std::error_code ignored;
  fs::remove_all(folder_.path, ignored);
  note_folder(nullptr);
}

} // namespace coppice::lab
