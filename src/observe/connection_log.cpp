// SPDX-License-Identifier: BSD-3-Clause

#include "observe/connection_log.hpp"

#include "observe/printable.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace coppice::observe {

namespace {

std::string in_seconds(std::chrono::nanoseconds time) {
  std::array<char, 32> text;
  auto n = std::snprintf(text.data(), text.size(), "%.3f s",
                         std::chrono::duration<double>(time).count());
  return {text.data(), static_cast<std::size_t>(n)};
}

} // namespace

std::string to_string(const peer_address& peer) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  switch (peer.family) {
  case peer_address::kind::unknown:
    return "unknown";
  case peer_address::kind::unix_socket:
    return "unix";
  case peer_address::kind::ipv4:
    ::inet_ntop(AF_INET, peer.bytes.data(), text.data(), text.size());
    return std::string{text.data()} + ":" + std::to_string(peer.port);
  case peer_address::kind::ipv6:
    ::inet_ntop(AF_INET6, peer.bytes.data(), text.data(), text.size());
    break;
  }
  std::string result = "[";
  result += text.data();
  if (peer.scope != 0)
    result += "%" + std::to_string(peer.scope);
  return result + "]:" + std::to_string(peer.port);
}

void connection_record::set_reason(std::string_view text) noexcept {
  auto n = std::min(text.size(), reason.size() - 1);
  auto inside_character = [&] {
    return n > 0 && n < text.size()
           && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80;
  };
  while (inside_character())
    --n;
  text.copy(reason.data(), n);
  reason[n] = '\0';
}

std::string describe(const connection_record& record) {
  auto peer = "peer " + to_string(record.peer);
  if (record.what == connection_record::kind::opened)
    return "connected: " + peer;
  std::string text = "closed: ";
  text += printable(record.reason_text());
  return text + ", " + peer + ", " + in_seconds(record.lasted) + ", "
         + std::to_string(record.bytes_in) + " bytes in, "
         + std::to_string(record.bytes_out) + " bytes out";
}

// -- the rings ----------------------------------------------------------------

connection_log::source::source(std::string path)
    : path_(std::move(path)), ring_(capacity) {
  // nop
}

bool connection_log::source::push(const connection_record& record) noexcept {
  auto next = written_.load(std::memory_order_relaxed);
  if (next - read_.load(std::memory_order_acquire) == capacity) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  ring_[next % capacity] = record;
  written_.store(next + 1, std::memory_order_release);
  return true;
}

std::shared_ptr<connection_log::source>
connection_log::at(std::string_view path) {
  std::lock_guard guard{mutex_};
  auto i = std::find_if(sources_.begin(), sources_.end(),
                        [&](auto& known) { return known->path() == path; });
  if (i != sources_.end())
    return *i;
  return sources_.emplace_back(std::make_shared<source>(std::string{path}));
}

void connection_log::drain(const reader& fn) {
  while (drain_some(most_kept, fn))
    ; // nop
}

// At most `limit`; returns whether there may be more.
bool connection_log::drain_some(std::size_t limit, const reader& fn) {
  std::lock_guard alone{draining_};
  std::unique_lock guard{mutex_};
  auto sources = sources_;
  guard.unlock();
  for (auto& from : sources) {
    auto next = from->read_.load(std::memory_order_relaxed);
    auto end = from->written_.load(std::memory_order_acquire);
    for (; next != end; ++next) {
      if (limit-- == 0)
        return true;
      auto& what = from->ring_[next % source::capacity];
      fn(from->path_, what);
      keep(from, what);
      from->read_.store(next + 1, std::memory_order_release);
    }
  }
  return false;
}

// By turns, so that it does not drop from what is kept what it has not read.
std::uint64_t connection_log::read_after(std::uint64_t seq, const reader& fn) {
  for (auto more = true; more;) {
    more = drain_some(most_kept / 2, [](auto, auto&) {});
    auto found = after(seq, most_kept);
    missed_.fetch_add(found.missed, std::memory_order_relaxed);
    for (auto& each : found.records)
      fn(each.from->path(), each.what);
    if (!found.records.empty())
      seq = found.first_seq + found.records.size() - 1;
  }
  return seq;
}

void connection_log::keep(const std::shared_ptr<source>& from,
                          const connection_record& what) {
  std::lock_guard guard{kept_mutex_};
  kept_.push({from, what});
}

connection_log::excerpt connection_log::after(std::uint64_t seq,
                                              std::size_t limit) const {
  std::lock_guard guard{kept_mutex_};
  auto found = kept_.after(seq, limit);
  excerpt result{{}, found.first, found.missed, kept_.last()};
  for (auto next = found.first; next < found.end; ++next)
    result.records.push_back(kept_.at(next));
  return result;
}

std::uint64_t connection_log::lost() const {
  std::lock_guard guard{mutex_};
  auto result = missed_.load(std::memory_order_relaxed);
  for (auto& from : sources_)
    result += from->lost_.load(std::memory_order_relaxed);
  return result;
}

void connection_log::flush() {
  std::lock_guard guard{mutex_};
  for (auto& [_, wake] : wakes_)
    wake();
}

void connection_log::on_pending(const std::string& who,
                                std::function<void()> wake) {
  std::lock_guard guard{mutex_};
  if (!wake) {
    wakes_.erase(who);
    return;
  }
  wake(); // for what came while nobody listened
  wakes_[who] = std::move(wake);
}

} // namespace coppice::observe
