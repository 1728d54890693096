// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/toxic/toxic.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <ostream>

namespace toxic_test {

using namespace coppice::net;
using coppice::test::error_of;
using ::testing::HasSubstr;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

namespace {

constexpr std::int64_t day_ms = 86'400'000;

// -- attributes ---------------------------------------------------------------

struct attribute_case {
  const char* type;
  const char* attribute;
  std::int64_t least;
  std::int64_t most;
};

void PrintTo(const attribute_case& c, std::ostream* out) {
  *out << c.type << "." << c.attribute;
}

constexpr attribute_case all_attributes[] = {
  {"latency", "latency", 0, day_ms},
  {"latency", "jitter", 0, day_ms},
  {"bandwidth", "rate", 0, 1'000'000'000},
  {"bandwidth", "shared", 0, 1},
  {"slow_close", "delay", 0, day_ms},
  {"timeout", "timeout", 0, day_ms},
  {"reset_peer", "timeout", 0, day_ms},
  {"slicer", "average_size", 1, 1'000'000'000},
  {"slicer", "size_variation", 0, 999'999'999},
  {"slicer", "delay", 0, day_ms * 1000},
  {"limit_data", "bytes", 0, std::int64_t{1} << 53},
  {"limit_time", "time", 0, day_ms},
  {"packet_loss", "per_million", 0, 1'000'000},
  {"corrupt", "per_million", 0, 1'000'000},
};

std::int64_t value_of(const toxic_effect& what, std::string_view name) {
  for (auto& [key, value] : attributes(what))
    if (key == name)
      return value;
  return -1;
}

using ToxicAttribute = TestWithParam<attribute_case>;

using std::numeric_limits;

} // namespace

TEST_P(ToxicAttribute, TakesBothEndsOfItsRange) {
  auto& c = GetParam();
  auto effect = parse_toxic_type(c.type);
  ASSERT_TRUE(effect);
  for (auto value : {c.least, c.most}) {
    EXPECT_EQ(error_of(set_attribute(*effect, c.attribute, value)), "");
    EXPECT_EQ(value_of(*effect, c.attribute), value);
  }
}

TEST_P(ToxicAttribute, TakesNothingBeyondItsRange) {
  auto& c = GetParam();
  auto effect = *parse_toxic_type(c.type);
  EXPECT_EQ(error_of(set_attribute(effect, c.attribute, c.most)), "");
  for (auto value : {c.least - 1, c.most + 1, numeric_limits<int64_t>::min(),
                     numeric_limits<int64_t>::max()}) {
    EXPECT_THAT(error_of(set_attribute(effect, c.attribute, value)),
                HasSubstr(c.attribute + std::string{" has to be a number"}));
    EXPECT_EQ(value_of(effect, c.attribute), c.most);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ToxicAttribute, ValuesIn(all_attributes));

TEST(Toxic, HasTheTypesOfToxiproxyAndItsOwn) {
  EXPECT_EQ(toxic_types(), "latency, bandwidth, slow_close, timeout, "
                           "reset_peer, slicer, limit_data, limit_time, "
                           "packet_loss, corrupt, down");
  for (auto& each : toxic_type_names())
    EXPECT_EQ(type_of(*parse_toxic_type(each)), each);
  EXPECT_FALSE(parse_toxic_type("lag"));
  EXPECT_FALSE(parse_toxic_type(""));
  EXPECT_EQ(type_of(*parse_toxic_type("reset_peer")), "reset_peer");
}

TEST(Toxic, NamesItsAttributesWhenItIsGivenAnother) {
  toxic_effect latency = latency_toxic{};
  toxic_effect down = down_toxic{};

  EXPECT_EQ(error_of(set_attribute(latency, "delay", 1)),
            "a latency toxic has latency, jitter, not \"delay\"");
  EXPECT_EQ(error_of(set_attribute(down, "delay", 1)),
            "a down toxic has no attributes, not \"delay\"");
}

TEST(Toxic, KnowsTwoStreams) {
  EXPECT_EQ(parse_toxic_stream("upstream"), toxic_stream::upstream);
  EXPECT_EQ(parse_toxic_stream("downstream"), toxic_stream::downstream);
  EXPECT_FALSE(parse_toxic_stream("sideways"));
}

// -- as a whole ---------------------------------------------------------------

TEST(Toxic, IsNamedAfterItsTypeAndStream) {
  toxic down{latency_toxic{}};
  toxic up{slicer_toxic{10}, toxic_stream::upstream};
  toxic named{latency_toxic{}, toxic_stream::upstream, 1, "slow"};

  for (auto* what : {&down, &up, &named})
    EXPECT_EQ(error_of(complete(*what)), "");

  EXPECT_EQ(down.name, "latency_downstream");
  EXPECT_EQ(up.name, "slicer_upstream");
  EXPECT_EQ(named.name, "slow");
}

TEST(Toxic, HasANameThatCanBePartOfAUrl) {
  for (auto name : {"a", "A.b:c_d-9"}) {
    toxic what{latency_toxic{}, {}, 1, name};
    EXPECT_EQ(error_of(complete(what)), "") << name;
  }
  for (auto& name : {std::string{"a/b"}, std::string{"a b"}, std::string{"ä"},
                     std::string(65, 'x')}) {
    toxic what{latency_toxic{}, {}, 1, name};
    EXPECT_THAT(error_of(complete(what)), HasSubstr("name of a toxic")) << name;
  }
}

TEST(Toxic, HasAToxicityFrom0To1) {
  for (auto toxicity : {0.0, 0.5, 1.0}) {
    toxic what{latency_toxic{}, {}, toxicity};
    EXPECT_EQ(error_of(complete(what)), "") << toxicity;
  }
  for (auto toxicity : {-0.001, 1.001, std::nan("")}) {
    toxic what{latency_toxic{}, {}, toxicity};
    EXPECT_THAT(error_of(complete(what)), HasSubstr("toxicity")) << toxicity;
  }
}

TEST(Toxic, ThatSlicesNeedsAPlausibleSize) {
  toxic without{slicer_toxic{}};
  toxic wild{slicer_toxic{10, 10}};
  toxic fine{slicer_toxic{10, 9}};

  EXPECT_THAT(error_of(complete(without)), HasSubstr("needs average_size"));
  EXPECT_THAT(error_of(complete(wild)), HasSubstr("less than average_size"));
  EXPECT_EQ(error_of(complete(fine)), "");
}

TEST(Toxic, ThatTakesTheListenerDownConcernsEverybody) {
  toxic some{down_toxic{}, {}, 0.5};
  toxic all{down_toxic{}};

  EXPECT_THAT(error_of(complete(some)), HasSubstr("as a whole"));
  EXPECT_EQ(error_of(complete(all)), "");
  EXPECT_TRUE(takes_listener_down(all));
}

} // namespace toxic_test
