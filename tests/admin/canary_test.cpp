// SPDX-License-Identifier: BSD-3-Clause

#include "admin/canary.hpp"
#include "support/errors.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <optional>

namespace canary_test {

using namespace coppice;
using namespace std::chrono_literals;
using admin::canary;
using coppice::test::error_of;
using ::testing::AnyOf;

namespace {

class Canary : public test::listener_fixture {
protected:
  void watch() {
    uut.emplace(listener);
  }

  // All further samples up to the first for which `wanted` holds.
  std::vector<canary::sample>
  until(const std::function<bool(const canary::sample&)>& wanted) {
    std::vector<canary::sample> result;
    EXPECT_TRUE(wait_until([&] {
      auto told = uut->after(heard);
      for (auto& each : told.samples) {
        ++heard;
        result.push_back(each);
        if (wanted(each))
          return true;
      }
      return false;
    }));
    return result;
  }

  static bool answered(const canary::sample& what) {
    return what.failure.empty();
  }

  std::optional<canary> uut;
  std::uint64_t heard = 0;
};

} // namespace

TEST_F(Canary, TellsHowLongAnAnswerTakes) {
  serve(net::topology::linked);
  watch();

  auto told = until(answered);

  ASSERT_EQ(told.size(), 1U);
  EXPECT_GT(told[0].took, 0ns);
  EXPECT_LT(told[0].took, test::deadline);
  EXPECT_EQ(told[0].gap, 0ns);
  std::string seen;
  rt->connections.read_after(
    0, [&](auto, auto& record) { seen = to_string(record.peer); });
  ASSERT_TRUE(told[0].from);
  EXPECT_EQ(to_string(*told[0].from), seen);
  EXPECT_TRUE(uut->after(heard).connected);
  EXPECT_EQ(listener->active(), 1);
}

TEST_F(Canary, IsServedAgainAfterItsAcceptorCrashed) {
  serve(net::topology::linked);
  watch();
  until(answered);

  actor::crash(*rt, test::acceptor_path, {});

  auto told = until([](auto& each) { return each.gap > 0ns; });
  ASSERT_GE(told.size(), 2U);
  auto& lost = told[told.size() - 2];
  EXPECT_THAT(lost.failure, AnyOf("the server closed the connection",
                                  "Connection reset by peer"));
  EXPECT_GT(told.back().gap, told.back().took);
}

TEST_F(Canary, TellsThatNobodyListens) {
  serve(net::topology::linked);
  listener->suspend();
  watch();

  auto told = until([](auto& each) { return !answered(each); });
  EXPECT_EQ(told[0].failure, "Connection refused");
  EXPECT_FALSE(uut->after(heard).connected);

  EXPECT_EQ(error_of(listener->resume()), "");
  until(answered);
}

TEST_F(Canary, TellsThatThereIsNoAnswer) {
  script.data = [](auto&, auto) {};
  serve(net::topology::linked);
  watch();

  auto told = until([](auto& each) { return !answered(each); });

  EXPECT_EQ(told[0].failure, "no answer within a second");
  EXPECT_FALSE(uut->after(heard).connected);
}

TEST_F(Canary, TellsAnAnswerFromAnotherText) {
  script.data = [](auto& self, auto bytes) {
    self.write(std::string(bytes.size(), 'x'));
  };
  serve(net::topology::linked);
  watch();

  auto told = until([](auto& each) { return !answered(each); });

  EXPECT_EQ(told[0].failure, "the answer is another text");
}

TEST_F(Canary, TellsWhatNobodyAskedFor) {
  script.connect = [](auto& self) { self.write("welcome"); };
  serve(net::topology::linked);
  watch();

  until([](auto& each) { return !answered(each); });
}

TEST_F(Canary, RestsWherePlacesAreLimited) {
  serve(net::topology::linked);
  net::limits one;
  one.max_connections = 1;
  listener->set_limits(one);
  watch();

  EXPECT_TRUE(wait_until([this] { return uut->after(heard).resting; }));
  EXPECT_EQ(listener->counters().accepted, 0U);
}

TEST_F(Canary, LeavesWhenPlacesAreLimitedAndComesBackAfterwards) {
  serve(net::topology::linked);
  watch();
  until(answered);
  auto limited = listener->limits();
  limited.max_per_address = 2;

  listener->set_limits(limited);

  EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
  EXPECT_TRUE(uut->after(heard).resting);
  EXPECT_FALSE(uut->after(heard).connected);

  listener->set_limits({});
  auto told = until(answered);
  EXPECT_EQ(told.back().gap, 0ns);
  EXPECT_FALSE(uut->after(heard).resting);
}

TEST_F(Canary, IsNoStormWhereItIsNotServed) {
  script.connect = [](auto& self) { self.close(); };
  serve(net::topology::linked);
  auto begin = std::chrono::steady_clock::now();
  watch();

  until([&](auto&) { return heard == 5; });

  // A tenth of a second between them, and at once for the first.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 400ms);
  EXPECT_FALSE(uut->after(heard).connected);
}

TEST_F(Canary, WasNotLostIfItWasNeverServed) {
  serve(net::topology::linked);
  listener->suspend();
  watch();
  until([](auto& each) { return !answered(each); });
  EXPECT_EQ(error_of(listener->resume()), "");

  auto told = until(answered);

  EXPECT_EQ(told.back().gap, 0ns);
}

TEST_F(Canary, DoesNotHoldUpADrainWhileItWaits) {
  script.data = [](auto&, auto) {};
  serve(net::topology::linked);
  watch();
  until([](auto& each) { return !answered(each); });

  std::promise<void> drained;
  listener->drain([&] { drained.set_value(); });

  EXPECT_EQ(drained.get_future().wait_for(test::deadline),
            std::future_status::ready);
}

TEST_F(Canary, DoesNotHoldUpADrain) {
  serve(net::topology::linked);
  watch();
  until(answered);

  std::promise<void> drained;
  listener->drain([&] { drained.set_value(); });

  EXPECT_EQ(drained.get_future().wait_for(test::deadline),
            std::future_status::ready);
  EXPECT_TRUE(wait_until([this] { return !uut->after(heard).connected; }));
}

TEST_F(Canary, EndsWhileItWaits) {
  script.data = [](auto&, auto) {};
  serve(net::topology::linked);
  watch();
  ASSERT_TRUE(wait_until([this] { return listener->active() == 1; }));

  auto begin = std::chrono::steady_clock::now();
  uut.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, test::deadline);
  EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
}

} // namespace canary_test
