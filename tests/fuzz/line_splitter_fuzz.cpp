// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/line_splitter.hpp"

#include "fuzz.hpp"

#include <utility>

namespace coppice::fuzz {

namespace {

struct outcome {
  std::vector<std::string> lines;
  bool too_long = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

// The receiver of the lines takes no more after this one.
constexpr std::string_view last = "q";

// What the splitter is to do, said byte by byte.
outcome reference(std::string_view text, std::size_t limit) {
  outcome result;
  std::string line;
  for (auto c : text) {
    if (c != '\n') {
      line += c;
      if (line.size() > limit)
        return {result.lines, true};
      continue;
    }
    if (line.ends_with('\r'))
      line.pop_back();
    result.lines.push_back(std::exchange(line, {}));
    if (result.lines.back() == last)
      break;
  }
  return result;
}

outcome split(const stream& input, std::size_t limit) {
  protocol::line_splitter splitter{limit};
  outcome result;
  auto go_on = true;
  auto take = [&](std::string_view line) {
    demand(go_on, "nothing comes after the last line");
    result.lines.emplace_back(line);
    go_on = line != last;
    return go_on;
  };
  for (auto& piece : input.pieces) {
    result.too_long = !splitter.feed(text_of(piece), take);
    if (result.too_long || !go_on)
      break;
  }
  return result;
}

} // namespace

void try_input(std::string_view input) {
  auto text = cut(input);
  for (std::size_t limit : {0, 1, 4, 16})
    demand(split(text, limit) == reference(text.whole, limit),
           "lines are the same, however cut");
}

} // namespace coppice::fuzz
