// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::net {

/// Bytes that wait to be sent. Keeps not much more than twice as many, however
/// many have gone through it, in time linear in those. Gives its memory back
/// when it is empty.
class output_queue {
public:
  bool empty() const noexcept {
    return bytes_.empty();
  }

  std::size_t size() const noexcept {
    return bytes_.size() - sent_;
  }

  std::string_view front() const noexcept {
    return std::string_view{bytes_}.substr(sent_);
  }

  void push(std::string_view data) {
    bytes_.append(data);
  }

  /// The first `n` bytes were sent.
  void pop(std::size_t n) noexcept {
    sent_ += n;
    if (sent_ == bytes_.size())
      clear();
    else if (sent_ >= few && sent_ >= size()) // less is moved than was sent
      bytes_.erase(0, std::exchange(sent_, 0));
  }

  void clear() noexcept {
    bytes_ = {};
    sent_ = 0;
  }

  /// How many it keeps, sent ones included; its memory may be what was most.
  std::size_t kept() const noexcept {
    return bytes_.size();
  }

  /// It may keep this many bytes that are sent already in any case.
  static constexpr std::size_t few = 16 * 1024;

private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

} // namespace coppice::net
