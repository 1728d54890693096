// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <vector>

namespace coppice::commands {

/// What `coppice lab run` was asked for.
struct lab_options {
  /// Files and folders; empty: the conformance kit.
  std::vector<std::string> scenarios;
  std::string world = "engine"; ///< What plays the supervisors.
  std::string against;          ///< Empty, otp, or the command of a driver.
  std::vector<std::string> otp; ///< Which Erlangs; empty: the one in PATH.
  std::string deadline;         ///< What a driver may take; empty: as usual.
  bool trace = false;
  bool recorded = false; ///< Compare with traces that were recorded.
  bool json = false;
};

} // namespace coppice::commands
