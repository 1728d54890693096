// SPDX-License-Identifier: BSD-3-Clause

#include "commands/option_layout.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

namespace {

constexpr option_layout limits_layout[] = {
  {"--max-connections", "Limits", "COUNT"},
  {"--max-per-address", "Limits", "COUNT"},
  {"--overflow", "Limits", "queue|reject"},
  {"--reject-after", "Limits", "TIME"},
  {"--first-byte-timeout", "Limits", "TIME"},
  {"--idle-timeout", "Limits", "TIME"},
  {"--send-timeout", "Limits", "TIME"},
  {"--lifetime", "Limits", "TIME"},
  {"--goodbye-timeout", "Limits", "TIME"},
  {"--max-output-bytes", "Limits", "BYTES"},
  {"--alarm", "Limits", "COUNT"},
  {"--alarm-period", "Limits", "TIME"},
};

} // namespace

void lay_out(CLI::App& cmd, std::span<const option_layout> options) {
  for (auto& [name, group, value] : options)
    if (auto* option = cmd.get_option_no_throw(name)) {
      option->group(group);
      if (value != nullptr)
        option->type_name(value);
    }
}

void lay_out_limits(CLI::App& cmd) {
  lay_out(cmd, limits_layout);
}

} // namespace coppice::commands
