// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"
#include "net/event_loop.hpp"
#include "net/stage.hpp"
#include "net/timer_wheel.hpp"
#include "net/toxic/pipe.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace coppice::net {

/// What toxics do to the bytes of one connection, in both directions.
class toxic_link final : public stage, private timer {
public:
  /// The most bytes that are held in each direction, small pieces counted as
  /// large.
  static constexpr std::size_t window = 256 * 1024;

  /// Holds at most `max_output_bytes` of output. Which connections a toxic is
  /// put on, and what it does by chance, comes from `seed`.
  toxic_link(stage& below, stage_host& host, event_loop& loop,
             std::size_t max_output_bytes, std::uint64_t seed);

  ~toxic_link() override;

  /// Makes these the toxics of the connection.
  void assign(const toxic_list& toxics);

  /// Whether it could be taken out: no toxics, and nothing that is held.
  bool idle() const noexcept;

  ssize_t receive(std::span<char> into) override;
  ssize_t transmit(std::string_view data) override;

  int advance() override;
  bool has_input() const noexcept override;
  bool take_input_end() noexcept override;
  bool takes_output() const noexcept override;
  std::size_t held_bytes() const noexcept override;
  std::uint32_t interest(std::uint32_t wanted) const noexcept override;
  void schedule() override;

  bool output_blocked() const noexcept override {
    return blocked_;
  }

  void ignore_input() noexcept override {
    ignores_input_ = true;
  }

  progress finish() override;
  std::optional<forced_end> take_forced_end() override;

  const supervision::exit_reason* close_reason() const noexcept override {
    return closes_for_ ? &*closes_for_ : nullptr;
  }

private:
  void on_timer() override;

  int send_due();
  std::size_t output_room() const noexcept;
  bool forces_end(const toxic_pipe& pipe) const noexcept;
  bool something_is_out() const noexcept;

  stage_host& host_;
  event_loop& loop_;
  std::size_t max_output_bytes_;
  toxic_pipe upstream_;
  toxic_pipe downstream_;
  bool blocked_ = false; // the kernel takes no more of what has come out
  bool ignores_input_ = false;
  bool input_end_told_ = false;
  std::optional<supervision::exit_reason> closes_for_ = {};
};

} // namespace coppice::net
