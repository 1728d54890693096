// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/simple.hpp"

namespace coppice::protocol {

namespace {

// RFC 864: lines of 72 of the 95 printable characters, each begins one later.
constexpr std::size_t printable = 95;
constexpr std::size_t line_length = 72;

std::string chargen_line(std::size_t first) {
  std::string result;
  for (std::size_t i = 0; i < line_length; ++i)
    result += static_cast<char>(' ' + (first + i) % printable);
  return result + "\r\n";
}

} // namespace

void line::on_data(net::connection& self, std::string_view data) {
  auto fits = lines_.feed(data, [&](std::string_view text) {
    if (text == "stop") {
      self.close();
      return false;
    }
    self.write(std::string{text} + "\n");
    return true;
  });
  if (!fits)
    self.abort(supervision::exit_reason::shutdown("line_too_long"));
}

void chargen::on_connect(net::connection& self) {
  fill(self);
}

void chargen::on_writable(net::connection& self) {
  fill(self);
}

// As much as the kernel takes at once, but other connections want to live, too.
void chargen::fill(net::connection& self) {
  constexpr auto lines_a_turn = 64;
  std::string text;
  for (auto i = 0; i < lines_a_turn; ++i)
    text += chargen_line(next_++ % printable);
  self.write(text);
  if (self.waiting_bytes() == 0)
    self.call_when_writable();
}

} // namespace coppice::protocol
