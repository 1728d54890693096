// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/stage.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace coppice::net {

/// Takes the header of a proxy from the front of the peer's bytes and tells the
/// connection what it says; what comes after it passes. A header that is
/// missing or wrong has the connection refused.
class proxy_stage final : public stage {
public:
  proxy_stage(stage& below, stage_host& host);

  /// Whether it could be taken out: all that it has read has passed.
  bool idle() const noexcept {
    return complete_ && passed_ == bytes_.size();
  }

  ssize_t receive(std::span<char> into) override;
  ssize_t transmit(std::string_view data) override;

  bool ready() const noexcept override {
    return complete_ && below().ready();
  }

  bool has_input() const noexcept override {
    return (complete_ && !idle()) || below().has_input();
  }

  bool take_input_end() override;

  bool takes_output() const noexcept override {
    return complete_ && below().takes_output();
  }

  void schedule() override;

  void ignore_input() noexcept override {
    passed_ = bytes_.size();
    below().ignore_input();
  }

private:
  void look();
  void refuse_missing();

  stage_host& host_;
  std::string bytes_;      // of the header, and what came with it
  std::size_t passed_ = 0; // of them
  bool complete_ = false;
};

} // namespace coppice::net
