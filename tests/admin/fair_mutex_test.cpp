// SPDX-License-Identifier: BSD-3-Clause

#include "admin/fair_mutex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fair_mutex_test {

using coppice::admin::fair_mutex;
using ::testing::ElementsAre;

TEST(FairMutex, IsHadInTheOrderInWhichItWasAskedFor) {
  fair_mutex uut;
  std::vector<std::string> order; // guarded by uut
  auto wait_for = [&](std::size_t waiting) {
    while (uut.waiting() < waiting)
      std::this_thread::yield();
  };
  auto asks = [&](const char* name) {
    return std::thread{[&uut, &order, name] {
      std::lock_guard guard{uut};
      order.emplace_back(name);
    }};
  };
  std::unique_lock guard{uut};
  auto one = asks("one");
  wait_for(1);
  auto two = asks("two");
  wait_for(2);

  guard.unlock();
  guard.lock();
  order.emplace_back("again");
  guard.unlock();
  one.join();
  two.join();

  EXPECT_THAT(order, ElementsAre("one", "two", "again"));
  EXPECT_EQ(uut.waiting(), 0u);
}

} // namespace fair_mutex_test
