// SPDX-License-Identifier: BSD-3-Clause

#include "admin/toxics_json.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace toxics_json_test {

using namespace coppice;
using namespace coppice::admin;
using coppice::test::error_of;
using nlohmann::json;
using ::testing::HasSubstr;

namespace {

std::string read(const char* text, net::toxic& into) {
  return error_of(read_toxic(json::parse(text), into));
}

std::string complaint(const char* text) {
  net::toxic ignored;
  return read(text, ignored);
}

} // namespace

TEST(ToxicsJson, ReadsWhatToxiproxyTakes) {
  net::toxic what;

  EXPECT_EQ(read(R"({"name": "slow", "type": "latency", "stream": "upstream",
                     "toxicity": 0.25,
                     "attributes": {"latency": 1000, "jitter": 10}})",
                 what),
            "");

  EXPECT_EQ(to_json(net::placed_toxic{what}),
            json::parse(
              R"({"name": "slow", "type": "latency", "stream": "upstream",
                  "toxicity": 0.25,
                  "attributes": {"latency": 1000, "jitter": 10}})"));
}

TEST(ToxicsJson, HasToxiproxysDefaults) {
  net::toxic what;

  EXPECT_EQ(read(R"({"type": "timeout"})", what), "");

  EXPECT_EQ(to_json(net::placed_toxic{what, 1, 0, 7}),
            json::parse(
              R"({"name": "timeout_downstream", "type": "timeout",
                  "stream": "downstream", "toxicity": 1.0, "connection": 7,
                  "attributes": {"timeout": 0}})"));
}

TEST(ToxicsJson, SaysWhatIsWrong) {
  EXPECT_THAT(complaint("{}"), HasSubstr("type has to be one of latency"));
  for (auto& [text, part] : std::vector<std::pair<const char*, const char*>>{
         {R"({"type": 1})", "type has to be a text"},
         {R"({"type": "lag"})", "type has to be one of"},
         {R"({"type": "latency", "stream": "up"})", "upstream or downstream"},
         {R"({"type": "latency", "stream": 1})", "stream has to be a text"},
         {R"({"type": "latency", "name": 1})", "name has to be a text"},
         {R"({"type": "latency", "name": "/"})", "name of a toxic"},
         {R"({"type": "latency", "toxicity": "1"})", "toxicity has to be"},
         {R"({"type": "latency", "toxicity": 1.5})", "toxicity has to be"},
         {R"({"type": "latency", "attributes": 1})", "an object of numbers"},
         {R"({"type": "latency", "attributes": {"latency": "1"}})",
          "attribute latency has to be a whole number"},
         {R"({"type": "latency", "attributes": {"latency": 1.5}})",
          "attribute latency has to be a whole number"},
         {R"({"type": "latency", "attributes": {"latency": -1}})",
          "latency has to be a number from 0"},
         {R"({"type": "latency",
              "attributes": {"latency": 18446744073709551615}})",
          "latency has to be a number from 0"},
         {R"({"type": "latency", "attributes": {"rate": 1}})",
          "has latency, jitter, not \"rate\""},
         {R"({"type": "slicer"})", "needs average_size"},
         {R"({"type": "latency", "latency": 1})", "not \"latency\""}})
    EXPECT_THAT(complaint(text), HasSubstr(part)) << text;
}

TEST(ToxicsJson, ChangesAttributesAndToxicityAlone) {
  net::toxic what{net::latency_toxic{}, net::toxic_stream::downstream, 1,
                  "slow"};
  auto change = [&](const char* text) {
    return error_of(change_toxic(json::parse(text), what));
  };

  EXPECT_EQ(change(R"({"name": "slow", "type": "latency", "toxicity": 0.5,
                       "attributes": {"jitter": 5}})"),
            "");
  EXPECT_EQ(what.toxicity, 0.5);
  EXPECT_EQ(std::get<net::latency_toxic>(what.effect).jitter.count(), 5);
  for (auto other : {R"({"name": "x"})", R"({"type": "timeout"})",
                     R"({"stream": "upstream"})", R"({"name": 1})"})
    EXPECT_THAT(change(other), HasSubstr("keeps its name")) << other;
}

} // namespace toxics_json_test
