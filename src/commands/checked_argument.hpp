// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/argument_error.hpp"

#include <CLI/Error.hpp>

#include <utility>

namespace coppice::commands {

/// What an argument stands for. Throws the error that the command line turns
/// into a line with help, and exit code 2.
template <class T>
T checked_argument(argument<T> value) {
  if (!value)
    throw CLI::ValidationError{value.error().text};
  return *std::move(value);
}

} // namespace coppice::commands
