// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice::supervision {

/// Makes one visitor of several functions.
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

// clang needs it before version 17.
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

} // namespace coppice::supervision
