#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

/// `coppice lab`: supervision trees in the laboratory.
namespace coppice::cli {

struct lab_options {
  std::string scenario;         ///< The file that `run` and `explain` read.
  std::string file;             ///< Where `new` writes; empty: standard output.
  std::string world = "engine"; ///< What `run` plays on.
  std::string against;          ///< What `run` compares with: empty or otp.
  std::vector<std::string> otp; ///< Which Erlangs; empty: the one in PATH.
  bool trace = false;
};

/// Declares `lab` and what is below it.
void add_lab(CLI::App& app, lab_options& options);

/// Does what `lab` was asked for on the command line; returns the exit code.
int run_lab(const CLI::App& app, const lab_options& options);

} // namespace coppice::cli
