// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <tl/expected.hpp>

namespace coppice {

/// A value, or the error why there is none: what a caller has to handle.
/// Source: C++23, std::expected.
template <class T, class E>
using expected = tl::expected<T, E>;

using tl::unexpected;

} // namespace coppice
