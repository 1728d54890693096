// SPDX-License-Identifier: BSD-3-Clause

#include "server/certificate_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace coppice {

namespace {

using namespace std::chrono_literals;

// A certificate and its key are two files: both are to be there.
constexpr auto settled_after = 500ms;

// Also for file systems that do not report changes.
constexpr auto looked_again_after = 1h;

constexpr auto day = 24h;

void add(std::vector<std::string>& to, const std::string& file) {
  if (!file.empty())
    to.push_back(file);
}

// None without TLS.
std::vector<std::string> files_of(const net::listener& listener) {
  std::vector<std::string> result;
  auto& settings = listener.config().tls;
  if (!settings)
    return result;
  for (auto& each : settings->certificates) {
    add(result, each.file);
    add(result, each.key_file);
  }
  add(result, settings->client_ca_file);
  return result;
}

std::string state_of_files(const net::listener& listener) {
  std::string result;
  for (auto& each : files_of(listener)) {
    struct stat what {};
    if (::stat(each.c_str(), &what) != 0) {
      result += "-;";
      continue;
    }
    for (auto part : {static_cast<std::int64_t>(what.st_dev),
                      static_cast<std::int64_t>(what.st_ino),
                      static_cast<std::int64_t>(what.st_size),
                      static_cast<std::int64_t>(what.st_mtim.tv_sec),
                      static_cast<std::int64_t>(what.st_mtim.tv_nsec)})
      result += std::to_string(part) + ",";
    result += ";";
  }
  return result;
}

// The folder that `file` is in, and the folder of each link on the way to it.
void add_folders(const std::string& file, std::set<std::string>& to) {
  constexpr int most_links = 40; // as for the kernel
  std::error_code error;
  auto rest = std::filesystem::absolute(file, error);
  for (int links = 0; links <= most_links; ++links) {
    std::filesystem::path folder;
    auto target = std::filesystem::path{};
    auto part = rest.begin();
    for (; part != rest.end(); ++part) {
      auto here = folder / *part;
      if (std::filesystem::is_symlink(here, error)) {
        target = folder / std::filesystem::read_symlink(here, error);
        break;
      }
      if (std::next(part) != rest.end())
        folder = here;
    }
    to.insert(folder.string());
    if (target.empty())
      return;
    while (++part != rest.end())
      target /= *part;
    rest = target;
  }
}

std::string days(std::chrono::system_clock::duration time) {
  auto n = std::chrono::floor<std::chrono::days>(time).count();
  return std::to_string(n) + (n == 1 ? " day" : " days");
}

} // namespace

certificate_watch::certificate_watch(net::listener_set whose,
                                     actor::runtime_ptr rt)
    : listeners_(std::move(whose)),
      rt_(std::move(rt)),
      due_(clock::now()),
      warned_(due_ - day) {
  look_again();
}

void certificate_watch::look_again() {
  watch_files();
  seen_.clear();
  for (auto& each : listeners_.all())
    seen_[each->config().name] = state_of_files(*each);
}

// The folders, since files are replaced rather than written; and those of links
// on the way, since a link may be what is replaced.
void certificate_watch::watch_files() {
  std::set<std::string> folders;
  for (auto& listener : listeners_.all())
    for (auto& each : files_of(*listener))
      add_folders(each, folders);
  if (folders.empty())
    return;
  if (!changes_)
    changes_ = net::socket{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  for (auto& each : folders)
    ::inotify_add_watch(changes_.fd(), each.c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE);
}

void certificate_watch::on_change(clock::time_point now) {
  std::array<char, 4096> forgotten;
  while (::read(changes_.fd(), forgotten.data(), forgotten.size()) > 0) {
    // nop: the folders are looked at as a whole
  }
  due_ = now + settled_after;
}

void certificate_watch::on_due(clock::time_point now) {
  due_ = now + looked_again_after;
  for (auto& each : listeners_.all()) {
    auto state = state_of_files(*each);
    auto& seen = seen_[each->config().name];
    if (state == seen)
      continue;
    seen = std::move(state);
    watch_files();
    (void)each->reload_certificates(); // says itself what came of it
  }
  if (now - warned_ >= day) {
    warned_ = now;
    warn();
  }
}

void certificate_watch::warn() const {
  auto now = std::chrono::system_clock::now();
  for (auto& listener : listeners_.all())
    for (auto& each : listener->certificates()) {
      auto left = each.expires - now;
      if (left >= warned_before)
        continue;
      observe::event ev;
      ev.kind = observe::event_kind::certificate_expires;
      ev.path = listener->path();
      ev.detail = each.file
                  + (left < 0s ? ": it has expired " + days(-left) + " ago"
                               : ": it expires in " + days(left));
      rt_->events.publish(std::move(ev));
    }
}

} // namespace coppice
