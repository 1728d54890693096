// SPDX-License-Identifier: BSD-3-Clause

#include "net/event_loop.hpp"

#include "actor/turn.hpp"
#include "net/direct_io.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <future>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

namespace coppice::net {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;

// How many messages one actor may handle before others get their turn.
constexpr std::size_t messages_a_turn = 32;

// An echoed line takes a few microseconds; a server reports rounds above 100
// ms.
constexpr observe::histogram<11>::bounds round_times{
  10us, 50us, 100us, 500us, 1ms, 5ms, 10ms, 50ms, 100ms, 500ms, 1s};

thread_local event_loop* current = nullptr;

} // namespace

// A task that waits for its time.
class event_loop::delayed final : public timer {
public:
  delayed(std::list<delayed>& all, task fn) : all_(all), fn_(std::move(fn)) {
    // nop
  }

  /// Where this is in the list; to be set before it is armed.
  std::list<delayed>::iterator place;

private:
  void on_timer() override {
    auto fn = std::move(fn_);
    all_.erase(place);
    fn();
  }

  std::list<delayed>& all_;
  task fn_;
};

event_loop::event_loop(caf::actor_system& sys, unsigned index,
                       actor::virtual_time* time)
    : actor::run_queue(sys),
      index_(index),
      time_(time),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wakeup_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timers_(read_clock()),
      rounds_(round_times),
      buffer_(read_buffer_bytes) {
  epoll_event ev{};
  ev.events = EPOLLIN;
  ev.data.ptr = nullptr;
  if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wakeup_.fd(), &ev) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

event_loop::~event_loop() {
  stop_thread();
}

// -- any thread ---------------------------------------------------------------

void event_loop::start_thread() {
  if (time_ != nullptr) {
    lives_by_time_ = true;
    time_->add(*this);
    return;
  }
  std::promise<void> over;
  ended_ = over.get_future();
  thread_ = std::thread{[this, over = std::move(over)]() mutable {
    auto name = "reactor:" + std::to_string(index_);
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    current = this;
    run();
    current = nullptr;
    over.set_value();
  }};
}

void event_loop::stop_thread() {
  stop_thread_soon();
  if (std::exchange(lives_by_time_, false)) {
    while (turn())
      ; // nop
    time_->remove(*this);
  } else if (thread_.joinable()) {
    thread_.join();
  } else if (ended_.valid()) {
    ended_.wait(); // nobody can join it any more
  }
}

void event_loop::stop_thread_soon() {
  stopping_ = true;
  wake();
}

bool event_loop::stop_thread_within(clock::duration limit) {
  stop_thread_soon();
  if (ended_.valid() && ended_.wait_for(limit) != std::future_status::ready) {
    if (thread_.joinable())
      thread_.detach();
    return false;
  }
  stop_thread();
  return true;
}

void event_loop::post(caf::resumable* what) {
  enqueue(job{what, {}});
}

void event_loop::run_soon(task fn) {
  enqueue(job{nullptr, std::move(fn)});
}

void event_loop::enqueue(job what) {
  if (current == this) {
    local_.push_back(std::move(what));
    return;
  }
  std::unique_lock guard{mutex_};
  auto idle = remote_.empty();
  remote_.push_back(std::move(what));
  guard.unlock();
  if (idle)
    wake();
}

void event_loop::wake() {
  std::uint64_t one = 1;
  // The counter cannot overflow, and a full one wakes as well.
  [[maybe_unused]] auto n = ::write(wakeup_.fd(), &one, sizeof(one));
}

event_loop::clock::duration event_loop::busy_for() const noexcept {
  auto began = round_began_.load(std::memory_order_relaxed);
  return began == 0 ? clock::duration::zero()
                    : clock::now().time_since_epoch() - clock::duration{began};
}

// -- descriptors --------------------------------------------------------------

bool event_loop::add(int fd, std::uint32_t events, io_handler& handler) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = &handler;
  return ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &ev) == 0;
}

void event_loop::modify(int fd, std::uint32_t events, io_handler& handler) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = &handler;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, fd, &ev);
}

void event_loop::remove(int fd) {
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
}

void event_loop::keep_until_round_ends(caf::strong_actor_ptr self) {
  kept_.push_back(std::move(self));
}

// -- time ---------------------------------------------------------------------

void event_loop::run_after(clock::duration delay, task fn) {
  auto place = delayed_.emplace(delayed_.end(), delayed_, std::move(fn));
  place->place = place;
  arm(*place, delay);
}

void event_loop::on_held_up(clock::duration limit,
                            std::function<void(clock::duration)> fn) {
  held_up_limit_ = limit;
  held_up_ = std::move(fn);
}

event_loop::clock::time_point event_loop::clock_now() noexcept {
  return current == nullptr ? clock::now() : current->read_clock();
}

// -- in virtual time ----------------------------------------------------------

bool event_loop::turn() {
  if (current == this) // an actor of this loop has the others run
    return false;
  auto* former = std::exchange(current, this);
  now_ = read_clock();
  auto busy = !local_.empty();
  run_local();
  busy |= wait_for_io(0) > 0;
  timers_.advance(now_);
  kept_.clear();
  busy |= !local_.empty();
  current = former;
  return busy;
}

std::optional<event_loop::clock::time_point> event_loop::next_timer() {
  return timers_.next();
}

int event_loop::descriptor() const {
  return epoll_.fd();
}

// -- the loop -----------------------------------------------------------------

void event_loop::run() {
  now_ = clock::now();
  for (;;) {
    auto stopping = stopping_.load();
    if (stopping) // so that all that was posted before runs
      fetch_remote();
    if (stopping && local_.empty())
      break;
    run_local();
    auto now = clock::now();
    end_round(now);
    wait_for_io(timeout(now));
    timers_.advance(now_);
    kept_.clear();
  }
  round_began_.store(0, std::memory_order_relaxed);
}

int event_loop::timeout(clock::time_point now) {
  if (!local_.empty() || stopping_)
    return 0;
  auto next = timers_.next();
  if (!next)
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void event_loop::end_round(clock::time_point now) {
  auto took = now - now_;
  rounds_.add(took);
  if (took > held_up_limit_)
    held_up_(took);
}

// Returns how many descriptors were ready.
int event_loop::wait_for_io(int timeout) {
  std::array<epoll_event, 256> events;
  round_began_.store(0, std::memory_order_relaxed);
  auto n = wait_directly(epoll_.fd(), events, timeout);
  now_ = read_clock();
  round_began_.store(now_.time_since_epoch().count(),
                     std::memory_order_relaxed);
  for (int i = 0; i < n; ++i) {
    auto& ev = events[static_cast<std::size_t>(i)];
    if (ev.data.ptr != nullptr)
      static_cast<io_handler*>(ev.data.ptr)->on_io(ev.events);
    else
      fetch_remote();
  }
  return n;
}

void event_loop::fetch_remote() {
  std::uint64_t count;
  [[maybe_unused]] auto n = ::read(wakeup_.fd(), &count, sizeof(count));
  std::lock_guard guard{mutex_};
  local_.insert(local_.end(), std::make_move_iterator(remote_.begin()),
                std::make_move_iterator(remote_.end()));
  remote_.clear();
}

void event_loop::run_local() {
  // What these add runs in the next round, after a look at the sockets.
  for (auto n = local_.size(); n > 0; --n) {
    auto next = std::move(local_.front());
    local_.pop_front();
    if (next.actor == nullptr) {
      next.fn();
      continue;
    }
    if (actor::give_turn(next.actor, *this, messages_a_turn))
      local_.push_back(std::move(next));
  }
}

} // namespace coppice::net
