#include "coppice/lab/otp.hpp"
#include "child_output.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <unistd.h>

namespace coppice::lab {

namespace {

// A file that is gone with its object.
class temporary_file {
public:
  explicit temporary_file(const std::vector<nlohmann::json>& lines)
      : path_(std::filesystem::temp_directory_path() / "coppice-lab-XXXXXX") {
    auto fd = mkstemp(path_.data());
    if (fd < 0)
      return;
    close(fd);
    std::ofstream out{path_};
    for (auto& line : lines)
      out << line.dump() << "\n";
    good_ = out.flush().good();
  }

  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  ~temporary_file() {
    unlink(path_.c_str());
  }

  const std::string& path() const noexcept {
    return path_;
  }

  bool good() const noexcept {
    return good_;
  }

private:
  std::string path_;
  bool good_ = false;
};

// Cuts the output of the driver at the lines that name a scenario.
std::vector<trace> split(const std::string& text) {
  std::vector<trace> result;
  for (auto& ev : read_trace(text))
    if (ev.contains("scenario"))
      result.emplace_back();
    else if (!result.empty())
      result.back().push_back(ev);
  return result;
}

} // namespace

bool otp_installed() {
  auto* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    auto dir = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), dir.size() + 1));
    if (access((std::string{dir} + "/escript").c_str(), X_OK) == 0)
      return true;
  }
  return false;
}

std::string how_to_install_otp() {
  return "Erlang is not installed: apt-get install erlang-base (Debian, "
         "Ubuntu), or anything that puts escript into PATH";
}

std::variant<std::vector<trace>, otp_error>
play_on_otp(const std::vector<nlohmann::json>& scenarios,
            const std::string& driver, std::chrono::seconds limit) {
  if (!otp_installed())
    return otp_error{how_to_install_otp()};
  temporary_file file{scenarios};
  if (!file.good())
    return otp_error{"cannot write " + file.path()};
  auto text = output_of({"escript", driver, "--lines", file.path()}, limit);
  if (!text)
    return otp_error{"escript " + driver + " failed, or took longer than "
                     + std::to_string(limit.count()) + " s"};
  auto traces = split(*text);
  if (traces.size() != scenarios.size())
    return otp_error{"escript " + driver + " played "
                     + std::to_string(traces.size()) + " of "
                     + std::to_string(scenarios.size()) + " scenarios"};
  return traces;
}

} // namespace coppice::lab
