// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/toxic/pipe.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::test {

using net::placed_toxic;
using net::toxic;
using net::toxic_list;
using net::toxic_pipe;
using net::toxic_stream;
using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

using ending = toxic_pipe::ending;
using lines = std::vector<std::string>;

inline constexpr toxic_pipe::time_point start{1h};
inline constexpr auto up = toxic_stream::upstream;

/// These, on bytes from the client, named `toxic1`, `toxic2` and so on.
inline toxic_list chain(std::vector<toxic> toxics) {
  toxic_list result;
  for (auto& what : toxics) {
    what.stream = up;
    auto id = result.size() + 1;
    what.name = "toxic" + std::to_string(id);
    result.push_back({std::move(what), id});
  }
  return result;
}

inline std::string text(ending what) {
  switch (what) {
  case ending::none:
    return "none";
  case ending::passed:
    return "passed";
  case ending::closed:
    return "closed";
  case ending::reset:
    return "reset";
  }
  return {};
}

/// Writes down what comes out of a pipe: `MS BYTES`, `MS+US BYTES`, `ENDING`.
class script {
public:
  explicit script(toxic_list toxics, std::uint64_t seed = 1) : pipe(seed) {
    pipe.assign(toxics, up, start);
  }

  /// Looks at the pipe so often; 0: when it asks for that.
  script& look_every(microseconds span) {
    step_ = span;
    return *this;
  }

  script& put(milliseconds at, std::string_view bytes) {
    run_until(at);
    pipe.put(bytes, start + at);
    collect();
    return *this;
  }

  script& put_end(milliseconds at) {
    run_until(at);
    pipe.put_end(start + at);
    collect();
    return *this;
  }

  script& assign(milliseconds at, const toxic_list& toxics) {
    run_until(at);
    pipe.assign(toxics, up, start + at);
    now_ = at;
    collect();
    return *this;
  }

  lines until(milliseconds at) {
    run_until(at);
    return log_;
  }

  toxic_pipe pipe;

private:
  void run_until(milliseconds at) {
    for (microseconds end = at; now_ < end;) {
      auto next = pipe.next();
      auto wanted = next ? std::chrono::ceil<microseconds>(*next - start)
                         : microseconds::max();
      now_ = std::min(step_.count() > 0 ? now_ + step_ : wanted, end);
      pipe.advance(start + now_);
      collect();
    }
  }

  void collect() {
    while (!pipe.front().empty()) {
      auto at = stamp(pipe.front_time() - start);
      log_.push_back(at + " " + pipe.take());
    }
    if (auto end = pipe.end(); end != ending::none && !ended_) {
      ended_ = true;
      log_.push_back(text(end) + std::string{pipe.ended_by().empty() ? "" : " "}
                     + std::string{pipe.ended_by()});
    }
  }

  static std::string stamp(std::chrono::nanoseconds at) {
    auto us = std::chrono::floor<microseconds>(at).count();
    auto fraction = us % 1000;
    return std::to_string(us / 1000)
           + (fraction == 0 ? "" : "+" + std::to_string(fraction));
  }

  microseconds step_{0};
  microseconds now_{0};
  lines log_;
  bool ended_ = false;
};

} // namespace coppice::test
