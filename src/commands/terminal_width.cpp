#include "commands/terminal_width.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace coppice::commands {

std::size_t terminal_width() {
  constexpr std::size_t least = 80;
  constexpr std::size_t most = 160;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::clamp<std::size_t>(size.ws_col, least, most);
  auto* text = std::getenv("COLUMNS");
  auto wanted = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return wanted == 0 ? 120 : std::clamp<std::size_t>(wanted, least, most);
}

} // namespace coppice::commands
