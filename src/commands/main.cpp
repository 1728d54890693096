// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"

int main(int argc, char** argv) {
  return coppice::commands::run_command_line({argv + 1, argv + argc});
}
