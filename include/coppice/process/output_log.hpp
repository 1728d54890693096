// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// Where the output of programs goes that goes to the log.
namespace coppice::process {

/// One line that a program wrote, without its end.
struct output_line {
  std::string_view path; ///< Of the child.
  bool error = false;    ///< It comes from its standard error.
  std::string_view text; ///< As it was written, control characters included.
};

/// Makes the bytes that are written for a line, its end included. Called on one
/// thread; must not block.
using line_format = std::function<std::string(const output_line&)>;

/// `PATH | text`.
std::string plain_line(const output_line& line);

/// Has the lines of all programs in this process written to `fd` in this form.
/// Without a call they go to the standard error as `plain_line`. A reader that
/// is slow delays the programs that write, or costs them lines (see
/// `output::when_full`), and nobody else. To be called before the first program
/// is started; `fd` has to stay open.
void write_output_to(int fd, line_format format = plain_line);

/// Waits until what was written so far has reached the descriptor, but no
/// longer than `limit_ms` >= 0 milliseconds; returns whether it has. For the
/// end of `main`. Any thread.
bool flush_output(std::int64_t limit_ms);

} // namespace coppice::process
