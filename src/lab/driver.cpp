// SPDX-License-Identifier: BSD-3-Clause

#include "lab/driver.hpp"
#include "lab/child_output.hpp"
#include "lab/leftovers.hpp"
#include "lab/object_lines.hpp"

#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace coppice::lab {

namespace {

namespace fs = std::filesystem;

// What is handed over.
constexpr auto script_file = "script";
constexpr auto scenarios_file = "scenarios";

// A folder below `root` that is gone with its object, and its files with it.
class scratch_folder {
public:
  explicit scratch_folder(const fs::path& root) : root_(root) {
    auto parent = root == "/" ? fs::temp_directory_path() : root / "tmp";
    auto path = (parent / "coppice-lab-XXXXXX").string();
    const no_stop until_noted;
    if (::mkdtemp(path.data()) == nullptr)
      return;
    path_ = path;
    noted_ = {path, {this->path(script_file), this->path(scenarios_file)}};
    note_folder(&noted_);
  }

  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  ~scratch_folder() {
    std::error_code ignored;
    if (path_.empty())
      return;
    fs::remove_all(path_, ignored);
    note_folder(nullptr);
  }

  explicit operator bool() const noexcept {
    return !path_.empty();
  }

  fs::path path(const std::string& name) const {
    return path_ / name;
  }

  // The same, for a program to which `root` is `/`.
  std::string seen(const std::string& name) const {
    return ("/" / path(name).lexically_relative(root_)).string();
  }

private:
  fs::path root_;
  fs::path path_;
  left_folder noted_;
};

bool write_lines(const fs::path& file,
                 const std::vector<nlohmann::json>& scenarios) {
  std::ofstream out{file};
  for (auto& scenario : scenarios)
    out << scenario.dump() << "\n";
  return out.flush().good();
}

std::string in_words(const driver& who) {
  std::string result;
  for (auto& word : who.command)
    result += (result.empty() ? "" : " ") + word;
  return who.script.empty() ? result : result + " " + who.script.string();
}

objection add_event(rendition& to, trace_event ev) {
  if (auto wrong = no_event(ev))
    return wrong;
  auto& kind = ev["e"];
  if (kind != "driver_skipped" && kind != "driver_failed") {
    to.events.push_back(std::move(ev));
    return {};
  }
  if (auto wrong = no_text(ev, "reason"))
    return wrong;
  to.result = kind == "driver_skipped" ? rendition::outcome::skipped
                                       : rendition::outcome::failed;
  to.reason = ev["reason"];
  return {};
}

objection begin(std::vector<rendition>& all, const trace_event& ev) {
  all.emplace_back();
  if (!ev.contains("driver"))
    return {};
  if (auto wrong = no_text(ev, "driver"))
    return wrong;
  all.back().player = ev["driver"];
  return {};
}

// Cuts what a driver printed at the lines that name a scenario.
std::variant<std::vector<rendition>, trace_error>
split(const std::string& text) {
  std::vector<rendition> result;
  auto err = read_objects(text, [&](trace_event ev) {
    if (ev.contains("scenario"))
      return begin(result, ev);
    return result.empty() ? objection{}
                          : add_event(result.back(), std::move(ev));
  });
  if (err)
    return std::move(*err);
  for (auto& one : result)
    if (one.result != rendition::outcome::played)
      one.events.clear();
  return result;
}

} // namespace

std::variant<std::vector<rendition>, driver_error>
play_by(const driver& who, const std::vector<nlohmann::json>& scenarios,
        std::chrono::milliseconds limit) {
  scratch_folder folder{who.root};
  if (!folder)
    return driver_error{
      "cannot write to "
      + (who.root == "/" ? fs::temp_directory_path() : who.root / "tmp")
          .string()};
  auto command = who.command;
  if (!who.script.empty() && who.root == "/") {
    command.push_back(who.script.string());
  } else if (!who.script.empty()) {
    std::error_code failed;
    fs::copy_file(who.script, folder.path(script_file), failed);
    if (failed)
      return driver_error{"cannot copy " + who.script.string() + " to "
                          + folder.path(script_file).string() + ": "
                          + failed.message()};
    command.push_back(folder.seen(script_file));
  }
  command.insert(command.end(), who.arguments.begin(), who.arguments.end());
  if (!write_lines(folder.path(scenarios_file), scenarios))
    return driver_error{"cannot write " + folder.path(scenarios_file).string()};
  command.push_back(folder.seen(scenarios_file));
  auto output = output_of(command, limit);
  if (auto* why = std::get_if<child_failure>(&output))
    return driver_error{in_words(who) + " " + why->message};
  auto result = split(std::get<std::string>(output));
  if (auto* err = std::get_if<trace_error>(&result))
    return driver_error{in_words(who)
                        + " printed what is no trace: " + to_string(*err)};
  auto& all = std::get<std::vector<rendition>>(result);
  if (all.size() == scenarios.size())
    return std::move(all);
  return driver_error{in_words(who) + " played " + std::to_string(all.size())
                      + " of " + std::to_string(scenarios.size())
                      + " scenarios"};
}

} // namespace coppice::lab
