// SPDX-License-Identifier: BSD-3-Clause

#include "server/server_loop.hpp"

#include "server/exit_code.hpp"
#include "server/stop_signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace coppice {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using supervision::exit_reason;

namespace {

// How long a tree that was told to end may take, beyond its own limits.
constexpr auto stop_limit = 10s;
constexpr auto forced_stop_limit = 2s;
constexpr auto parting_limit = 1s;

net::socket checked(int fd, const char* what) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return net::socket{fd};
}

} // namespace

struct server_loop::state {
  // Something that any thread can set and one thread can poll.
  class flag {
  public:
    flag() : fd_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
      // nop
    }

    void set() {
      std::uint64_t one = 1;
      [[maybe_unused]] auto n = ::write(fd_.fd(), &one, sizeof(one));
    }

    void clear() {
      std::uint64_t count;
      [[maybe_unused]] auto n = ::read(fd_.fd(), &count, sizeof(count));
    }

    int fd() const noexcept {
      return fd_.fd();
    }

  private:
    net::socket fd_;
  };

  explicit state(signals which) {
    if (which == signals::stop)
      stop_signals = open_stop_signals();
  }

  net::socket stop_signals; // -1, which poll(2) leaves out, if there are none
  flag ended;
  flag drained;
  flag drain_wanted;
  std::mutex mutex;
  bool is_drain_wanted = false;                           // guarded by mutex
  std::optional<std::chrono::milliseconds> drain_timeout; // guarded by mutex
};

namespace {

// One run of the loop: where the end of the server has got to.
template <class State>
class ending {
public:
  ending(running_server server, std::shared_ptr<State> state)
      : server_(server), state_(std::move(state)) {
    server_.root.on_end(
      [state = state_](const exit_reason&) { state->ended.set(); });
  }

  end_result run() {
    while (!result_) {
      std::array<pollfd, 4> fds{pollfd{state_->stop_signals.fd(), POLLIN, 0},
                                pollfd{state_->ended.fd(), POLLIN, 0},
                                pollfd{state_->drained.fd(), POLLIN, 0},
                                pollfd{state_->drain_wanted.fd(), POLLIN, 0}};
      ::poll(fds.data(), fds.size(), timeout());
      if ((fds[1].revents & POLLIN) != 0) {
        state_->ended.clear();
        on_end();
      }
      if ((fds[0].revents & POLLIN) != 0)
        on_signal();
      if ((fds[2].revents & POLLIN) != 0) {
        state_->drained.clear();
        on_drained();
      }
      if ((fds[3].revents & POLLIN) != 0) {
        state_->drain_wanted.clear();
        on_drain_wanted();
      }
      if (deadline_ && clock::now() >= *deadline_)
        on_deadline();
    }
    return *result_;
  }

private:
  enum class stage {
    serving,
    draining,
    stopping,
    parting, // the tree has ended; the last connections say goodbye
    forced,
  };

  int timeout() const {
    if (!deadline_)
      return -1;
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void on_signal() {
    signalfd_siginfo info;
    if (::read(state_->stop_signals.fd(), &info, sizeof(info)) != sizeof(info))
      return;
    switch (stage_) {
    case stage::serving:
      drain(server_.drain_timeout);
      break;
    case stage::draining:
      stop(stage::forced, forced_stop_limit);
      break;
    case stage::stopping:
    case stage::parting:
    case stage::forced:
      result_ = end_result{done, false};
    }
  }

  void on_drain_wanted() {
    if (stage_ != stage::serving)
      return;
    std::unique_lock guard{state_->mutex};
    auto timeout = state_->drain_timeout.value_or(server_.drain_timeout);
    guard.unlock();
    drain(timeout);
  }

  void drain(std::chrono::milliseconds timeout) {
    stage_ = stage::draining;
    deadline_ = clock::now() + timeout;
    when_drained();
  }

  void when_drained() {
    auto tell = [state = state_] { state->drained.set(); };
    if (server_.listener == nullptr)
      tell();
    else
      server_.listener->drain(tell);
  }

  void on_drained() {
    if (stage_ == stage::draining)
      stop(stage::stopping, goodbye_and(stop_limit));
    else if (stage_ == stage::parting)
      result_ = end_result{done};
  }

  // Nothing if peers may take as long as they want.
  std::optional<clock::duration> goodbye_and(clock::duration more) const {
    if (server_.listener == nullptr)
      return more;
    auto goodbye = server_.listener->limits().goodbye;
    if (!goodbye)
      return {};
    return *goodbye + more;
  }

  void set_deadline(std::optional<clock::duration> limit) {
    deadline_.reset();
    if (limit)
      deadline_ = clock::now() + *limit;
  }

  void stop(stage next, std::optional<clock::duration> limit) {
    stage_ = next;
    set_deadline(limit);
    server_.root.stop(exit_reason::shutdown());
  }

  void on_deadline() {
    if (stage_ == stage::draining) {
      stop(stage::stopping, goodbye_and(stop_limit));
      return;
    }
    if (stage_ == stage::parting) {
      result_ = end_result{done};
      return;
    }
    result_ = end_result{failed, false,
                         "the tree did not end in time; it waits for"
                           + listed(server_.root.still_there())};
  }

  // A tree that gave up may have left actors behind that nobody ends any more,
  // so there is nothing to be gained by an orderly end of the process.
  void on_end() {
    if (auto left = server_.root.left_behind(); !left.empty()) {
      leave(left);
      return;
    }
    if (stage_ == stage::stopping) {
      part();
      return;
    }
    if (stage_ == stage::forced) {
      result_ = end_result{done};
      return;
    }
    result_ = end_result{gave_up, false,
                         "the tree gave up; exiting so that whatever "
                         "supervises this process can start it again"};
  }

  // In the topology "linked" no supervisor waits for connections that end with
  // their acceptor; what they have to say they say before the reactors stop.
  void part() {
    stage_ = stage::parting;
    set_deadline(goodbye_and(parting_limit));
    when_drained();
  }

  // What could not be killed would keep the process for ever.
  void leave(const std::vector<std::string>& behind) {
    result_
      = end_result{stage_ == stage::serving ? gave_up : failed, false,
                   "could not be killed and is left behind:" + listed(behind)};
  }

  static std::string listed(const std::vector<std::string>& paths) {
    std::string result;
    for (auto& path : paths)
      result += " " + path;
    return result;
  }

  running_server server_;
  std::shared_ptr<State> state_;
  stage stage_ = stage::serving;
  std::optional<clock::time_point> deadline_;
  std::optional<end_result> result_; // once it is over
};

} // namespace

server_loop::server_loop(signals which)
    : state_(std::make_shared<state>(which)) {
  // nop
}

server_loop::~server_loop() = default;

void server_loop::drain(std::optional<std::chrono::milliseconds> timeout) {
  {
    std::lock_guard guard{state_->mutex};
    if (std::exchange(state_->is_drain_wanted, true))
      return;
    state_->drain_timeout = timeout;
  }
  state_->drain_wanted.set();
}

end_result server_loop::run(running_server server) {
  return ending{server, state_}.run();
}

} // namespace coppice
