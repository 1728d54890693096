#include "coppice/cli/command_line.hpp"

int main(int argc, char** argv) {
  return coppice::cli::run_command_line({argv + 1, argv + argc});
}
