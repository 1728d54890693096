// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal_path.hpp"

#include "journal/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

namespace coppice::journal {

namespace fs = std::filesystem;

namespace {

// As many links in a row as Linux follows. Source: path_resolution(7).
constexpr int most_links = 40;

fs::path beside(const fs::path& file, const char* suffix) {
  auto result = file;
  result += suffix;
  return result;
}

// As in a name of a file: 20261122T203840Z.
std::string time_in_a_name() {
  auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

// Held by a process that replaces a file in the folder of `file`. A lock on the
// folder leaves no file behind. Where folders cannot be locked, there is none.
class folder_lock {
public:
  explicit folder_lock(const fs::path& file) {
    auto folder = file.has_parent_path() ? file.parent_path() : fs::path{"."};
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    others_ = fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0
              && errno == EWOULDBLOCK;
  }

  ~folder_lock() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  /// Whether somebody else holds it.
  bool is_others() const noexcept {
    return others_;
  }

  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;

private:
  int fd_;
  bool others_;
};

unexpected<store_error> fail(std::string text, trouble kind = trouble::other) {
  return unexpected{store_error{std::move(text), kind}};
}

} // namespace

fs::path wal_of(const fs::path& file) {
  return beside(behind_links(file), "-wal");
}

fs::path shm_of(const fs::path& file) {
  return beside(behind_links(file), "-shm");
}

std::optional<file_identity> identity_of(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0)
    return {};
  return file_identity{found.st_dev, found.st_ino};
}

std::uint64_t size_of(const fs::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0
           ? static_cast<std::uint64_t>(found.st_size)
           : 0;
}

fs::path behind_links(const fs::path& file) {
  auto result = file;
  std::error_code failed;
  for (int followed = 0; followed <= most_links; ++followed) {
    auto target = fs::read_symlink(result, failed);
    if (!failed) {
      result = result.parent_path() / target;
      continue;
    }
    if (followed == 0)
      return file;
    auto tidy = fs::weakly_canonical(result, failed);
    return failed ? result : tidy;
  }
  return file; // in a circle: opening it fails with that error
}

expected<void, store_error> make_folder_of(const fs::path& link) {
  auto file = behind_links(link);
  std::vector<fs::path> missing;
  std::error_code failed;
  for (auto folder = file.parent_path();
       !folder.empty() && !fs::exists(folder, failed);
       folder = folder.parent_path())
    missing.push_back(folder);
  for (auto i = missing.rbegin(); i != missing.rend(); ++i)
    if (::mkdir(i->c_str(), 0700) != 0 && errno != EEXIST)
      return fail("cannot create " + i->string() + ": " + std::strerror(errno));
  if (auto folder = file.parent_path();
      !folder.empty() && !fs::is_directory(folder, failed))
    return fail("cannot create " + folder.string()
                + ": there is a file of that name");
  return {};
}

expected<void, store_error> make_file(const fs::path& link) {
  auto file = behind_links(link);
  // As soon as it is there, somebody else in this process may have it open: a
  // descriptor of our own must not be closed any more. See `database::bytes`.
  if (::mknod(file.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST)
    return fail("cannot create the journal " + file.string() + ": "
                + std::strerror(errno));
  return {};
}

expected<std::optional<fs::path>, store_error>
move_aside(const fs::path& link, const std::optional<file_identity>& which) {
  auto file = behind_links(link);
  folder_lock lock{file};
  if (lock.is_others())
    return fail("another process replaces the journal " + file.string(),
                trouble::in_use);
  if (!which || identity_of(file) != which)
    return std::nullopt;
  auto target = beside(file, (".corrupt-" + time_in_a_name()).c_str());
  // Not over one that was moved within the same second.
  for (int n = 2; identity_of(target); ++n)
    target = beside(
      file, (".corrupt-" + time_in_a_name() + "-" + std::to_string(n)).c_str());
  // The file itself last: with another one, what is beside it would be taken
  // for that one's own, or be that one's own.
  ::unlink(shm_of(file).c_str()); // it can be made from the others
  for (auto* suffix : {"-wal", ""})
    if (::rename(beside(file, suffix).c_str(), beside(target, suffix).c_str())
          != 0
        && (errno != ENOENT || *suffix == '\0'))
      return fail("cannot move " + file.string() + " to " + target.string()
                  + ": " + std::strerror(errno));
  return target;
}

} // namespace coppice::journal
