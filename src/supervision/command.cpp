// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/command.hpp"

namespace coppice::supervision {

std::string_view to_string(report_context value) {
  switch (value) {
  case report_context::child_terminated:
    return "child_terminated";
  case report_context::start_error:
    return "start_error";
  case report_context::shutdown_error:
    return "shutdown_error";
  case report_context::shutdown:
    return "shutdown";
  }
  return {};
}

} // namespace coppice::supervision
