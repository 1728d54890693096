// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <string_view>

namespace coppice::lab {

/// What a line says to a reader at the first look.
enum class tone {
  plain,
  good,     ///< Something runs.
  decision, ///< A supervisor decided to restart.
  bad,      ///< Something ended, failed or gave up.
};

/// `plain`, `good`, `decision`, `bad`.
std::string_view to_string(tone value);

/// Colours a text without line breaks, or leaves it as it is.
using painter = std::string (*)(tone value, const std::string& text);

/// Leaves all as it is.
std::string no_paint(tone value, const std::string& text);

} // namespace coppice::lab
