// SPDX-License-Identifier: BSD-3-Clause

#include "observe/printable.hpp"

#include <cstdint>
#include <cstdio>

namespace coppice::observe {

namespace {

// A character of UTF-8; size 0: these bytes are none.
struct character {
  char32_t code = 0;
  std::size_t size = 0;
};

// As the Unicode standard has it: no longer than needed, no surrogates.
character first_of(std::string_view text) {
  auto byte
    = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  auto size = lead >= 0xF0 ? 4U : lead >= 0xE0 ? 3U : 2U;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size)
    return {};
  char32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10FFFF
      || (code >= 0xD800 && code < 0xE000))
    return {};
  return {code, size};
}

// What a terminal obeys, what ends a line somewhere, what turns the direction
// of reading, and what nobody sees. Joiners (U+200C, U+200D) are part of words.
bool is_unsafe(char32_t code) {
  auto in = [code](char32_t first, char32_t last) {
    return first <= code && code <= last;
  };
  return code < 0x20 || in(0x7F, 0x9F) || code == 0x061C || code == 0x180E
         || code == 0x200B || in(0x200E, 0x200F) || in(0x2028, 0x202E)
         || in(0x2060, 0x206F) || code == 0xFEFF || in(0xFFF9, 0xFFFB)
         || in(0xE0000, 0xE0FFF);
}

std::string in_hex(const char* form, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

// As in JSON, where what is beyond U+FFFF has two parts.
std::string escaped(char32_t code) {
  if (code <= 0xFFFF)
    return in_hex("\\u%04x", static_cast<unsigned>(code));
  auto rest = static_cast<unsigned>(code - 0x10000);
  return in_hex("\\u%04x", 0xD800 + (rest >> 10))
         + in_hex("\\u%04x", 0xDC00 + (rest & 0x3FF));
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Where to cut, between two characters if there are any.
std::size_t end_of(std::string_view text, std::size_t most) {
  if (text.size() <= most)
    return text.size();
  auto end = most;
  while (end > 0 && most - end < 4 && continues_character(text[end]))
    --end;
  return continues_character(text[end]) ? most : end;
}

std::string escape(std::string_view text, std::size_t most, bool keep_lines) {
  auto shown = text.substr(0, end_of(text, most));
  std::string result;
  result.reserve(shown.size());
  for (std::size_t i = 0; i < shown.size();) {
    auto next = first_of(shown.substr(i));
    if (next.size == 0) {
      result += in_hex("\\x%02x", static_cast<unsigned char>(shown[i++]));
      continue;
    }
    if (is_unsafe(next.code) && !(keep_lines && next.code == '\n'))
      result += escaped(next.code);
    else
      result += shown.substr(i, next.size);
    i += next.size;
  }
  return shown.size() < text.size() ? result + " …" : result;
}

} // namespace

std::string printable(std::string_view text, std::size_t most) {
  return escape(text, most, false);
}

std::string printable_lines(std::string_view text, std::size_t most) {
  return escape(text, most, true);
}

} // namespace coppice::observe
