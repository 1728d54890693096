// SPDX-License-Identifier: BSD-3-Clause

#include "server/server_loop.hpp"

#include "net/socket.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"
#include "server/loop_part.hpp"
#include "server/server_signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using supervision::exit_reason;

namespace {

// How long a tree that was asked to end may take, beyond its own limits.
constexpr auto stop_limit = 10s;
constexpr auto parting_limit = 1s;

// … and programs that were killed.
constexpr auto kill_limit = 5s;

// timeout(1) sends its signal twice at once, to the process and to its group.
// Programs get that long before a second one kills them.
constexpr auto one_signal = 50ms;

} // namespace

struct server_loop::state {
  // Something that any thread can set and one thread can poll.
  class flag {
  public:
    flag()
        : fd_(
          net::checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
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
      stop_signals = open_server_signals();
  }

  net::socket stop_signals; // -1, which poll(2) leaves out, if there are none
  flag ended;
  flag drained;
  flag drain_wanted;
  flag posted;
  std::mutex mutex;
  bool is_drain_wanted = false;                           // guarded by mutex
  bool is_replaced = false;                               // guarded by mutex
  std::optional<std::chrono::milliseconds> drain_timeout; // guarded by mutex
  std::vector<std::function<void(bool)>> tasks;           // guarded by mutex
  bool is_over = false;                                   // guarded by mutex
};

class server_loop::course : public actor::virtual_time::guest {
public:
  virtual ~course() = default;

  virtual const std::optional<end_result>& result() const = 0;
};

namespace {

// One run of the loop: where the end of the server has got to.
template <class State>
class ending final : public server_loop::course {
public:
  ending(running_server server, std::shared_ptr<State> state,
         actor::virtual_time* time = nullptr)
      : server_(server), state_(std::move(state)), time_(time) {
    server_.root.on_end(
      [state = state_](const exit_reason&) { state->ended.set(); });
    if (time_ != nullptr)
      time_->add(*this);
  }

  ~ending() override {
    if (time_ != nullptr)
      time_->remove(*this);
  }

  end_result run() {
    if (server_.stop_came)
      leave(server_.times().timeout);
    while (!result_)
      take_turn(timeout());
    run_last_tasks();
    return *result_;
  }

  bool turn() override {
    return !result_ && take_turn(0);
  }

  std::optional<supervision::time_point> next_timer() override {
    return result_ ? std::nullopt : deadline_;
  }

  const std::optional<end_result>& result() const override {
    return result_;
  }

private:
  // Returns whether there was anything to do.
  bool take_turn(int timeout) {
    std::vector<pollfd> fds{{state_->stop_signals.fd(), POLLIN, 0},
                            {state_->ended.fd(), POLLIN, 0},
                            {state_->drained.fd(), POLLIN, 0},
                            {state_->drain_wanted.fd(), POLLIN, 0},
                            {state_->posted.fd(), POLLIN, 0}};
    auto first_part = fds.size();
    for (auto* each : server_.parts)
      fds.push_back({each->fd(), POLLIN, 0});
    auto ready = ::poll(fds.data(), fds.size(), timeout) > 0;
    if ((fds[1].revents & POLLIN) != 0) {
      state_->ended.clear();
      on_end();
    }
    if (result_)
      return true;
    if ((fds[0].revents & POLLIN) != 0)
      on_signal();
    if (result_)
      return true;
    if ((fds[2].revents & POLLIN) != 0) {
      state_->drained.clear();
      on_drained();
    }
    if ((fds[3].revents & POLLIN) != 0) {
      state_->drain_wanted.clear();
      on_drain_wanted();
    }
    if ((fds[4].revents & POLLIN) != 0) {
      state_->posted.clear();
      run_tasks();
    }
    for (std::size_t i = 0; i < server_.parts.size(); ++i) {
      auto& part = *server_.parts[i];
      if ((fds[first_part + i].revents & (POLLIN | POLLHUP)) != 0)
        part.on_readable(now());
      if (auto due = part.due(); due && *due <= now())
        part.on_due(now());
    }
    if (!deadline_ || now() < *deadline_)
      return ready;
    on_deadline();
    return true;
  }

