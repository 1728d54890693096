// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// What the fuzzing targets share. A target gives `try_input`; what it finds
/// wrong ends the program, and libFuzzer keeps the input.
namespace coppice::fuzz {

void try_input(std::string_view input);

inline void demand(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

/// A stream of bytes, and the pieces in which it comes. Each has memory of its
/// own, so that AddressSanitizer sees who reads beyond its end.
struct stream {
  std::string whole;
  std::vector<std::vector<char>> pieces{1};
};

/// Reads a stream: `|` is where it is cut and stands for nothing else.
inline stream cut(std::string_view input) {
  stream result;
  for (auto c : input) {
    if (c == '|') {
      result.pieces.emplace_back();
      continue;
    }
    result.whole += c;
    result.pieces.back().push_back(c);
  }
  for (auto& piece : result.pieces)
    piece.shrink_to_fit();
  return result;
}

inline std::string_view text_of(const std::vector<char>& piece) {
  return {piece.data(), piece.size()};
}

} // namespace coppice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  coppice::fuzz::try_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
