#pragma once

#include "coppice/net/timer_wheel.hpp"
#include "coppice/net/toxic/pipe.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace coppice::net {

class connection;

/// What a connection with toxics has beyond others. For its reactor.
class toxic_link final : public timer {
public:
  /// So much may be held in each direction, small pieces counted as large.
  static constexpr std::size_t window = 256 * 1024;

  /// Which connections a toxic is put on, and what it does by chance, comes
  /// from `seed`.
  toxic_link(connection& owner, std::uint64_t seed)
      : upstream(seed), downstream(~seed), owner_(owner) {
    // nop
  }

  /// Bytes that `pipe` may take if it may hold so many.
  static std::size_t room(const toxic_pipe& pipe, std::size_t most = window) {
    auto held = pipe.weight();
    most = std::min(most, window);
    return held < most ? most - held : 0;
  }

  toxic_pipe upstream;
  toxic_pipe downstream;
  bool blocked = false; ///< The kernel takes no more of what has come out.
  /// Why the toxics end the connection, once they do.
  std::optional<supervision::exit_reason> reason = {};

private:
  void on_timer() override;

  connection& owner_;
};

} // namespace coppice::net
