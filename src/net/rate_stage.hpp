// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/counters.hpp"
#include "net/event_loop.hpp"
#include "net/rates.hpp"
#include "net/stage.hpp"
#include "net/timer_wheel.hpp"
#include "net/token_bucket.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace coppice::net {

/// Reads no faster than the rates of its connection and its address allow. What
/// is not read stays with the kernel, and the peer has to wait.
///
/// The highest stage: it counts the bytes that the handler gets, and neither a
/// PROXY header nor a handshake.
class rate_stage final : public stage, private timer {
public:
  rate_stage(stage& below, stage_host& host, event_loop& loop,
             traffic_counters& traffic, const reading_rates& limits);

  ~rate_stage() override;

  /// Whether it waits for tokens.
  bool pauses() const noexcept {
    return until_.has_value() && !ignores_input_;
  }

  ssize_t receive(std::span<char> into) override;

  ssize_t transmit(std::string_view data) override {
    return below().transmit(data);
  }

  int advance() override;
  bool has_input() const noexcept override;
  std::uint32_t interest(std::uint32_t wanted) const noexcept override;
  void schedule() override;
  void ignore_input() noexcept override;

private:
  void on_timer() override;

  void reserve(std::uint64_t most);
  void give_back(std::uint64_t tokens);

  stage_host& host_;
  event_loop& loop_;
  traffic_counters& traffic_;
  token_bucket own_;
  std::shared_ptr<token_bucket> address_;         // null: no limit
  std::uint64_t reserved_ = 0;                    // and not read yet
  std::optional<token_bucket::time_point> until_; // it waits for tokens
  bool ignores_input_ = false;
};

} // namespace coppice::net
