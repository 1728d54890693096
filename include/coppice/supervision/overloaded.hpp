#pragma once

namespace coppice::supervision {

/// Makes one visitor of several functions.
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace coppice::supervision
