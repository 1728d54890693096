// SPDX-License-Identifier: BSD-3-Clause

#include "admin/stream_pump.hpp"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace coppice::admin {

namespace {

// A journal keeps events within some milliseconds, unless its disk is slow.
constexpr std::chrono::milliseconds look_for_journal_every{5};

} // namespace

stream_pump::stream_pump(
  std::function<void(std::uint64_t id, std::string text)> deliver)
    : deliver_(std::move(deliver)) {
  thread_ = std::thread{[this] { run(); }};
}

stream_pump::~stream_pump() {
  {
    std::lock_guard guard{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void stream_pump::add(std::uint64_t id, event_feed feed) {
  auto made = std::make_shared<stream>(std::move(feed));
  made->feed.on_news([this] { wake(); });
  {
    std::lock_guard guard{mutex_};
    streams_.emplace(id, std::move(made));
  }
  wake();
}

void stream_pump::remove(std::uint64_t id) {
  // Destroyed once nothing is locked: its destructor waits for a call of `wake`
  // that runs, and its canary may take a moment.
  std::shared_ptr<stream> gone;
  std::lock_guard guard{mutex_};
  if (auto found = streams_.find(id); found != streams_.end()) {
    gone = std::move(found->second);
    streams_.erase(found);
  }
}

void stream_pump::hold(std::uint64_t id, bool held) {
  {
    std::lock_guard guard{mutex_};
    if (auto found = streams_.find(id); found != streams_.end())
      found->second->held = held;
  }
  if (!held)
    wake();
}

void stream_pump::wake() {
  {
    std::lock_guard guard{mutex_};
    news_ = true;
  }
  changed_.notify_all();
}

void stream_pump::run() {
  ::pthread_setname_np(::pthread_self(), "admin:streams");
  std::unique_lock guard{mutex_};
  auto patience = event_feed::look_every;
  for (;;) {
    changed_.wait(guard, [this] { return ended_ || !streams_.empty(); });
    changed_.wait_for(guard, patience, [this] { return ended_ || news_; });
    if (ended_)
      return;
    news_ = false;
    auto all = streams_;
    guard.unlock();
    auto has_more = false;
    patience = event_feed::look_every;
    for (auto& [id, each] : all) {
      if (each->held)
        continue;
      auto text = each->feed.next();
      has_more = has_more || text.size() >= event_feed::full_bytes;
      if (each->feed.waits_for_journal())
        patience = look_for_journal_every;
      if (!text.empty())
        deliver_(id, std::move(text));
    }
    all.clear();
    guard.lock();
    news_ = news_ || has_more;
  }
}

} // namespace coppice::admin
