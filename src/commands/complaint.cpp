// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"

#include "observe/printable.hpp"

#include <cstddef>
#include <iostream>

namespace coppice::commands {

namespace {

constexpr std::size_t longest_complaint = 16 * observe::shown_at_most;

} // namespace

void complain(std::string_view text) {
  std::cerr << "coppice: " << observe::printable(text, longest_complaint)
            << std::endl;
}

void complain_in_lines(std::string_view text) {
  std::cerr << "coppice: " << observe::printable_lines(text, longest_complaint)
            << std::endl;
}

} // namespace coppice::commands
