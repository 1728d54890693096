// SPDX-License-Identifier: BSD-3-Clause

#include "net/output_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace output_queue_test {

using coppice::net::output_queue;

TEST(OutputQueue, GivesWhatWasPutInInOrder) {
  constexpr std::size_t most = 1000;
  output_queue uut;
  std::string put, got;
  for (std::size_t i = 0; i < 2000; ++i) {
    auto text = std::to_string(i) + std::string(i % 100, '.');
    uut.push(text);
    put += text;
    auto n
      = std::min(i * 7 % most, i % 300 == 0 ? most * most : uut.size() / 2);
    n = std::min(n, uut.size());
    got += uut.front().substr(0, n);
    uut.pop(n);
  }
  got += uut.front();

  EXPECT_EQ(got, put);
}

// Of a client that always reads, but never all that there is.
TEST(OutputQueue, DoesNotKeepWhatIsSentThoughThereIsAlwaysMore) {
  output_queue uut;
  uut.push("x");
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    uut.push(std::string(100, 'x'));
    uut.pop(100);
    most = std::max(most, uut.kept());
  }

  EXPECT_EQ(uut.front(), "x");
  EXPECT_LE(most, output_queue::few + 200);
}

TEST(OutputQueue, KeepsTwiceWhatIsLeftAtTheMost) {
  constexpr std::size_t large = 100 * output_queue::few;
  output_queue uut;
  uut.push(std::string(large, 'x'));
  std::size_t moved = 0;
  while (!uut.empty()) {
    auto before = uut.kept();
    uut.pop(std::min<std::size_t>(10, uut.size()));
    ASSERT_LE(uut.kept(), 2 * uut.size() + output_queue::few);
    if (uut.kept() < before)
      moved += uut.kept();
  }

  EXPECT_EQ(uut.kept(), 0U);
  EXPECT_LE(moved, large); // and takes no longer than to put it in
}

} // namespace output_queue_test
