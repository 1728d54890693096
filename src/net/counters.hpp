// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/listener.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace coppice::net {

/// A number that one thread raises and any may read.
class counter {
public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }

  std::uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// The counters of one reactor; raised on its thread only.
struct traffic_counters {
  counter accepted;
  counter closed;
  counter rejected;
  counter rejected_by_address;
  counter rejected_by_rate;
  counter bytes_in;
  counter bytes_out;
  counter handshakes;
  counter resumed;
  counter accept_pauses;
  counter read_pauses;
  std::array<counter, refusals> refused;
  std::array<counter, accept_errors::known> errors;

  traffic read() const noexcept;
};

} // namespace coppice::net
