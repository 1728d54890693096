// SPDX-License-Identifier: BSD-3-Clause

#include "net/timer_wheel.hpp"

#include <algorithm>

namespace coppice::net {

timer::~timer() {
  unlink();
}

void timer::unlink() noexcept {
  if (next_ == nullptr)
    return;
  prev_->next_ = next_;
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
}

timer_wheel::slot::slot() noexcept {
  prev_ = next_ = this;
}

timer_wheel::slot::~slot() {
  while (next_ != this)
    next_->unlink();
  prev_ = next_ = nullptr;
}

void timer_wheel::slot::on_timer() {
  // nop
}

timer_wheel::timer_wheel(clock::time_point now) : start_(now) {
  // nop
}

timer_wheel::~timer_wheel() = default;

void timer_wheel::arm(timer& t, clock::time_point deadline) {
  t.unlink();
  // Rounded up, and never into a slot that has been processed already.
  t.due_ = std::max(ticks(deadline + tick - clock::duration{1}), now_ + 1);
  insert(slots_[t.due_ % slot_count], t);
  earliest_ = std::min(earliest_, t.due_);
}

void timer_wheel::cancel(timer& t) noexcept {
  t.unlink();
}

void timer_wheel::advance(clock::time_point now) {
  auto target = ticks(now);
  if (target <= now_)
    return;
  slot due;
  auto steps = std::min<std::uint64_t>(target - now_, slot_count);
  for (std::uint64_t i = 1; i <= steps; ++i) {
    auto& head = slots_[(now_ + i) % slot_count];
    for (auto* t = head.next_; t != &head;) {
      auto* following = t->next_;
      if (t->due_ <= target) {
        t->unlink();
        insert(due, *t);
      }
      t = following;
    }
  }
  now_ = target;
  while (due.next_ != &due) {
    auto* t = due.next_;
    t->unlink();
    t->on_timer();
  }
}

std::optional<timer_wheel::clock::time_point> timer_wheel::next() {
  if (earliest_ == never)
    return {};
  auto first = std::max(earliest_, now_ + 1);
  for (auto i = first; i < first + slot_count; ++i) {
    auto& head = slots_[i % slot_count];
    if (head.next_ != &head) {
      earliest_ = i;
      return start_ + i * tick;
    }
  }
  earliest_ = never;
  return {};
}

void timer_wheel::insert(slot& where, timer& t) noexcept {
  t.prev_ = where.prev_;
  t.next_ = &where;
  where.prev_->next_ = &t;
  where.prev_ = &t;
}

std::uint64_t timer_wheel::ticks(clock::time_point t) const noexcept {
  return t <= start_ ? 0 : static_cast<std::uint64_t>((t - start_) / tick);
}

} // namespace coppice::net
