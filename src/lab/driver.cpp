#include "coppice/lab/driver.hpp"
#include "child_output.hpp"

#include <cstdlib>
#include <fstream>
#include <system_error>

#include <nlohmann/json.hpp>

namespace coppice::lab {

namespace {

namespace fs = std::filesystem;

// A folder below `root` that is gone with its object, and its files with it.
class scratch_folder {
public:
  explicit scratch_folder(const fs::path& root) : root_(root) {
    auto parent = root == "/" ? fs::temp_directory_path() : root / "tmp";
    auto path = (parent / "coppice-lab-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr)
      path_ = path;
  }

  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty())
      fs::remove_all(path_, ignored);
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

void add_event(rendition& to, const trace_event& ev) {
  auto kind = ev.value("e", "");
  if (kind != "driver_skipped" && kind != "driver_failed") {
    to.events.push_back(ev);
    return;
  }
  to.result = kind == "driver_skipped" ? rendition::outcome::skipped
                                       : rendition::outcome::failed;
  to.reason = ev.value("reason", "it does not say why");
}

// Cuts what a driver printed at the lines that name a scenario.
std::vector<rendition> split(const std::string& text) {
  std::vector<rendition> result;
  for (auto& ev : read_trace(text))
    if (ev.contains("scenario")) {
      result.emplace_back();
      result.back().player = ev.value("driver", "");
    } else if (!result.empty()) {
      add_event(result.back(), ev);
    }
  for (auto& one : result)
    if (one.result != rendition::outcome::played)
      one.events.clear();
  return result;
}

} // namespace

std::variant<std::vector<rendition>, driver_error>
play_by(const driver& who, const std::vector<nlohmann::json>& scenarios,
        std::chrono::seconds limit) {
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
    fs::copy_file(who.script, folder.path("script"), failed);
    if (failed)
      return driver_error{"cannot copy " + who.script.string() + " to "
                          + folder.path("script").string() + ": "
                          + failed.message()};
    command.push_back(folder.seen("script"));
  }
  command.insert(command.end(), who.arguments.begin(), who.arguments.end());
  if (!write_lines(folder.path("scenarios"), scenarios))
    return driver_error{"cannot write " + folder.path("scenarios").string()};
  command.push_back(folder.seen("scenarios"));
  auto output = output_of(command, limit);
  if (auto* why = std::get_if<child_failure>(&output))
    return driver_error{in_words(who) + " " + why->message};
  try {
    auto result = split(std::get<std::string>(output));
    if (result.size() == scenarios.size())
      return result;
    return driver_error{in_words(who) + " played "
                        + std::to_string(result.size()) + " of "
                        + std::to_string(scenarios.size()) + " scenarios"};
  } catch (const nlohmann::json::exception& err) {
    return driver_error{in_words(who)
                        + " printed what is no trace: " + err.what()};
  }
}

} // namespace coppice::lab
