#include "coppice/observe/event_bus.hpp"

#include <algorithm>
#include <utility>

namespace coppice::observe {

event_bus::event_bus(std::size_t capacity)
    : boot_(static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count())),
      capacity_(capacity) {
  // nop
}

std::uint64_t event_bus::publish(event ev) {
  auto kept = std::make_shared<event>(std::move(ev));
  std::lock_guard guard{mutex_};
  kept->seq = ++last_seq_;
  kept->time = std::chrono::steady_clock::now();
  kept->wall_time = std::chrono::system_clock::now();
  auto idle = drained_ + 1 == last_seq_;
  if (kept_.size() == capacity_) {
    if (kept_.front()->seq > drained_) {
      drained_ = kept_.front()->seq;
      ++lost_;
    }
    kept_.pop_front();
  }
  kept_.push_back(std::move(kept));
  if (idle && wake_)
    wake_();
  if (sleepers_ > 0)
    changed_.notify_all();
  return last_seq_;
}

std::vector<event> event_bus::drain() {
  std::vector<std::shared_ptr<const event>> fresh;
  {
    std::lock_guard guard{mutex_};
    for (auto seq = std::exchange(drained_, last_seq_); seq < last_seq_; ++seq)
      fresh.push_back(at(seq + 1));
  }
  std::vector<event> result; // copied while others may publish
  result.reserve(fresh.size());
  for (auto& each : fresh)
    result.push_back(*each);
  return result;
}

const std::shared_ptr<const event>& event_bus::at(std::uint64_t seq) const {
  return kept_[seq - kept_.front()->seq];
}

excerpt event_bus::after(std::uint64_t seq, std::size_t limit) const {
  std::lock_guard guard{mutex_};
  excerpt result;
  if (seq >= last_seq_)
    return result;
  auto first = std::max(seq + 1, kept_.front()->seq);
  result.missed = first - seq - 1;
  auto end = std::min(first + limit, last_seq_ + 1);
  for (auto next = first; next < end; ++next)
    result.events.push_back(at(next));
  return result;
}

std::uint64_t event_bus::last_seq() const {
  std::lock_guard guard{mutex_};
  return last_seq_;
}

void event_bus::wait_for(std::uint64_t seq,
                         std::chrono::milliseconds timeout) const {
  std::unique_lock guard{mutex_};
  ++sleepers_;
  changed_.wait_for(guard, timeout, [&, before = interrupts_] {
    return last_seq_ > seq || interrupts_ != before;
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
  if (wake_ && drained_ < last_seq_)
    wake_();
}

} // namespace coppice::observe