  enum class stage {
    serving,
    leaving, // it still takes clients, and says that they should go elsewhere
    draining,
    stopping,
    parting, // the tree has ended; the last connections say goodbye
  };

  clock::time_point now() const {
    return time_ == nullptr ? clock::now() : time_->now();
  }

  int timeout() const {
    auto next = deadline_;
    auto consider = [&](clock::time_point due) {
      next = next ? std::min(*next, due) : due;
    };
    for (auto* each : server_.parts)
      if (auto due = each->due())
        consider(*due);
    if (!next)
      return -1;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void on_signal() {
    signalfd_siginfo info;
    if (::read(state_->stop_signals.fd(), &info, sizeof(info)) != sizeof(info))
      return;
    auto meaning = meaning_of(static_cast<int>(info.ssi_signo));
    if (meaning != signal_meaning::stop) {
      if (meaning == signal_meaning::reload && stage_ != stage::serving)
        return;
      if (server_.on_signal)
        server_.on_signal(meaning);
      return;
    }
    auto same = server_.programs != nullptr && stop_since_
                && now() < *stop_since_ + one_signal;
    if (stage_ == stage::serving)
      leave(server_.times().timeout);
    else if (server_.programs != nullptr && !killing_ && !same)
      kill_programs();
    else if (same)
      return;
    else
      result_ = end_result{.code = done, .orderly = false, .at_once = true};
  }

  void kill_programs() {
    killing_ = true;
    deadline_ = now() + kill_limit;
    server_.programs->kill();
  }

  std::optional<clock::duration> time_to_stop() const {
    if (server_.programs != nullptr)
      return server_.programs->stop_within;
    return goodbye_and(stop_limit);
  }

  // Once nothing is left that anybody waits for.
  end_result orderly_end() const {
    if (server_.programs == nullptr)
      return {done};
    if (late_.empty())
      return {server_.programs->exit_code()};
    return {.code = failed,
            .text = "it did not end within "
                    + to_text(*server_.programs->stop_within)
                    + " (stop_within) and was killed:" + late_};
  }

  void run_tasks() {
    std::unique_lock guard{state_->mutex};
    auto tasks = std::exchange(state_->tasks, {});
    guard.unlock();
    for (auto& each : tasks)
      each(stage_ == stage::serving && !result_);
  }

  void run_last_tasks() {
    {
      std::lock_guard guard{state_->mutex};
      state_->is_over = true;
    }
    run_tasks();
  }

  void on_drain_wanted() {
    if (stage_ != stage::serving)
      return;
    std::unique_lock guard{state_->mutex};
    auto timeout = state_->drain_timeout.value_or(server_.times().timeout);
    auto at_once = state_->is_replaced;
    guard.unlock();
    leave(timeout, at_once);
  }

  void leave(std::chrono::milliseconds timeout, bool at_once = false) {
    stop_since_ = now();
    drain_timeout_ = timeout;
    for (auto* each : server_.parts)
      each->on_leave();
    auto delay = server_.times().delay;
    if (at_once || delay.count() == 0)
      return drain();
    stage_ = stage::leaving;
    deadline_ = now() + delay;
    for (auto& each : server_.listeners.all())
      each->leave();
  }

  void drain() {
    stage_ = stage::draining;
    deadline_ = now() + drain_timeout_;
    when_drained();
  }

  void when_drained() {
    // Told by the last of the listeners, and by this function.
    auto left = std::make_shared<std::atomic<std::size_t>>(1);
    auto tell = [state = state_, left] {
      if (left->fetch_sub(1) == 1)
        state->drained.set();
    };
    for (auto& each : server_.listeners.all()) {
      left->fetch_add(1);
      each->drain(tell);
    }
    tell();
  }

  void on_drained() {
    if (stage_ == stage::draining)
      stop();
    else if (stage_ == stage::parting)
      result_ = orderly_end();
  }

  // Nothing if peers may take as long as they want.
  std::optional<clock::duration> goodbye_and(clock::duration more) const {
    std::chrono::milliseconds longest{0};
    for (auto& each : server_.listeners.all()) {
      auto goodbye = each->limits().goodbye;
      if (!goodbye)
        return {};
      longest = std::max(longest, *goodbye);
    }
    return longest + more;
  }

  void set_deadline(std::optional<clock::duration> limit) {
    deadline_.reset();
    if (limit)
      deadline_ = now() + *limit;
  }

  void stop() {
    stage_ = stage::stopping;
    if (!killing_)
      set_deadline(time_to_stop());
    // Before the tree ends one hub after the other, each with its goodbyes.
    for (auto& each : server_.listeners.all())
      each->end_connections();
    server_.root.stop(exit_reason::shutdown());
  }

  void on_deadline() {
    if (stage_ == stage::leaving)
      return drain();
    if (stage_ == stage::draining) {
      stop();
      return;
    }
    // What is left holds a thread, which nobody can wait for.
    if (stage_ == stage::parting) {
      result_ = end_result{.code = done, .orderly = false};
      return;
    }
    if (server_.programs != nullptr && !killing_) {
      late_ = listed(server_.root.still_there());
      kill_programs();
      return;
    }
    result_ = end_result{.code = failed,
                         .orderly = false,
                         .text = "the tree did not end in time; it waits for"
                                 + listed(server_.root.still_there())};
  }

  // A tree that gave up may have left actors behind that nobody ends any more,
  // so there is nothing to be gained by an orderly end of the process.
  void on_end() {
    if (auto left = server_.root.left_behind(); !left.empty()) {
      give_up(left);
      return;
    }
    if (stage_ == stage::stopping) {
      part();
      return;
    }
    if (server_.programs != nullptr && !server_.has_given_up()) {
      for (auto* each : server_.parts)
        each->on_leave();
      result_ = orderly_end();
      return;
    }
    result_ = end_result{.code = gave_up,
                         .orderly = false,
                         .text = "the tree gave up; exiting so that whatever "
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
  void give_up(const std::vector<std::string>& behind) {
    result_ = end_result{.code = stage_ == stage::serving ? gave_up : failed,
                         .orderly = false,
                         .text = "could not be killed and is left behind:"
                                 + listed(behind)};
  }

  static std::string listed(const std::vector<std::string>& paths) {
    std::string result;
    for (auto& path : paths)
      result += " " + path;
    return result;
  }

  running_server server_;
  std::shared_ptr<State> state_;
  actor::virtual_time* time_; // null: real time
  stage stage_ = stage::serving;
  std::chrono::milliseconds drain_timeout_{0};
  std::optional<clock::time_point> stop_since_;
  bool killing_ = false; // all programs
  std::string late_;     // those that were killed because the time was over
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

void server_loop::retire() {
  {
    std::lock_guard guard{state_->mutex};
    state_->is_replaced = true;
  }
  drain({});
}

bool server_loop::post(std::function<void(bool serves)> fn) {
  {
    std::lock_guard guard{state_->mutex};
    if (state_->is_over)
      return false;
    state_->tasks.push_back(std::move(fn));
  }
  state_->posted.set();
  return true;
}

end_result server_loop::run(running_server server) {
  return ending{server, state_}.run();
}

void server_loop::run_in(actor::virtual_time& time, running_server server) {
  course_ = std::make_unique<ending<state>>(server, state_, &time);
}

std::optional<end_result> server_loop::result() const {
  return course_ ? course_->result() : std::nullopt;
}

} // namespace coppice
