// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_files.hpp"

#include <algorithm>
#include <system_error>

namespace coppice::commands {

namespace {

namespace fs = std::filesystem;

// Other JSON may be beside scenarios. What is no JSON at all is an error that
// is reported later.
bool is_scenario(const fs::directory_entry& entry) {
  std::error_code ignored;
  if (entry.path().extension() != ".json" || !entry.is_regular_file(ignored))
    return false;
  auto json = lab::load_json(entry.path().string());
  return !json || (json->is_object() && json->contains("supervisor"));
}

// Adds the scenarios in `folder` and below; false if it cannot be read.
bool add_files(const fs::path& folder, std::vector<std::string>& files) {
  std::error_code failed;
  fs::recursive_directory_iterator i{
    folder, fs::directory_options::skip_permission_denied, failed};
  for (; !failed && i != fs::recursive_directory_iterator{};
       i.increment(failed))
    if (is_scenario(*i))
      files.push_back(i->path().string());
  return !failed;
}

} // namespace

std::string scenario_file::name() const {
  return fs::path{path}.stem().string();
}

expected<scenario_file, lab::scenario_error>
read_scenario_file(const std::string& path) {
  auto json = lab::load_json(path);
  if (!json)
    return unexpected{std::move(json.error())};
  scenario_file result{path, *std::move(json), {}, {}};
  auto plan = lab::read_scenario(result.json, path);
  if (!plan)
    result.refusal = to_string(plan.error());
  else if (lab::is_beyond_otp(*plan))
    result.refusal = path + ": a child with a budget of its own is beyond OTP";
  else
    result.plan = *std::move(plan);
  return result;
}

std::vector<std::string> files_of(const std::vector<std::string>& named) {
  std::vector<std::string> result;
  for (auto& each : named) {
    std::error_code ignored;
    if (!fs::is_directory(each, ignored)) {
      result.push_back(each);
      continue;
    }
    auto first = result.size();
    if (!add_files(each, result))
      result.push_back(each); // Reading it as a file reports the error.
    std::sort(result.begin() + static_cast<std::ptrdiff_t>(first),
              result.end());
  }
  return result;
}

fs::path recording_of(const std::string& scenario) {
  auto file = fs::absolute(scenario);
  return file.parent_path().parent_path() / "golden"
         / file.filename().replace_extension(".jsonl");
}

fs::path lab_data(const std::string& name) {
  std::error_code ignored;
  auto self = fs::read_symlink("/proc/self/exe", ignored);
  auto beside = self.parent_path() / name;
  if (fs::exists(beside, ignored))
    return beside;
  return fs::path{COPPICE_DATADIR} / name;
}

} // namespace coppice::commands
