// SPDX-License-Identifier: BSD-3-Clause

#include "server/limit_options.hpp"

#include "server/duration.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace coppice {

using json = nlohmann::json;

namespace {

enum class kind { count, time, word };

struct limit_option {
  const char* key;
  const char* option;
  kind what;
  const char* value; // what help calls it
  const char* help;
};

constexpr std::array known_limits{
  limit_option{"max_connections", "--max-connections", kind::count, "COUNT",
               "connections at a time, on all reactors; off: any number"},
  limit_option{
    "max_per_address", "--max-per-address", kind::count, "COUNT",
    "connections at a time from one address (IPv6: /64 network); clients "
    "beyond are closed at once; off: any number"},
  limit_option{
    "overflow", "--overflow", kind::word, "queue|reject",
    "clients beyond --max-connections: queue in the kernel's backlog, or "
    "reject after --reject-after"},
  limit_option{"reject_after_ms", "--reject-after", kind::time, "TIME",
               "how long clients wait before they are rejected"},
  limit_option{
    "first_byte_ms", "--first-byte-timeout", kind::time, "TIME",
    "ends a connection whose peer has not sent a byte within TIME; off: "
    "never"},
  limit_option{
    "idle_ms", "--idle-timeout", kind::time, "TIME",
    "ends a connection whose peer sends nothing for TIME; off: never"},
  limit_option{
    "send_ms", "--send-timeout", kind::time, "TIME",
    "ends a connection whose peer takes nothing for TIME; off: never"},
  limit_option{"lifetime_ms", "--lifetime", kind::time, "TIME",
               "ends a connection after TIME; off: never"},
  limit_option{
    "goodbye_ms", "--goodbye-timeout", kind::time, "TIME",
    "how long a peer may take to read what is left when the server ends; "
    "off: as long as it takes"},
  limit_option{"max_output_bytes", "--max-output-bytes", kind::count, "BYTES",
               "ends a connection with more than BYTES waiting to be sent"},
  limit_option{"alarm", "--alarm", kind::count, "COUNT",
               "warns when COUNT connections are open; off: never"},
  limit_option{"alarm_period_ms", "--alarm-period", kind::time, "TIME",
               "at most one warning in TIME"},
  limit_option{"accept_rate", "--accept-rate", kind::count, "COUNT",
               "clients a second, on all reactors; others wait in the kernel's "
               "backlog; off: any number"},
  limit_option{"accept_burst", "--accept-burst", kind::count, "COUNT",
               "clients at once after a quiet time; off: those of a second"},
  limit_option{
    "accept_rate_per_address", "--accept-rate-per-address", kind::count,
    "COUNT",
    "clients a second of one address (IPv6: /64 network); clients beyond are "
    "closed at once; off: any number"},
  limit_option{"accept_burst_per_address", "--accept-burst-per-address",
               kind::count, "COUNT",
               "clients of it at once after a quiet time; off: those of a "
               "second"},
  limit_option{"read_rate", "--read-rate", kind::count, "BYTES",
               "bytes a second read from one connection; its peer has to wait; "
               "off: as they come"},
  limit_option{"read_burst", "--read-burst", kind::count, "BYTES",
               "bytes at once after a quiet time; off: those of a second"},
  limit_option{
    "read_rate_per_address", "--read-rate-per-address", kind::count, "BYTES",
    "bytes a second read from all connections of one address; off: as they "
    "come"},
  limit_option{"read_burst_per_address", "--read-burst-per-address",
               kind::count, "BYTES",
               "bytes of it at once after a quiet time; off: those of a "
               "second"},
};

// Bursts are of no use without their rate, which may be forgotten.
struct burst_of {
  const char* burst;
  const char* rate;
};

constexpr std::array bursts{
  burst_of{"accept_burst", "accept_rate"},
  burst_of{"accept_burst_per_address", "accept_rate_per_address"},
  burst_of{"read_burst", "read_rate"},
  burst_of{"read_burst_per_address", "read_rate_per_address"},
};

argument<json> as_count(const limit_option& which, const std::string& text) {
  std::uint64_t value = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, value);
  if (text.empty() || err != std::errc{} || rest != last)
    return wrong(which.option, "\"" + text + "\" is neither a number nor off");
  return json(value);
}

argument<json> as_time(const limit_option& which, const std::string& text) {
  auto value = parse_duration(text);
  if (!value)
    return wrong(which.option, "\"" + text
                                 + "\" is no duration such as 500ms, 8s or 2m, "
                                   "nor off");
  return json(static_cast<std::uint64_t>(value->count()));
}

argument<json> value_of(const limit_option& which, const std::string& text) {
  if (which.what == kind::word) {
    if (auto why = one_of({"queue", "reject"})(text); !why.empty())
      return wrong(which.option, why);
    return json(text);
  }
  if (text == "off")
    return json(nullptr);
  return which.what == kind::count ? as_count(which, text)
                                   : as_time(which, text);
}

} // namespace

void add_limits(CLI::App& cmd, limit_options& options) {
  for (auto& limit : known_limits)
    cmd
      .add_option_function<std::string>(
        limit.option,
        [&options, key = limit.key](const std::string& text) {
          options[key] = text;
        },
        limit.help)
      ->group(limits_group)
      ->type_name(limit.value);
}

const char* option_of_limit(std::string_view key) {
  auto found = std::ranges::find(known_limits, key, &limit_option::key);
  return found == known_limits.end() ? nullptr : found->option;
}

argument<json> to_json(const limit_options& options) {
  for (auto& [burst, rate] : bursts)
    if (options.contains(burst) && !options.contains(rate)) {
      auto missing = std::string{option_of_limit(rate)};
      return wrong(option_of_limit(burst),
                   "is the burst of " + missing + ": give that, too");
    }
  json result = json::object();
  for (auto& limit : known_limits)
    if (auto i = options.find(limit.key); i != options.end()) {
      auto value = value_of(limit, i->second);
      if (!value)
        return unexpected{std::move(value.error())};
      result[limit.key] = *std::move(value);
    }
  return result;
}

} // namespace coppice
