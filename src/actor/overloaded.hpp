#pragma once

namespace coppice::actor {

/// Makes one visitor of several functions.
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace coppice::actor
