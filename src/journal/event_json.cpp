// SPDX-License-Identifier: BSD-3-Clause

#include "journal/event_json.hpp"

#include "observe/printable.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <ctime>
#include <vector>

namespace coppice::journal {

using nlohmann::json;
using observe::decision;

std::string to_text(std::chrono::system_clock::time_point when) {
  using std::chrono::floor;
  auto ms = floor<std::chrono::milliseconds>(when);
  auto seconds
    = std::chrono::system_clock::to_time_t(floor<std::chrono::seconds>(when));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  auto size = std::strftime(text.data(), text.size(), "%FT%T", &parts);
  std::string result{text.data(), size};
  auto fraction = std::to_string(1000 + ms.time_since_epoch().count() % 1000);
  return result + "." + fraction.substr(1) + "Z";
}

json to_json(const supervision::own_budget& what) {
  json result{{"used", what.used},
              {"intensity", what.intensity},
              {"period_seconds", what.period.count()}};
  if (what.used_up)
    result["used_up"] = true;
  return result;
}

json to_json(const decision& what) {
  json result{
    {"restart", supervision::to_string(what.restart)},
    {"strategy", supervision::to_string(what.strategy)},
    {"affected", what.affected},
    {"affected_count", what.affected_count},
    {"budget_used", what.budget_used},
    {"intensity", what.intensity},
    {"period_seconds", what.period.count()},
  };
  if (what.delay.count() > 0)
    result["delay_ms"] = what.delay.count();
  if (what.own)
    result["own_budget"] = to_json(*what.own);
  return result;
}

namespace {

// The one of `all` that is called `name`.
template <class T, std::size_t N>
std::optional<T> named(const std::string& name, const std::array<T, N>& all) {
  for (auto each : all)
    if (supervision::to_string(each) == name)
      return each;
  return {};
}

} // namespace

std::optional<decision> decision_from(const json& what) {
  using supervision::restart;
  using supervision::strategy;
  try {
    auto how = named(
      what.at("restart").get<std::string>(),
      std::array{restart::permanent, restart::transient, restart::temporary});
    auto which
      = named(what.at("strategy").get<std::string>(),
              std::array{strategy::one_for_one, strategy::one_for_all,
                         strategy::rest_for_one, strategy::simple_one_for_one});
    if (!how || !which)
      return {};
    decision result;
    result.restart = *how;
    result.strategy = *which;
    result.affected = what.at("affected").get<std::vector<std::string>>();
    result.affected_count = what.at("affected_count");
    result.budget_used = what.at("budget_used");
    result.intensity = what.at("intensity");
    result.period = std::chrono::seconds{what.at("period_seconds")};
    result.delay
      = std::chrono::milliseconds{what.value("delay_ms", std::int64_t{0})};
    if (auto own = what.find("own_budget"); own != what.end())
      result.own = supervision::own_budget{
        own->at("used"), own->at("intensity"),
        std::chrono::seconds{own->at("period_seconds")},
        own->value("used_up", false)};
    return result;
  } catch (const json::exception&) {
    return {};
  }
}

json to_json(const observe::event& ev) {
  json result{
    {"seq", ev.seq},
    {"time", to_text(ev.wall_time)},
    {"mono_ns", ev.time.time_since_epoch().count()},
    {"kind", observe::to_string(ev.kind)},
    {"severity", observe::to_string(observe::severity_of(ev))},
    {"path", ev.path},
    {"text", observe::describe(ev)},
  };
  if (ev.incarnation != 0)
    result["incarnation"] = ev.incarnation;
  if (ev.cause != 0)
    result["cause"] = ev.cause;
  if (!ev.reason.empty())
    result["reason"] = ev.reason;
  if (!ev.detail.empty())
    result["detail"] = ev.detail;
  if (ev.decided)
    result["decision"] = to_json(*ev.decided);
  return result;
}

namespace {

std::string path_of(std::string_view hub,
                    const observe::connection_record& record) {
  return std::string{hub} + "/connection:" + std::to_string(record.connection);
}

} // namespace

std::chrono::system_clock::time_point
wall_time_of(const observe::connection_record& record) {
  auto age = std::chrono::steady_clock::now() - record.time;
  return std::chrono::system_clock::now()
         - std::chrono::duration_cast<std::chrono::microseconds>(age);
}

std::string describe(std::string_view path,
                     const observe::connection_record& record) {
  return observe::printable(path_of(path, record)) + " "
         + observe::describe(record);
}

json to_json(std::string_view path, const observe::connection_record& record) {
  auto opened = record.what == observe::connection_record::kind::opened;
  json result{
    {"time", to_text(wall_time_of(record))},
    {"mono_ns", record.time.time_since_epoch().count()},
    {"kind", opened ? "connection_opened" : "connection_closed"},
    {"severity", "info"},
    {"path", path_of(path, record)},
    {"peer", to_string(record.peer)},
    {"text", describe(path, record)},
  };
  if (opened)
    return result;
  result["reason"] = record.reason_text();
  result["seconds"] = std::chrono::duration<double>(record.lasted).count();
  result["bytes_in"] = record.bytes_in;
  result["bytes_out"] = record.bytes_out;
  return result;
}

// In ASCII: a log and a terminal get it as it is.
std::string to_line(const json& what) {
  return what.dump(-1, ' ', true, json::error_handler_t::replace);
}

} // namespace coppice::journal
