// SPDX-License-Identifier: BSD-3-Clause

#include "admin/limits_json.hpp"
#include "support/errors.hpp"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace limits_json_test {

using namespace coppice;
using namespace std::chrono_literals;
using admin::merge;
using coppice::test::error_of;
using json = nlohmann::json;

TEST(LimitsJson, NamesEveryLimitAndHasNullWhereThereIsNone) {
  auto all = admin::to_json(net::limits{.max_connections = 5, .idle = 2s});

  EXPECT_EQ(all["max_connections"], 5);
  EXPECT_EQ(all["idle_ms"], 2000);
  EXPECT_EQ(all["goodbye_ms"], 1000);
  EXPECT_EQ(all["overflow"], "queue");
  for (auto key :
       {"max_per_address", "first_byte_ms", "send_ms", "lifetime_ms", "alarm",
        "accept_rate", "accept_burst", "accept_rate_per_address",
        "accept_burst_per_address", "read_rate", "read_burst",
        "read_rate_per_address", "read_burst_per_address"})
    EXPECT_TRUE(all.at(key).is_null()) << key;
}

TEST(LimitsJson, ReadsWhatItWrites) {
  net::limits into;
  auto all = admin::to_json(net::limits{.max_connections = 5,
                                        .max_per_address = 2,
                                        .overflow = net::overflow::reject,
                                        .reject_after = 3s,
                                        .first_byte = 4s,
                                        .goodbye = {},
                                        .alarm = 9,
                                        .accept_rate = 1,
                                        .accept_burst = 2,
                                        .accept_rate_per_address = 3,
                                        .accept_burst_per_address = 4,
                                        .read_rate = 5,
                                        .read_burst = 6,
                                        .read_rate_per_address = 7,
                                        .read_burst_per_address = 8});

  EXPECT_EQ(error_of(merge(all, into)), "");

  EXPECT_EQ(admin::to_json(into), all);
}

TEST(LimitsJson, ChangesOnlyWhatIsGiven) {
  net::limits limits{.max_connections = 5, .idle = 2s};

  EXPECT_EQ(error_of(merge({{"idle_ms", nullptr}}, limits)), "");

  EXPECT_EQ(limits.max_connections, 5U);
  EXPECT_FALSE(limits.idle);
}

TEST(LimitsJson, ChangesNothingIfOneOfThemIsWrong) {
  const std::vector<std::pair<json, std::string>> wrong{
    {{{"max_connections", -1}}, "max_connections has to be a number"},
    {{{"max_connections", 1.5}}, "max_connections has to be a number"},
    {{{"max_connections", "5"}}, "max_connections has to be a number"},
    {{{"idle_ms", 0}}, "idle_ms has to be a number from 1 on"},
    {{{"idle_ms", 99'999'999'999}}, "at most a year"},
    {{{"reject_after_ms", nullptr}}, "reject_after_ms has to be"},
    {{{"accept_rate", 0}}, "accept_rate has to be a number, 1 or more"},
    {{{"read_burst", 0}}, "read_burst has to be a number, 1 or more"},
    {{{"read_rate", 1'000'000'000'001}}, "at most 1000000000000, or null"},
    {{{"overflow", "panic"}}, "overflow has to be \"queue\" or \"reject\""},
    {{{"max_output_bytes", nullptr}}, "max_output_bytes has to be"},
    {{{"speed", 1}}, "there is no limit called \"speed\""},
  };
  for (auto& [changes, why] : wrong) {
    net::limits limits{.max_connections = 5};
    auto both = changes;
    both["alarm"] = 3;
    EXPECT_THAT(error_of(merge(both, limits)), ::testing::HasSubstr(why))
      << changes;
    EXPECT_EQ(admin::to_json(limits),
              admin::to_json(net::limits{.max_connections = 5}));
  }
}

} // namespace limits_json_test
