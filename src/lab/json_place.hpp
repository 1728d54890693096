// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"

#include <optional>
#include <string_view>

namespace coppice::lab {

/// Where the member or element that `pointer` names begins in `text`: JSON that
/// nlohmann-json has read, at most `deepest` levels of it, with comments as in
/// C++. A member begins with its name; of several with that name it is the
/// last, which counts. `pointer` joins names and indexes with `/`, without
/// escapes. Nothing if there is no such place.
std::optional<text_place> find_place(std::string_view text,
                                     std::string_view pointer);

/// `error` with the place of its path in `text`, if it has a path.
scenario_error with_place(scenario_error error, std::string_view text);

} // namespace coppice::lab
