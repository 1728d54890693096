// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace coppice_test {

/// A disk of 1 MiB at `folder`, for this thread and what it starts: a tmpfs in
/// a mount namespace of its own. Goes with its owner, whose thread has to be
/// the same.
class small_disk {
public:
  explicit small_disk(std::string folder) : folder_(std::move(folder)) {
    before_ = ::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
    root_ = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    here_ = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    apart_
      = before_ >= 0 && root_ >= 0 && here_ >= 0 && ::unshare(CLONE_NEWNS) == 0;
    if (!apart_
        || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("none", folder_.c_str(), "tmpfs", 0, "size=1m,mode=700")
             != 0)
      problem_ = std::strerror(errno);
  }

  ~small_disk() {
    if (apart_)
      leave();
    for (auto fd : {before_, root_, here_})
      ::close(fd);
  }

  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  /// Why there is none; empty if there is one.
  const std::string& problem() const {
    return problem_;
  }

  /// Nobody may have a file open on it to write.
  void set_read_only(bool on) {
    unsigned long flags = MS_REMOUNT;
    if (on)
      flags |= MS_RDONLY;
    if (::mount("none", folder_.c_str(), "tmpfs", flags, nullptr) != 0)
      throw std::runtime_error(std::string("cannot remount: ")
                               + std::strerror(errno));
  }

  /// Leaves no room at all.
  void fill() {
    const int fd = ::open(filler().c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string some(4096, 'x');
    while (::write(fd, some.data(), some.size()) > 0) {
    }
    const int why = errno;
    ::close(fd);
    if (why != ENOSPC)
      throw std::runtime_error(std::string("cannot fill it: ")
                               + std::strerror(why));
  }

  void make_room() {
    ::unlink(filler().c_str());
  }

private:
  // setns leads out of a chroot, too.
  void leave() {
    ::umount2(folder_.c_str(), MNT_DETACH);
    if (::setns(before_, CLONE_NEWNS) != 0 || ::fchdir(root_) != 0
        || ::chroot(".") != 0 || ::fchdir(here_) != 0)
      ADD_FAILURE() << "cannot leave the disk: " << std::strerror(errno);
  }

  std::string filler() const {
    return folder_ + "/filler";
  }

  std::string folder_;
  std::string problem_;
  int before_;
  int root_;
  int here_;
  bool apart_;
};

} // namespace coppice_test
