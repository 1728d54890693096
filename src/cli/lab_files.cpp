#include "lab_files.hpp"

#include <algorithm>
#include <system_error>

namespace coppice::cli {

namespace {

namespace fs = std::filesystem;

bool is_scenario(const fs::directory_entry& entry) {
  return entry.path().extension() == ".json" && entry.is_regular_file();
}

} // namespace

std::string scenario_file::name() const {
  return fs::path{path}.stem().string();
}

std::variant<scenario_file, lab::scenario_error>
read_scenario_file(const std::string& path) {
  auto json = lab::load_json(path);
  if (auto* err = std::get_if<lab::scenario_error>(&json))
    return *err;
  scenario_file result{path, std::get<nlohmann::json>(std::move(json)), {}, {}};
  auto plan = lab::read_scenario(result.json, path);
  if (auto* err = std::get_if<lab::scenario_error>(&plan))
    result.refusal = to_string(*err);
  else
    result.plan = std::get<lab::scenario>(std::move(plan));
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
    for (auto& entry : fs::recursive_directory_iterator{
           each, fs::directory_options::skip_permission_denied})
      if (is_scenario(entry))
        result.push_back(entry.path().string());
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

} // namespace coppice::cli
