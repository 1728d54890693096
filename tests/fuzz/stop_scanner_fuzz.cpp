// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/stop_scanner.hpp"

#include "fuzz.hpp"

#include <utility>

namespace coppice::fuzz {

namespace {

struct outcome {
  std::string passed;
  bool stopped = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

// What the scanner is to do, said byte by byte.
outcome reference(std::string_view text) {
  outcome result;
  std::string line;
  for (auto c : text) {
    line += c;
    if (c != '\n')
      continue;
    if (line == "stop\n" || line == "stop\r\n")
      return {result.passed, true};
    result.passed += std::exchange(line, {});
  }
  return {result.passed + line, false};
}

outcome scan(const stream& input) {
  protocol::stop_scanner scanner;
  outcome result;
  std::size_t fed = 0;
  auto pass = [&](std::string_view part) { result.passed += part; };
  for (auto& piece : input.pieces) {
    fed += piece.size();
    result.stopped = scanner.feed(text_of(piece), pass);
    if (result.stopped)
      return result;
    auto held = scanner.held();
    demand(held.size() <= 5, "at most five bytes are held back");
    demand(std::string_view{"stop\r"}.starts_with(held),
           "only what may become stop is held back");
    demand(result.passed.size() + held.size() == fed, "no byte is late");
  }
  result.passed += scanner.held();
  return result;
}

} // namespace

void try_input(std::string_view input) {
  auto text = cut(input);
  demand(scan(text) == reference(text.whole), "stop is found, however cut");
}

} // namespace coppice::fuzz
