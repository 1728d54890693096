#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

/// `coppice lab`: supervision trees in the laboratory.
namespace coppice::commands {

struct lab_options {
  std::string scenario; ///< The file that `explain` reads.
  std::string file;     ///< Where `new` writes; empty: standard output.
  /// Files and folders that `run` plays; empty: the conformance kit.
  std::vector<std::string> scenarios;
  std::string world = "engine"; ///< What `run` plays on.
  std::string against;          ///< Empty, otp, or the command of a driver.
  std::vector<std::string> otp; ///< Which Erlangs; empty: the one in PATH.
  std::string deadline;         ///< What a driver may take; empty: as usual.
  bool trace = false;
  bool recorded = false; ///< Compare with traces that were recorded.
  bool json = false;
};

/// Declares `lab` and what is below it.
void add_lab(CLI::App& app, lab_options& options);

/// Does what `lab` was asked for on the command line; returns the exit code.
int run_lab(const CLI::App& app, const lab_options& options);

} // namespace coppice::commands
