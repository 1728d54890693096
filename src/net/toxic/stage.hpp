// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/toxic/pipe.hpp"

namespace coppice::net {

/// One toxic at work in one direction of one connection.
class toxic_stage {
public:
  using time_point = toxic_pipe::time_point;
  using ending = toxic_pipe::ending;

  struct piece {
    std::string bytes;
    time_point came;
    time_point due;
  };

  struct finish {
    ending what;
    std::string_view by;
    time_point at;
  };

  /// What it does by chance depends on `seed` and its name.
  toxic_stage(const placed_toxic& what, std::uint64_t seed, time_point now);

  std::uint64_t id() const noexcept {
    return id_;
  }

  std::uint64_t revision() const noexcept {
    return revision_;
  }

  /// Continues with other attributes; what is held is timed again.
  void change(const placed_toxic& what, time_point now);

  void put(std::string bytes, time_point when);
  void put_end(ending what, std::string_view by, time_point when);

  /// The next piece that is due.
  std::optional<piece> take(time_point now);

  /// The end, once, when it is due.
  std::optional<finish> take_end(time_point now);

  /// When something is due next.
  std::optional<time_point> next() const;

  /// The end that it lets through when it is removed.
  std::optional<finish> end_of_removal(time_point now) const;

  std::size_t held_bytes() const noexcept {
    return held_bytes_;
  }

  std::size_t pieces() const noexcept {
    return queue_.size();
  }

private:
  void begin(time_point now);
  void hold(std::string bytes, time_point came, time_point due);
  void end(ending what, std::string_view by, time_point at);
  bool over(time_point when) const noexcept;

  void accept(const latency_toxic& how, std::string bytes, time_point when);
  void accept(const bandwidth_toxic& how, std::string bytes, time_point when);
  void accept(const slow_close_toxic& how, std::string bytes, time_point when);
  void accept(const timeout_toxic& how, std::string bytes, time_point when);
  void accept(const reset_peer_toxic& how, std::string bytes, time_point when);
  void accept(const slicer_toxic& how, std::string bytes, time_point when);
  void accept(const limit_data_toxic& how, std::string bytes, time_point when);
  void accept(const limit_time_toxic& how, std::string bytes, time_point when);
  void accept(const packet_loss_toxic& how, std::string bytes, time_point when);
  void accept(const corrupt_toxic& how, std::string bytes, time_point when);
  void accept(const down_toxic& how, std::string bytes, time_point when);
  void accept_shared(const bandwidth_toxic& how, std::string bytes,
                     time_point when);
  void send_next(time_point when);
  void after_sending(time_point when);
  time_point received(std::int64_t lost_per_million, time_point when) noexcept;
  std::vector<std::size_t> cuts(const slicer_toxic& how, std::size_t size);

  std::uint64_t draw() noexcept;
  std::int64_t vary(std::int64_t by) noexcept;
  bool decide(double toxicity) noexcept;
  bool happens(std::int64_t per_million) noexcept;
  bool shares_line() const noexcept;

  std::uint64_t id_;
  std::uint64_t revision_;
  toxic_effect effect_;
  std::uint64_t state_; // of the generator
  bool active_;
  std::shared_ptr<shared_line> line_;
  time_point since_; // it has been on the connection
  std::deque<piece> queue_;
  std::size_t held_bytes_ = 0;
  std::int64_t passed_bytes_ = 0; // as far as limit_data counts them
  time_point free_;               // the last thing that was held is due
  std::optional<finish> sender_ended_;
  std::optional<finish> end_;
  bool ended_ = false;
};

} // namespace coppice::net
