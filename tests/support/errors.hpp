// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

namespace coppice::test {

/// The error of a result that should have one; an empty one if it has none.
template <class T, class E>
E error_of(const expected<T, E>& result) {
  return result ? E{} : result.error();
}

} // namespace coppice::test
