// SPDX-License-Identifier: BSD-3-Clause

#include "lab/printable.hpp"

namespace coppice::lab {

namespace {

std::string escaped(unsigned char control) {
  constexpr auto digits = "0123456789abcdef";
  return {'\\', 'u', '0', '0', digits[control >> 4], digits[control & 15]};
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

} // namespace

std::string printable(std::string_view text, std::size_t most) {
  auto end = text.size();
  if (end > most)
    for (end = most; end > 0 && continues_character(text[end]);)
      --end;
  std::string result;
  for (std::size_t i = 0; i < end; ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    auto next = i + 1 < end ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7F) {
      result += escaped(byte);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) { // U+0080 and on
      result += escaped(static_cast<unsigned char>(next));
      ++i;
    } else {
      result += text[i];
    }
  }
  return end < text.size() ? result + " …" : result;
}

} // namespace coppice::lab
