// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/supervision/exit_reason.hpp"

#include <utility>

namespace coppice::supervision {

namespace {

constexpr std::string_view shutdown_prefix = "{shutdown,";

} // namespace

exit_reason::exit_reason(kind what, std::string detail)
    : kind_(what), detail_(std::move(detail)) {
  // nop
}

exit_reason exit_reason::normal() {
  return {kind::normal, {}};
}

exit_reason exit_reason::shutdown(std::string detail) {
  return {kind::shutdown, std::move(detail)};
}

exit_reason exit_reason::killed() {
  return {kind::killed, {}};
}

exit_reason exit_reason::abnormal(std::string text) {
  return {kind::abnormal, std::move(text)};
}

exit_reason exit_reason::parse(std::string_view text) {
  if (text == "normal")
    return normal();
  if (text == "shutdown")
    return shutdown();
  if (text == "killed")
    return killed();
  if (text.size() > shutdown_prefix.size() + 1
      && text.starts_with(shutdown_prefix) && text.ends_with('}')) {
    text.remove_prefix(shutdown_prefix.size());
    text.remove_suffix(1);
    return shutdown(std::string{text});
  }
  return abnormal(std::string{text});
}

std::string to_string(const exit_reason& reason) {
  switch (reason.what()) {
  case exit_reason::kind::normal:
    return "normal";
  case exit_reason::kind::shutdown:
    if (reason.plain_shutdown())
      return "shutdown";
    return std::string{shutdown_prefix} + reason.detail() + "}";
  case exit_reason::kind::killed:
    return "killed";
  case exit_reason::kind::abnormal:
    return reason.detail();
  }
  return {};
}

} // namespace coppice::supervision
