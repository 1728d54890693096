// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/toxic/toxic.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

class toxic_stage;

/// One direction of one connection as its toxics make it: bytes go in, and come
/// out when it is their time, with the end of the stream behind them.
///
/// Pure: it has no clock and no sockets, and what comes out depends on nothing
/// but what the functions were given; in particular not on how often `advance`
/// is called. Times must not run backwards. Not thread-safe.
class toxic_pipe {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What the stream ends with.
  enum class ending {
    none,   ///< It goes on.
    passed, ///< The sender's own end.
    closed, ///< A toxic closes the connection.
    reset,  ///< A toxic resets the connection.
  };

  /// All chance (jitter, slicing, toxicity) comes from `seed` and the names of
  /// the toxics.
  explicit toxic_pipe(std::uint64_t seed);
  toxic_pipe(toxic_pipe&&) noexcept;
  ~toxic_pipe();

  /// Makes these the toxics of the pipe, those of another stream aside. Toxics
  /// that were removed let through what they held; a changed one times it
  /// again.
  void assign(const toxic_list& toxics, toxic_stream stream, time_point now);

  void put(std::string_view bytes, time_point now);

  /// The sender has come to its end. Nothing may be put any more.
  void put_end(time_point now);

  /// Moves everything that is due by `now`.
  void advance(time_point now);

  /// When to call `advance` next; nothing: only if something is put.
  std::optional<time_point> next() const;

  // -- what has come out ------------------------------------------------------

  /// The first piece that is out; empty if there is none.
  std::string_view front() const noexcept;

  /// When that piece came out.
  time_point front_time() const noexcept {
    return out_.front().due;
  }

  /// Takes bytes off the first piece, at most all of it.
  void pop(std::size_t bytes);

  /// Takes the first piece, which exists.
  std::string take();

  /// How the stream ends; `none` for as long as there is something to take.
  ending end() const noexcept {
    return out_.empty() ? end_ : ending::none;
  }

  /// The type of the toxic that ended it.
  std::string_view ended_by() const noexcept {
    return ended_by_;
  }

  // -- what is in it ----------------------------------------------------------

  /// Whether it could as well not be there.
  bool transparent() const noexcept;

  bool has_end() const noexcept {
    return has_end_;
  }

  /// Bytes that were put, and neither lost nor taken.
  std::size_t held_bytes() const noexcept;

  /// What it costs to hold them: small pieces take more memory.
  std::size_t weight() const noexcept;

private:
  struct piece {
    std::string bytes;
    time_point due;
  };

  void forward(std::size_t to, std::string bytes, time_point when);
  void forward_end(std::size_t to, ending what, std::string_view by,
                   time_point when);
  void remove(std::size_t index, time_point now);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<toxic_stage>> stages_;
  std::deque<piece> out_;
  std::size_t taken_of_front_ = 0;
  std::size_t out_bytes_ = 0;
  ending end_ = ending::none;
  std::string_view ended_by_;
  bool has_end_ = false;
};

} // namespace coppice::net
