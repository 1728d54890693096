#include "coppice/observe/event_bus.hpp"

#include <iterator>
#include <utility>

namespace coppice::observe {

event_bus::event_bus(std::size_t capacity) : capacity_(capacity) {
  // nop
}

std::uint64_t event_bus::publish(event ev) {
  std::lock_guard guard{mutex_};
  ev.seq = ++last_seq_;
  ev.time = std::chrono::steady_clock::now();
  ev.wall_time = std::chrono::system_clock::now();
  auto idle = waiting_.empty();
  if (waiting_.size() == capacity_) {
    waiting_.pop_front();
    ++lost_;
  }
  waiting_.push_back(std::move(ev));
  if (idle && wake_)
    wake_();
  return last_seq_;
}

std::vector<event> event_bus::drain() {
  std::lock_guard guard{mutex_};
  std::vector<event> result{std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(waiting_.end())};
  waiting_.clear();
  return result;
}

std::uint64_t event_bus::lost() const {
  std::lock_guard guard{mutex_};
  return lost_;
}

void event_bus::on_pending(std::function<void()> wake) {
  std::lock_guard guard{mutex_};
  wake_ = std::move(wake);
  if (wake_ && !waiting_.empty())
    wake_();
}

} // namespace coppice::observe
