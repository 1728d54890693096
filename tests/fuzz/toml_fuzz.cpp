// SPDX-License-Identifier: BSD-3-Clause

#include "toml/document.hpp"

#include "fuzz.hpp"

#include <algorithm>
#include <string>

namespace coppice::fuzz {

namespace {

using namespace toml_file;

void check(const node& what, std::uint32_t lines);

void check(const table& what, std::uint32_t lines) {
  demand(std::ranges::is_sorted(what, {}, &member::key), "keys are sorted");
  for (auto& [key, value] : what) {
    demand(find(what, key) == &value, "a key is there once");
    check(value, lines);
  }
}

void check(const node& what, std::uint32_t lines) {
  demand(!what.kind().empty(), "each kind has a name");
  demand(what.line >= 1 && what.line <= lines, "it stands on a line");
  if (auto* all = what.as<table>())
    check(*all, lines);
  if (auto* list = what.as<array>())
    for (auto& each : *list)
      check(each, lines);
}

} // namespace

void try_input(std::string_view input) {
  auto lines = 1 + static_cast<std::uint32_t>(std::ranges::count(input, '\n'));
  auto document = parse(input);
  if (document)
    check(*document, lines);
  else
    demand(!document.error().text.empty(), "an error says what is wrong");
}

} // namespace coppice::fuzz
