// SPDX-License-Identifier: BSD-3-Clause

#include "journal/waiting_events.hpp"

namespace coppice::journal {

namespace {

// Of a transaction, so that the write-ahead log grows by little more.
constexpr std::size_t most_at_once = 250;
constexpr std::size_t most_bytes_at_once = 256 << 10;

std::size_t bytes_of(const observe::event& ev) {
  auto result
    = sizeof(ev) + ev.path.size() + ev.reason.size() + ev.detail.size();
  if (ev.decided)
    for (auto& id : ev.decided->affected)
      result += sizeof(id) + id.size();
  return result;
}

} // namespace

void waiting_events::add(std::span<const observe::event> events) {
  for (auto& each : events) {
    events_.push_back(each);
    bytes_ += bytes_of(each);
    if (events_.size() > limit_ || bytes_ > most_bytes) {
      remove(1);
      ++lost_;
    }
  }
}

std::vector<observe::event> waiting_events::first() const {
  std::vector<observe::event> result;
  std::size_t bytes = 0;
  for (auto& each : events_) {
    bytes += bytes_of(each);
    if (!result.empty()
        && (result.size() == most_at_once || bytes > most_bytes_at_once))
      break;
    result.push_back(each);
  }
  return result;
}

void waiting_events::remove(std::size_t count) {
  for (; count > 0 && !events_.empty(); --count) {
    bytes_ -= bytes_of(events_.front());
    events_.pop_front();
  }
}

void waiting_events::lose_all() {
  lost_ += events_.size();
  events_.clear();
  bytes_ = 0;
}

} // namespace coppice::journal
