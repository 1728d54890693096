// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::net {

/// Bytes that wait to be sent. Gives its memory back when it is empty.
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
  }

  void clear() noexcept {
    bytes_ = {};
    sent_ = 0;
  }

private:
  std::string bytes_;
  std::size_t sent_ = 0;
};

} // namespace coppice::net
