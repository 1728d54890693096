#pragma once

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

/// What happened on one reactor, or on all of a listener. Once nothing moves,
/// accepted = closed + active.
struct traffic {
  std::uint64_t accepted = 0; ///< Connections that were served.
  std::uint64_t closed = 0;   ///< … and are over.
  std::uint64_t rejected = 0; ///< Clients closed because there was no room.
  std::uint64_t accept_errors = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  traffic& operator+=(const traffic& other) noexcept {
    accepted += other.accepted;
    closed += other.closed;
    rejected += other.rejected;
    accept_errors += other.accept_errors;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    return *this;
  }
};

/// The counters of one reactor; raised on its thread only.
struct traffic_counters {
  counter accepted;
  counter closed;
  counter rejected;
  counter accept_errors;
  counter bytes_in;
  counter bytes_out;

  traffic read() const noexcept {
    return {accepted.get(),      closed.get(),   rejected.get(),
            accept_errors.get(), bytes_in.get(), bytes_out.get()};
  }
};

} // namespace coppice::net
