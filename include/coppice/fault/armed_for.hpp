// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::fault {

/// Keeps points armed for as long as it lives.
class armed_for {
public:
  /// Arms the points that match `pattern` with `text`, a term. Throws
  /// std::invalid_argument, which says why, if it is none or is refused.
  armed_for(registry& owner, std::string_view pattern, std::string_view text);

  /// Disarms them, also if somebody has armed them anew meanwhile.
  ~armed_for();

  armed_for(const armed_for&) = delete;
  armed_for& operator=(const armed_for&) = delete;

  /// How often they have fired since.
  std::uint64_t fires() const;

  bool fired() const {
    return fires() > 0;
  }

private:
  registry& owner_;
  std::string pattern_;
  std::uint64_t fires_before_;
};

} // namespace coppice::fault
