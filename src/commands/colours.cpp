// SPDX-License-Identifier: BSD-3-Clause

#include "commands/colours.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace coppice::commands {

namespace {

// Colours of 16, so that the terminal's own theme keeps them legible.
std::string ansi(lab::tone value, const std::string& text) {
  auto in = [&](const char* colour) {
    return std::string{"\x1b["} + colour + "m" + text + "\x1b[0m";
  };
  switch (value) {
  case lab::tone::good:
    return in("32");
  case lab::tone::decision:
    return in("33");
  case lab::tone::bad:
    return in("31");
  case lab::tone::plain:
    break;
  }
  return text;
}

std::string_view variable(const char* name) {
  auto* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace

lab::painter colours() {
  auto wanted = ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty()
                && variable("TERM") != "dumb" && !variable("TERM").empty();
  return wanted ? ansi : lab::no_paint;
}

} // namespace coppice::commands
