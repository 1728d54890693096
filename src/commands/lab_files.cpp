// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_files.hpp"

#include "fault/names.hpp"
#include "lab/examples.hpp"
#include "lab/file_text.hpp"
#include "lab/json_place.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

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

expected<std::string, lab::scenario_error>
load_scenario_text(const std::string& name) {
  if (auto* known = lab::find_example(name))
    return std::string{known->text};
  std::error_code ignored;
  if (!fs::exists(name, ignored))
    return unexpected{lab::scenario_error{
      name, {}, "no such file, and no example" + example_meant_by(name)}};
  return lab::read_text(name);
}

expected<lab::scenario, lab::scenario_error>
load_scenario(const std::string& name) {
  return load_scenario_text(name).and_then(
    [&](const std::string& text) { return lab::parse_scenario(text, name); });
}

std::string example_meant_by(const std::string& name) {
  auto word = fs::path{name}.stem().string();
  auto numbered = word.find_first_of("0123456789") == 0;
  std::vector<std::string> names;
  for (auto& each : lab::examples())
    names.emplace_back(numbered ? each.name : each.short_name());
  auto meant = fault::did_you_mean(word, names);
  return meant.empty() ? "; coppice lab list shows them" : meant;
}

std::string scenario_file::name() const {
  return fs::path{path}.stem().string();
}

expected<scenario_file, lab::scenario_error>
read_scenario_file(const std::string& path) {
  auto text = load_scenario_text(path);
  if (!text)
    return unexpected{std::move(text.error())};
  auto json = lab::parse_json(*text, path);
  if (!json)
    return unexpected{std::move(json.error())};
  scenario_file result{path, *std::move(json), {}, {}};
  auto plan = lab::read_scenario(result.json, path)
                .map_error([&](lab::scenario_error error) {
                  return lab::with_place(std::move(error), *text);
                });
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
    if (lab::find_example(each) != nullptr
        || !fs::is_directory(each, ignored)) {
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
