// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/pending.hpp"

#include <stdexcept>

namespace coppice::test {

/// Waits for an answer that should not be a refusal.
template <class T>
T value(actor::pending<T> what) {
  auto result = what.get();
  if (!result)
    throw std::runtime_error("refused: " + to_string(result.error()));
  return *std::move(result);
}

/// Waits for an answer that should be a refusal.
template <class T>
actor::refused refusal_of(actor::pending<T> what) {
  auto result = what.get();
  if (result)
    throw std::runtime_error("not refused");
  return std::move(result.error());
}

} // namespace coppice::test
