// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/point.hpp"
#include "coppice/fault/registry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

namespace point_test {

using namespace coppice::fault;
using namespace std::chrono_literals;

namespace {

using enabled_point = basic_point<true>;
using disabled_point = basic_point<false>;

class Point : public testing::Test {
protected:
  registry faults_{{.seed = 1}};
  enabled_point here_{faults_, "here", "where the test is"};
};

TEST_F(Point, DoesNothingUntilItIsArmed) {
  EXPECT_FALSE(here_.hit());
  EXPECT_NO_THROW(here_.apply());
}

TEST(PointWithoutARegistry, DoesNothing) {
  EXPECT_FALSE(enabled_point{}.hit());
}

TEST_F(Point, TellsWhatIsToHappen) {
  armed_for scope{faults_, "here", "error(EMFILE)"};

  auto what = here_.hit();

  ASSERT_TRUE(what);
  EXPECT_EQ(what->kind, action_kind::error);
  EXPECT_EQ(what->error_code, EMFILE);
}

TEST_F(Point, SharesItsTermWithOthersOfItsName) {
  enabled_point other{faults_, "here", "elsewhere"};
  armed_for scope{faults_, "here", "1*drop"};

  EXPECT_TRUE(other.hit());
  EXPECT_FALSE(here_.hit());
}

TEST_F(Point, IsQuietAboutOffAndLog) {
  armed_for scope{faults_, "here", "1*off->log(here)"};

  EXPECT_FALSE(here_.hit());
  EXPECT_FALSE(here_.hit());
  EXPECT_EQ(scope.fires(), 1U);
}

// -- apply --------------------------------------------------------------------

TEST_F(Point, ThrowsWhatItIsTold) {
  armed_for scope{faults_, "here", "throw(boom)"};

  try {
    here_.apply();
    FAIL() << "nothing was thrown";
  } catch (const injected& error) {
    EXPECT_STREQ(error.what(), "boom");
  }
}

TEST_F(Point, ThrowsAnErrorAsASystemError) {
  armed_for scope{faults_, "here", "error(EIO)"};

  try {
    here_.apply();
    FAIL() << "nothing was thrown";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::io_error);
  }
}

TEST_F(Point, SaysWhatOnlyThePlaceCouldDo) {
  for (auto* text : {"return(7)", "exit(normal)", "kill", "drop", "dup"}) {
    armed_for scope{faults_, "here", text};
    try {
      here_.apply();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::logic_error& error) {
      EXPECT_EQ(error.what(),
                "the fault point here cannot " + std::string{text});
    }
  }
}

TEST_F(Point, DelaysForItsTime) {
  armed_for scope{faults_, "here", "delay(2ms)"};
  auto begin = std::chrono::steady_clock::now();

  here_.apply();

  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2ms);
}

TEST(BlockedThread, GoesOnWhenItsPointIsDisarmedOrArmedAnew) {
  for (auto* text : {"hang", "hang(60m)", "delay(60m)"}) {
    for (auto rearm : {false, true}) {
      std::promise<void> fired;
      registry faults{{.on_fire = [&](const fire&) {
        fired.set_value();
        return 0;
      }}};
      enabled_point here{faults, "here", ""};
      armed_for scope{faults, "here", text};
      auto blocked = std::async(std::launch::async, [&] { here.apply(); });
      ASSERT_EQ(fired.get_future().wait_for(10s), std::future_status::ready);
      EXPECT_EQ(blocked.wait_for(0s), std::future_status::timeout);

      if (rearm)
        EXPECT_TRUE(faults.arm("here", term{}));
      else
        faults.disarm();

      EXPECT_EQ(blocked.wait_for(10s), std::future_status::ready);
    }
  }
}

TEST_F(Point, DoesNotBlockForATermThatIsGone) {
  armed_for scope{faults_, "here", "hang"};
  auto what = here_.hit();
  armed_for next{faults_, "here", "hang"};

  here_.block(*what);
}

// -- threads ------------------------------------------------------------------

constexpr int thread_count = 4;
constexpr int hits_each = 5000;

// How often the point fired, hit from several threads at a time.
int hit_from_threads(const enabled_point& where) {
  std::atomic<int> fires = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < thread_count; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < hits_each; ++n)
          fires += where.hit() ? 1 : 0;
      });
  }
  return fires;
}

TEST_F(Point, FiresExactlyAsOftenAsItsCountFromManyThreads) {
  armed_for scope{faults_, "here", "1000*drop"};

  EXPECT_EQ(hit_from_threads(here_), 1000);
  EXPECT_EQ(faults_.list()[0].hits, thread_count * hits_each);
}

TEST_F(Point, MayBeArmedAndDisarmedWhileItIsHit) {
  std::jthread armer{[this](std::stop_token stop) {
    auto what = parse_term("50%3*drop->@2 dup").value();
    while (!stop.stop_requested()) {
      EXPECT_TRUE(faults_.arm("h*", what));
      faults_.list();
      faults_.disarm();
    }
  }};

  auto fires = hit_from_threads(here_);
  armer.request_stop();
  armer.join();

  EXPECT_EQ(faults_.fires("here"), static_cast<std::uint64_t>(fires));
  EXPECT_FALSE(here_.hit());
}

TEST_F(Point, MayBeDeclaredByManyThreads) {
  armed_for scope{faults_, "here", "drop"};
  std::atomic<int> fires = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < thread_count; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          enabled_point shared{faults_, "here", ""};
          enabled_point own{faults_, "own:" + std::to_string(n), ""};
          fires += shared.hit() ? 1 : 0;
        }
      });
  }

  EXPECT_EQ(fires, thread_count * 100);
  EXPECT_EQ(faults_.list().size(), 101U);
}

TEST(Seed, MakesPointsDecideTheSameOnWhateverThreads) {
  struct two_points {
    registry faults{{.seed = 42}};
    enabled_point a{faults, "a", ""};
    enabled_point b{faults, "b", ""};
    std::string of_a, of_b;

    two_points() {
      EXPECT_TRUE(faults.arm("*", parse_term("30%drop").value()));
    }
    void hit_a() {
      of_a += a.hit() ? 'x' : '.';
    }
    void hit_b() {
      of_b += b.hit() ? 'x' : '.';
    }
  };
  constexpr int hits = 1000;
  two_points in_turns;
  two_points apart;

  for (int i = 0; i < hits; ++i) {
    in_turns.hit_a();
    in_turns.hit_b();
  }
  {
    std::jthread other{[&] {
      for (int i = 0; i < hits; ++i)
        apart.hit_b();
    }};
    for (int i = 0; i < hits; ++i)
      apart.hit_a();
  }

  EXPECT_EQ(apart.of_a, in_turns.of_a);
  EXPECT_EQ(apart.of_b, in_turns.of_b);
  EXPECT_NE(in_turns.of_a, in_turns.of_b);
}

// -- compiled out -------------------------------------------------------------

static_assert(std::is_empty_v<disabled_point>);
static_assert(!disabled_point{}.hit());
static_assert(std::is_same_v<point, basic_point<COPPICE_FAULT_INJECTION != 0>>);

TEST_F(Point, IsNotInTheRegistryWhenItIsCompiledOut) {
  disabled_point gone{faults_, "gone", ""};

  EXPECT_EQ(faults_.list().size(), 1U);
  EXPECT_NO_THROW(gone.apply());
}

} // namespace

} // namespace point_test
