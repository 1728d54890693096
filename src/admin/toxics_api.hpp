#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coppice::admin {

/// What `/listeners/NAME/toxics` and `/listeners/NAME/toxics/TOXIC` stand for.
struct toxics_path {
  std::string listener;
  std::string toxic; ///< Empty: all of them.
};

/// Nothing if it is another path.
std::optional<toxics_path> parse_toxics_path(std::string_view path);

} // namespace coppice::admin
