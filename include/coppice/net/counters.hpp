#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
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

/// What is done about an error of accept(2).
enum class accept_error {
  transient, ///< The client or its network is to blame: on to the next one.
  exhausted, ///< Out of descriptors or memory: accepting pauses for a while.
  fatal,     ///< The socket is broken: the acceptor ends.
};

accept_error classify(int error) noexcept;

/// How often accept(2) failed, by errno.
class accept_errors {
public:
  void add(int error, std::uint64_t n = 1) noexcept {
    by_errno_[index(error)] += n;
  }

  std::uint64_t of(int error) const noexcept {
    return by_errno_[index(error)];
  }

  std::uint64_t of(accept_error what) const noexcept;

  /// Calls `fn(int error, std::uint64_t count)` for each that happened.
  template <class F>
  void for_each(F fn) const {
    for (std::size_t i = 0; i < by_errno_.size(); ++i)
      if (by_errno_[i] > 0)
        fn(static_cast<int>(i), by_errno_[i]);
  }

  accept_errors& operator+=(const accept_errors& other) noexcept;

  /// One more than the largest errno of Linux. Others count as 0.
  static constexpr std::size_t known = EHWPOISON + 1;

  static std::size_t index(int error) noexcept {
    auto i = static_cast<std::size_t>(error);
    return error >= 0 && i < known ? i : 0;
  }

private:
  std::array<std::uint64_t, known> by_errno_ = {};
};

/// What happened on one reactor, or on all of a listener. Once nothing moves,
/// accepted = closed + active.
struct traffic {
  std::uint64_t accepted = 0;            ///< Connections that were served.
  std::uint64_t closed = 0;              ///< … and are over.
  std::uint64_t rejected = 0;            ///< Closed for want of room.
  std::uint64_t rejected_by_address = 0; ///< … for want of their address.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  accept_errors errors = {};

  traffic& operator+=(const traffic& other) noexcept;
};

/// The counters of one reactor; raised on its thread only.
struct traffic_counters {
  counter accepted;
  counter closed;
  counter rejected;
  counter rejected_by_address;
  counter bytes_in;
  counter bytes_out;
  std::array<counter, accept_errors::known> errors;

  traffic read() const noexcept;
};

} // namespace coppice::net
