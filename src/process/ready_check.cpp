// SPDX-License-Identifier: BSD-3-Clause

#include "process/ready_check.hpp"

#include "process/event_thread.hpp"
#include "process/registry.hpp"
#include "process/spawn_job.hpp"
#include "process/spawner.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace coppice::process {

namespace {

constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds longest_pause{500};
constexpr std::chrono::seconds longest_attempt{5};

// What all of them do: attempts with pauses in between.
class repeated_check : public ready_check {
public:
  explicit repeated_check(std::function<void()> ready)
      : ready_(std::move(ready)) {
    wait();
  }

  ~repeated_check() override {
    events().cancel(timer_);
  }

protected:
  static event_thread& events() {
    return event_thread::get();
  }

  virtual void attempt() = 0;

  void again() {
    pause_ = std::min(pause_ * 2, longest_pause);
    wait();
  }

  // The last thing to do: `this` may be gone then.
  void done() {
    auto fn = std::exchange(ready_, nullptr);
    fn();
  }

private:
  void wait() {
    timer_ = events().after(pause_, [this] { attempt(); });
  }

  std::function<void()> ready_;
  std::chrono::milliseconds pause_ = first_pause;
  event_thread::number timer_ = 0;
};

class file_check final : public repeated_check {
public:
  file_check(std::string path, std::function<void()> ready)
      : repeated_check(std::move(ready)), path_(std::move(path)) {
    // nop
  }

private:
  void attempt() override {
    if (::access(path_.c_str(), F_OK) == 0)
      done();
    else
      again();
  }

  std::string path_;
};

// One address after the other; with a request, until the status has come.
class connect_check final : public repeated_check {
public:
  connect_check(probe_target to, std::function<void()> ready)
      : repeated_check(std::move(ready)), to_(std::move(to)) {
    // nop
  }

  ~connect_check() override {
    close();
  }

private:
  void attempt() override {
    next_ = 0;
    try_next();
  }

  void try_next() {
    close();
    if (next_ == to_.addresses.size()) {
      again();
      return;
    }
    auto& to = to_.addresses[next_++];
    fd_.reset(::socket(to.name.ss_family,
                       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto connected = ::connect(
      fd_.get(), reinterpret_cast<const sockaddr*>(&to.name), to.size);
    if (connected < 0 && errno != EINPROGRESS) {
      try_next();
      return;
    }
    sent_ = 0;
    answer_.clear();
    limit_ = events().after(longest_attempt, [this] { try_next(); });
    watch(EPOLLOUT);
  }

  void watch(std::uint32_t what) {
    events().unwatch(watch_, fd_.get());
    watch_
      = events().watch(fd_.get(), what, [this](std::uint32_t) { on_event(); });
  }

  void on_event() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      try_next();
    else if (to_.request.empty())
      done();
    else if (sent_ < to_.request.size())
      send();
    else
      receive();
  }

  void send() {
    auto n = ::send(fd_.get(), to_.request.data() + sent_,
                    to_.request.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      try_next();
      return;
    }
    sent_ += n > 0 ? static_cast<std::size_t>(n) : 0;
    if (sent_ == to_.request.size())
      watch(EPOLLIN);
  }

  // `HTTP/1.1 200`.
  void receive() {
    std::array<char, 256> part;
    auto n = ::recv(fd_.get(), part.data(), part.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n > 0)
      answer_.append(part.data(), static_cast<std::size_t>(n));
    if (n > 0 && answer_.size() < 12)
      return;
    if (answer_.size() >= 12 && answer_.starts_with("HTTP/1.")
        && answer_[9] == '2')
      done();
    else
      try_next();
  }

  void close() {
    events().cancel(std::exchange(limit_, 0));
    events().unwatch(std::exchange(watch_, 0), fd_.get());
    fd_.reset();
  }

  probe_target to_;
  std::size_t next_ = 0;
  owned_fd fd_;
  event_thread::number watch_ = 0;
  event_thread::number limit_ = 0;
  std::size_t sent_ = 0;
  std::string answer_;
};

// A command that was started, until it was reaped; it may outlive the check.
class probe_process : public std::enable_shared_from_this<probe_process> {
public:
  using result = std::function<void(bool good)>;

  explicit probe_process(result fn) : fn_(std::move(fn)) {
    // nop
  }

  // For the spawner's thread.
  void start(const program& what, const std::string& mark) {
    auto started = start_probe(what, mark);
    event_thread::get().post(
      [self = shared_from_this(),
       child = std::make_shared<expected<spawned_program, spawn_error>>(
         std::move(started))] { self->on_started(std::move(*child)); });
  }

  // Nobody wants to know any more.
  void abandon() {
    fn_ = nullptr;
    if (child_.pid > 0)
      ::kill(-child_.pid, SIGKILL);
  }

private:
  void on_started(expected<spawned_program, spawn_error> child) {
    if (!child) {
      tell(false);
      return;
    }
    child_ = std::move(*child);
    if (!fn_)
      ::kill(-child_.pid, SIGKILL);
    watch_ = event_thread::get().watch(
      child_.pidfd.get(), EPOLLIN,
      [self = shared_from_this()](std::uint32_t) { self->on_end(); });
  }

  // What it leaves behind goes before its number may be another's.
  void on_end() {
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(child_.pidfd.get()), &info,
             WEXITED | WNOWAIT | WNOHANG);
    if (info.si_pid == 0)
      return;
    event_thread::get().unwatch(watch_, child_.pidfd.get());
    ::kill(-child_.pid, SIGKILL);
    {
      auto& known = registry::get();
      auto held = known.hold();
      ::waitid(P_PIDFD, static_cast<id_t>(child_.pidfd.get()), &info, WEXITED);
      known.remove(child_.pid);
    }
    child_ = {};
    tell(info.si_code == CLD_EXITED && info.si_status == 0);
  }

  void tell(bool good) {
    if (auto fn = std::exchange(fn_, nullptr))
      fn(good);
  }

  result fn_;
  spawned_program child_;
  event_thread::number watch_ = 0;
};

class command_check final : public repeated_check {
public:
  command_check(std::shared_ptr<const program> what, std::string mark,
                std::function<void()> ready)
      : repeated_check(std::move(ready)),
        what_(std::move(what)),
        mark_(std::move(mark)) {
    // nop
  }

  ~command_check() override {
    if (running_)
      running_->abandon();
  }

private:
  void attempt() override {
    running_ = std::make_shared<probe_process>([this](bool good) {
      running_ = nullptr;
      if (good)
        done();
      else
        again();
    });
    spawner::get().post([probe = running_, what = what_, mark = mark_] {
      probe->start(*what, mark);
    });
  }

  std::shared_ptr<const program> what_;
  std::string mark_;
  std::shared_ptr<probe_process> running_;
};

} // namespace

std::unique_ptr<ready_check>
make_ready_check(std::shared_ptr<const program> what,
                 const std::optional<probe_target>& probe,
                 const std::string& mark, std::function<void()> ready) {
  switch (what->ready.when) {
  case readiness::kind::file:
    return std::make_unique<file_check>(what->ready.to, std::move(ready));
  case readiness::kind::connect:
  case readiness::kind::http:
    return std::make_unique<connect_check>(*probe, std::move(ready));
  case readiness::kind::command:
    return std::make_unique<command_check>(std::move(what), mark,
                                           std::move(ready));
  case readiness::kind::exec:
  case readiness::kind::notify:
  case readiness::kind::fd:
  case readiness::kind::log:
  case readiness::kind::alive:
  case readiness::kind::exit:
    return nullptr;
  }
  return nullptr;
}

} // namespace coppice::process
