// SPDX-License-Identifier: BSD-3-Clause

#include "server/file_section.hpp"

namespace coppice {

void file_section::complain_of_kind(const toml_file::node& value,
                                    std::string_view key,
                                    std::string_view wanted) {
  complain(value.line, std::string{key} + ": " + std::string{wanted}
                         + " is needed here, and this is "
                         + std::string{value.kind()});
}

std::uint32_t file_section::line_of(std::string_view key) const noexcept {
  auto* found = toml_file::find(keys_, key);
  return found == nullptr ? line_ : found->line;
}

} // namespace coppice
