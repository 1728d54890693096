// SPDX-License-Identifier: BSD-3-Clause

#include "server/bounded_write.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

namespace coppice {

void write_within(int fd, std::string_view text,
                  std::chrono::milliseconds limit) {
  using clock = std::chrono::steady_clock;
  auto until = clock::now() + limit;
  while (!text.empty()) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    pollfd reader{fd, POLLOUT, 0};
    auto ready = ::poll(
      &reader, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0)
      return;
    // What a pipe takes without waiting, once it takes anything.
    auto part = std::min(text.size(), std::size_t{PIPE_BUF});
    auto n = ::write(fd, text.data(), part);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace coppice
