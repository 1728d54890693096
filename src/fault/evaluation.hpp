// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/term.hpp"

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace coppice::fault {

/// Decides what an armed term does, hit by hit.
///
/// Chance is that of a stream of its own, which depends on nothing but what the
/// constructor is given: the n-th hit of one is the n-th hit of another.
///
/// Not thread-safe.
class evaluation {
public:
  /// `arming` numbers the times that one point is armed under one seed.
  evaluation(term what, std::uint64_t seed, std::string_view point,
             std::uint64_t arming);

  /// Takes one hit; null if no step of the term does. Valid as long as this.
  const action* next();

  /// Whether no step of the term will take a hit any more.
  bool used_up() const noexcept;

  const term& what() const noexcept {
    return term_;
  }

private:
  struct progress {
    std::uint64_t skipped = 0;
    std::uint64_t taken = 0;
  };

  bool takes(const step& which, progress& so_far);
  bool chance(double percent);

  term term_;
  std::vector<progress> progress_; // of each step
  std::mt19937_64 generator_;
};

} // namespace coppice::fault
