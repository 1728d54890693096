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

std::vector<std::string> files_of(const net::tls_settings& settings) {
  std::vector<std::string> result;
  for (auto& each : settings.certificates) {
    add(result, each.file);
    add(result, each.key_file);
  }
  add(result, settings.client_ca_file);
  return result;
}

std::string state_of(const std::vector<std::string>& files) {
  std::string result;
  for (auto& each : files) {
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
                                     std::shared_ptr<admin::server> admin,
                                     actor::runtime_ptr rt)
    : listeners_(std::move(whose)),
      admin_(std::move(admin)),
      rt_(std::move(rt)),
      due_(clock::now()),
      warned_(due_ - day) {
  look_again();
}

// By names that do not clash. What they reload says itself what came of it.
std::map<std::string, certificate_watch::owner>
certificate_watch::owners() const {
  std::map<std::string, owner> result;
  for (auto& each : listeners_.all())
    if (auto settings = each->tls_settings())
      result.emplace("listener:" + each->config().name,
                     owner{each->path(), files_of(*settings),
                           each->certificates(),
                           [each] { (void)each->reload_certificates(); }});
  if (auto tls = admin_ ? admin_->tls() : nullptr) {
    owner its{admin_->path(), files_of(tls->settings()), {}, [admin = admin_] {
                (void)admin->reload_certificates();
              }};
    for (auto& each : tls->certificates())
      its.certificates.push_back({each.file, each.names, each.expires});
    result.emplace("admin", std::move(its));
  }
  return result;
}

void certificate_watch::look_again() {
  watch_files();
  seen_.clear();
  for (auto& [name, each] : owners())
    seen_[name] = state_of(each.files);
}

// The folders, since files are replaced rather than written; and those of links
// on the way, since a link may be what is replaced.
void certificate_watch::watch_files() {
  std::set<std::string> folders;
  for (auto& [name, each] : owners())
    for (auto& file : each.files)
      add_folders(file, folders);
  if (folders.empty())
    return;
  if (!changes_)
    changes_ = net::socket{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  for (auto& each : folders)
    ::inotify_add_watch(changes_.fd(), each.c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE);
}

void certificate_watch::on_readable(clock::time_point now) {
  std::array<char, 4096> forgotten;
  while (::read(changes_.fd(), forgotten.data(), forgotten.size()) > 0) {
    // nop: the folders are looked at as a whole
  }
  due_ = now + settled_after;
}

void certificate_watch::on_due(clock::time_point now) {
  due_ = now + looked_again_after;
  for (auto& [name, each] : owners()) {
    auto state = state_of(each.files);
    auto& seen = seen_[name];
    if (state == seen)
      continue;
    seen = std::move(state);
    watch_files();
    each.reload();
  }
  if (now - warned_ >= day) {
    warned_ = now;
    warn();
  }
}

void certificate_watch::warn() const {
  auto now = std::chrono::system_clock::now();
  for (auto& [name, owner] : owners())
    for (auto& each : owner.certificates) {
      auto left = each.expires - now;
      if (left >= warned_before)
        continue;
      observe::event ev;
      ev.kind = observe::event_kind::certificate_expires;
      ev.path = owner.path;
      ev.detail = each.file
                  + (left < 0s ? ": it has expired " + days(-left) + " ago"
                               : ": it expires in " + days(left));
      rt_->events.publish(std::move(ev));
    }
}

} // namespace coppice
