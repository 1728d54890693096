// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/toxic/toxic.hpp"

#include "fault/names.hpp"

#include <algorithm>
#include <array>

namespace coppice::net {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
constexpr std::int64_t day_us = day_ms * 1000;
constexpr std::int64_t most_kb = 1'000'000'000;
constexpr std::int64_t most_piece = 1'000'000'000;
constexpr std::int64_t most_bytes = std::int64_t{1} << 53; // exact in JSON
constexpr std::size_t longest_name = 64;

constexpr std::int64_t most_per_million = 1'000'000;

constexpr std::array<std::string_view, 11> type_names{
  "latency",    "bandwidth",  "slow_close",  "timeout", "reset_peer", "slicer",
  "limit_data", "limit_time", "packet_loss", "corrupt", "down"};
static_assert(type_names.size() == std::variant_size_v<toxic_effect>);

// -- attributes, as `fn(name, value, least, most)` ----------------------------

template <class F>
void each(latency_toxic& t, F fn) {
  fn("latency", t.latency, 0, day_ms);
  fn("jitter", t.jitter, 0, day_ms);
}

template <class F>
void each(bandwidth_toxic& t, F fn) {
  fn("rate", t.rate, 0, most_kb);
  fn("shared", t.shared, 0, 1);
}

template <class F>
void each(slow_close_toxic& t, F fn) {
  fn("delay", t.delay, 0, day_ms);
}

template <class F>
void each(timeout_toxic& t, F fn) {
  fn("timeout", t.timeout, 0, day_ms);
}

template <class F>
void each(reset_peer_toxic& t, F fn) {
  fn("timeout", t.timeout, 0, day_ms);
}

template <class F>
void each(slicer_toxic& t, F fn) {
  fn("average_size", t.average_size, 1, most_piece);
  fn("size_variation", t.size_variation, 0, most_piece - 1);
  fn("delay", t.delay, 0, day_us);
}

template <class F>
void each(limit_data_toxic& t, F fn) {
  fn("bytes", t.bytes, 0, most_bytes);
}

template <class F>
void each(limit_time_toxic& t, F fn) {
  fn("time", t.time, 0, day_ms);
}

template <class F>
void each(packet_loss_toxic& t, F fn) {
  fn("per_million", t.per_million, 0, most_per_million);
}

template <class F>
void each(corrupt_toxic& t, F fn) {
  fn("per_million", t.per_million, 0, most_per_million);
}

template <class F>
void each(down_toxic&, F) {
  // nop
}

std::int64_t count_of(std::int64_t value) {
  return value;
}

std::int64_t count_of(milliseconds value) {
  return value.count();
}

std::int64_t count_of(microseconds value) {
  return value.count();
}

bool usable_in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9')
         || std::string_view{"_.:-"}.find(c) != std::string_view::npos;
}

std::string joined(const auto& names) {
  std::string result;
  for (std::string_view name : names)
    result += (result.empty() ? "" : ", ") + std::string{name};
  return result;
}

std::string unknown_attribute(const toxic_effect& what, std::string_view name) {
  std::vector<std::string_view> known;
  for (auto& [key, value] : attributes(what))
    known.push_back(key);
  return "a " + std::string{type_of(what)} + " toxic has "
         + (known.empty() ? "no attributes" : joined(known)) + ", not \""
         + std::string{name} + "\"" + fault::did_you_mean(name, known);
}

} // namespace

std::string_view to_string(toxic_stream value) {
  switch (value) {
  case toxic_stream::upstream:
    return "upstream";
  case toxic_stream::downstream:
    return "downstream";
  }
  return {};
}

std::optional<toxic_stream> parse_toxic_stream(std::string_view text) {
  for (auto value : {toxic_stream::upstream, toxic_stream::downstream})
    if (text == to_string(value))
      return value;
  return {};
}

std::string_view type_of(const toxic_effect& what) noexcept {
  return type_names[what.index()];
}

std::optional<toxic_effect> parse_toxic_type(std::string_view type) {
  constexpr std::array<toxic_effect, type_names.size()> effects{
    latency_toxic{},    bandwidth_toxic{},  slow_close_toxic{},
    timeout_toxic{},    reset_peer_toxic{}, slicer_toxic{},
    limit_data_toxic{}, limit_time_toxic{}, packet_loss_toxic{},
    corrupt_toxic{},    down_toxic{}};
  for (auto& effect : effects)
    if (type_of(effect) == type)
      return effect;
  return {};
}

std::vector<std::string> toxic_type_names() {
  return {type_names.begin(), type_names.end()};
}

std::string toxic_types() {
  return joined(type_names);
}

std::vector<std::pair<std::string_view, std::int64_t>>
attributes(const toxic_effect& what) {
  std::vector<std::pair<std::string_view, std::int64_t>> result;
  auto add = [&](std::string_view name, auto& value, auto, auto) {
    result.emplace_back(name, count_of(value));
  };
  auto copy = what;
  std::visit([&](auto& effect) { each(effect, add); }, copy);
  return result;
}

std::string needed_attribute(const toxic_effect& what) {
  // In the order of the types.
  constexpr std::array<std::string_view, type_names.size()> examples{
    "latency=100",
    "rate=64",
    "delay=1000",
    "",
    "",
    "average_size=10",
    "bytes=1000",
    "time=1000",
    "per_million=10000",
    "per_million=1000",
    ""};
  return std::string{examples[what.index()]};
}

expected<void, std::string>
set_attribute(toxic_effect& what, std::string_view name, std::int64_t value) {
  expected<void, std::string> result
    = unexpected{unknown_attribute(what, name)};
  auto set = [&](std::string_view key, auto& member, std::int64_t least,
                 std::int64_t most) {
    if (key != name)
      return;
    if (value < least || value > most) {
      result
        = unexpected{std::string{name} + " has to be a number from "
                     + std::to_string(least) + " to " + std::to_string(most)};
      return;
    }
    member = std::remove_reference_t<decltype(member)>{value};
    result = {};
  };
  std::visit([&](auto& effect) { each(effect, set); }, what);
  return result;
}

expected<void, std::string> complete(toxic& what) {
  if (what.name.empty())
    what.name = std::string{type_of(what.effect)} + "_"
                + std::string{to_string(what.stream)};
  if (what.name.size() > longest_name
      || !std::all_of(what.name.begin(), what.name.end(), usable_in_a_name))
    return unexpected<std::string>{
      "the name of a toxic consists of up to 64 letters, digits and _.:-"};
  if (!(what.toxicity >= 0 && what.toxicity <= 1)) // nor is it NaN
    return unexpected<std::string>{"toxicity has to be a number from 0 to 1"};
  if (takes_listener_down(what) && what.toxicity != 1)
    return unexpected<std::string>{
      "down concerns the listener as a whole; its toxicity is 1"};
  if (auto* slicer = std::get_if<slicer_toxic>(&what.effect)) {
    if (slicer->average_size < 1)
      return unexpected<std::string>{
        "a slicer toxic needs average_size, a number from 1 on"};
    if (slicer->size_variation >= slicer->average_size)
      return unexpected<std::string>{
        "size_variation has to be less than average_size"};
  }
  return {};
}

} // namespace coppice::net
