// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"
#include "server/standard_streams.hpp"

int main(int argc, char** argv) {
  coppice::open_standard_streams();
  return coppice::commands::run_command_line({argv + 1, argv + argc});
}
