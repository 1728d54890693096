// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/event_bus.hpp"

#include <algorithm>
#include <utility>

namespace coppice::observe {

event_bus::event_bus(std::size_t capacity)
    : boot_(static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count())),
      kept_(capacity) {
  // nop
}

std::uint64_t event_bus::publish(event ev) {
  auto kept = std::make_shared<event>(std::move(ev));
  std::lock_guard guard{mutex_};
  auto seq = kept->seq = kept_.last() + 1;
  kept->time = std::chrono::steady_clock::now();
  kept->wall_time = std::chrono::system_clock::now();
  auto idle = drained_ + 1 == seq;
  if (kept_.full() && kept_.first() > drained_) {
    drained_ = kept_.first();
    ++lost_;
  }
  kept_.push(std::move(kept));
  if (idle && wake_)
    wake_();
  if (sleepers_ > 0)
    changed_.notify_all();
  return seq;
}

std::vector<event> event_bus::drain() {
  std::vector<std::shared_ptr<const event>> fresh;
  {
    std::lock_guard guard{mutex_};
    auto last = kept_.last();
    for (auto seq = std::exchange(drained_, last); seq < last; ++seq)
      fresh.push_back(kept_.at(seq + 1));
  }
  std::vector<event> result; // copied while others may publish
  result.reserve(fresh.size());
  for (auto& each : fresh)
    result.push_back(*each);
  return result;
}

excerpt event_bus::after(std::uint64_t seq, std::size_t limit) const {
  std::lock_guard guard{mutex_};
  auto found = kept_.after(seq, limit);
  excerpt result{{}, found.missed};
  for (auto next = found.first; next < found.end; ++next)
    result.events.push_back(kept_.at(next));
  return result;
}

std::uint64_t event_bus::last_seq() const {
  std::lock_guard guard{mutex_};
  return kept_.last();
}

void event_bus::wait_for(std::uint64_t seq,
                         std::chrono::milliseconds timeout) const {
  std::unique_lock guard{mutex_};
  ++sleepers_;
  changed_.wait_for(guard, timeout, [&, before = interrupts_] {
    return kept_.last() > seq || interrupts_ != before;
  });
  --sleepers_;
}

void event_bus::interrupt() {
  std::lock_guard guard{mutex_};
  ++interrupts_;
  changed_.notify_all();
}

std::uint64_t event_bus::lost() const {
  std::lock_guard guard{mutex_};
  return lost_;
}

void event_bus::on_pending(std::function<void()> wake) {
  std::lock_guard guard{mutex_};
  wake_ = std::move(wake);
  if (wake_ && drained_ < kept_.last())
    wake_();
}

} // namespace coppice::observe
