// SPDX-License-Identifier: BSD-3-Clause

#include "net/address_buckets.hpp"

namespace coppice::net {

namespace {

// Two for each that is added, so that they do not become more and more; and no
// more, so that nobody waits for the lock.
constexpr int looks_a_call = 2;

} // namespace

address_buckets::address_buckets(const std::optional<rate>& value) {
  set(value);
}

void address_buckets::set(const std::optional<rate>& value) {
  std::lock_guard guard{mutex_};
  rate_ = value;
  limits_ = value.has_value();
  places_.clear();
  entries_.clear();
}

bool address_buckets::take(const observe::peer_address& client,
                           time_point now) {
  if (!limits())
    return true;
  auto bucket = of(client, now);
  return !bucket || !bucket->take(now);
}

std::shared_ptr<token_bucket>
address_buckets::of(const observe::peer_address& client, time_point now) {
  if (!limits() || !has_address(client))
    return {};
  auto who = key_of(client);
  std::lock_guard guard{mutex_};
  if (!rate_)
    return {};
  forget_some(now);
  if (auto found = places_.find(who); found != places_.end()) {
    entries_.splice(entries_.end(), entries_, found->second);
    return found->second->bucket;
  }
  auto result = std::make_shared<token_bucket>(rate_);
  places_[who]
    = entries_.insert(entries_.end(), {.who = who, .bucket = result});
  return result;
}

std::size_t address_buckets::size() {
  std::lock_guard guard{mutex_};
  return entries_.size();
}

void address_buckets::forget_some(time_point now) {
  for (int i = 0; i < looks_a_call && !entries_.empty(); ++i) {
    auto& oldest = entries_.front();
    // One that is handed out can only be copied here, and not while we look.
    if (oldest.bucket.use_count() == 1 && oldest.bucket->full(now)) {
      places_.erase(oldest.who);
      entries_.pop_front();
    } else {
      entries_.splice(entries_.end(), entries_, entries_.begin());
    }
  }
}

} // namespace coppice::net
