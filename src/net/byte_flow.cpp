// SPDX-License-Identifier: BSD-3-Clause

#include "net/byte_flow.hpp"

#include "net/event_loop.hpp"

#include <memory>
#include <utility>

namespace coppice::net {

namespace {

constexpr int discards_at_end = 16;

} // namespace

void byte_flow::discard_input(std::span<char> buffer) {
  for (int i = 0; i < discards_at_end; ++i)
    if (socket_end().receive(buffer) <= 0)
      return;
}

// Not in the header: what is rare should not cost the way of every byte a
// register.
fault_stage& byte_flow::faults() {
  return stages_.faults(host_, points_);
}

int byte_flow::advance() {
  if (points_.send.armed()) [[unlikely]]
    faults();
  return stages_.top().advance();
}

bool byte_flow::can_flush() const noexcept {
  return (output_waits() || (wants_writable_ && !closing_))
         && stages_.top().takes_output();
}

void byte_flow::settle() {
  if (auto* there = toxics(); there != nullptr && there->idle())
    remove_toxics();
  if (auto* there = proxy(); there != nullptr && there->idle())
    stages_.set_proxy(nullptr);
  schedule();
}

void byte_flow::put_in_proxy() {
  stages_.set_proxy(std::make_unique<proxy_stage>(stages_.top(), host_));
}

void byte_flow::put_in_tls(tls_context_ptr context) {
  stages_.set_tls(
    std::make_unique<tls_stage>(stages_.top(), host_, std::move(context)),
    host_, points_);
}

void byte_flow::set_rates(event_loop& loop, traffic_counters& traffic,
                          const reading_rates& limits) {
  remove_rates();
  if (!limits.limit())
    return;
  stages_.set_rates(
    std::make_unique<rate_stage>(stages_.top(), host_, loop, traffic, limits));
  if (closing_)
    stages_.top().ignore_input();
}

void byte_flow::remove_rates() {
  if (stages_.rates() != nullptr)
    stages_.set_rates(nullptr);
}

toxic_link& byte_flow::put_in_toxics(event_loop& loop,
                                     std::size_t max_held_bytes,
                                     std::uint64_t seed) {
  if (toxics() == nullptr) {
    stages_.set_toxics(std::make_unique<toxic_link>(stages_.top(), host_, loop,
                                                    max_held_bytes, seed));
    if (closing_)
      stages_.top().ignore_input();
  }
  return *toxics();
}

} // namespace coppice::net
