// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/supervision/outcome.hpp"

namespace coppice::supervision {

std::string_view to_string(child_state value) {
  switch (value) {
  case child_state::undefined:
    return "undefined";
  case child_state::running:
    return "running";
  case child_state::restarting:
    return "restarting";
  }
  return {};
}

std::string_view to_string(refusal value) {
  switch (value) {
  case refusal::already_started:
    return "already_started";
  case refusal::already_present:
    return "already_present";
  case refusal::running:
    return "running";
  case refusal::restarting:
    return "restarting";
  case refusal::not_found:
    return "not_found";
  case refusal::simple_one_for_one:
    return "simple_one_for_one";
  case refusal::start_failed:
    return "start_failed";
  case refusal::invalid_spec:
    return "invalid_spec";
  case refusal::max_children:
    return "max_children";
  case refusal::noproc:
    return "noproc";
  case refusal::ended:
    return "ended";
  case refusal::timeout:
    return "timeout";
  }
  return {};
}

} // namespace coppice::supervision
