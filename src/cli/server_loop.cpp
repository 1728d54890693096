#include "coppice/cli/server_loop.hpp"

#include "coppice/cli/exit_code.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace coppice::cli {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using supervision::exit_reason;

namespace {

// How long a tree that was told to end may take, beyond its own limits.
constexpr auto stop_limit = 10s;
constexpr auto forced_stop_limit = 2s;

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

net::socket checked(int fd, const char* what) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return net::socket{fd};
}

net::socket open_signals() {
  auto set = stop_signals();
  return checked(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

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

} // namespace

struct server_loop::state {
  net::socket signals = open_signals();
  flag ended;
  flag drained;
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

  int run() {
    for (;;) {
      std::array<pollfd, 3> fds{pollfd{state_->signals.fd(), POLLIN, 0},
                                pollfd{state_->ended.fd(), POLLIN, 0},
                                pollfd{state_->drained.fd(), POLLIN, 0}};
      ::poll(fds.data(), fds.size(), timeout());
      if ((fds[1].revents & POLLIN) != 0)
        return on_end();
      if ((fds[0].revents & POLLIN) != 0)
        on_signal();
      if ((fds[2].revents & POLLIN) != 0) {
        state_->drained.clear();
        on_drained();
      }
      if (deadline_ && clock::now() >= *deadline_)
        on_deadline();
    }
  }

private:
  enum class stage { serving, draining, stopping, forced };

  int timeout() const {
    if (!deadline_)
      return -1;
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void on_signal() {
    signalfd_siginfo info;
    if (::read(state_->signals.fd(), &info, sizeof(info)) != sizeof(info))
      return;
    switch (stage_) {
    case stage::serving:
      drain();
      break;
    case stage::draining:
      stop(stage::forced, forced_stop_limit);
      break;
    case stage::stopping:
    case stage::forced:
      std::_Exit(done);
    }
  }

  void drain() {
    stage_ = stage::draining;
    deadline_ = clock::now() + server_.drain_timeout;
    observe::event ev;
    ev.kind = observe::event_kind::draining;
    ev.path = "coppice/listener:" + server_.listener.config().name;
    ev.detail = std::to_string(server_.listener.active())
                + " connections may finish; a second signal does not wait";
    server_.events.publish(std::move(ev));
    server_.listener.drain([state = state_] { state->drained.set(); });
  }

  void on_drained() {
    if (stage_ == stage::draining)
      stop(stage::stopping, stop_limit);
  }

  void stop(stage next, clock::duration limit) {
    stage_ = next;
    deadline_ = clock::now() + limit;
    server_.root.stop(exit_reason::shutdown());
  }

  void on_deadline() {
    if (stage_ == stage::draining) {
      stop(stage::stopping, stop_limit);
      return;
    }
    std::cerr << "coppice: the tree did not end in time; it waits for"
              << listed(server_.root.still_there()) << std::endl;
    std::_Exit(failed);
  }

  // A tree that gave up may have left actors behind that nobody ends any more,
  // so there is nothing to be gained by an orderly end of the process.
  int on_end() {
    if (auto left = server_.root.left_behind(); !left.empty())
      leave(left);
    if (stage_ != stage::serving)
      return done;
    std::cerr << "coppice: the tree gave up; exiting so that whoever "
                 "supervises this process can start it again"
              << std::endl;
    std::_Exit(gave_up);
  }

  // What could not be killed would keep the process for ever.
  void leave(const std::vector<std::string>& behind) {
    std::cerr << "coppice: could not be killed and is left behind:"
              << listed(behind) << std::endl;
    std::_Exit(stage_ == stage::serving ? gave_up : failed);
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
};

} // namespace

void block_stop_signals() {
  auto set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

server_loop::server_loop() : state_(std::make_shared<state>()) {
  // nop
}

server_loop::~server_loop() = default;

int server_loop::run(running_server server) {
  return ending{server, state_}.run();
}

} // namespace coppice::cli
