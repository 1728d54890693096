// SPDX-License-Identifier: BSD-3-Clause

// What the API answers to by itself; the rest of it is classes of their own.

#include "admin/api.hpp"

#include "admin/earlier_counters.hpp"
#include "admin/metrics.hpp"
#include "admin/responses.hpp"
#include "admin/tree_json.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/version.hpp"
#include "process/program_end.hpp"
#include "process/programs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice::admin {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using supervision::exit_reason;

namespace {

nlohmann::json to_json(const net::listener::connection_view& what,
                       const std::string& hub) {
  nlohmann::json result{
    {"id", what.id},
    {"path", hub + "/" + what.id},
    {"type", "worker"},
    {"state", "running"},
    {"incarnation", 1},
    {"restarts", 0},
    {"restart", "temporary"},
    {"peer", what.peer},
    {"bytes_in", what.bytes_in},
    {"bytes_out", what.bytes_out},
    {"age_ms", duration_cast<milliseconds>(what.age).count()},
    {"children", nlohmann::json::array()},
  };
  if (!what.tls.empty())
    result["tls"] = what.tls;
  return result;
}

void add_connections(nlohmann::json& node,
                     const std::vector<net::listener_ptr>& listeners) {
  for (auto& child : node["children"])
    add_connections(child, listeners);
  if (!node.contains("connections"))
    return;
  auto path = node["path"].get<std::string>();
  for (auto& listener : listeners)
    if (auto found = listener->connections(path))
      for (auto& c : *found)
        node["children"].push_back(to_json(c, path));
}

} // namespace

response api::tree(const request& req) const {
  auto result = look_at_tree(*rt_);
  if (result.is_null())
    return failure(503, "there is no tree yet");
  auto wanted = req.query.find("connections");
  if (wanted != req.query.end() && wanted->second == "true")
    add_connections(result, listeners_.all());
  return success(result);
}

std::vector<prometheus::MetricFamily>
api::all_metrics(bool asks_earlier) const {
  auto measured = measure(*rt_, listeners_, version);
  if (program_.file)
    measured.journal = program_.file->look();
  if (program_.log)
    measured.log_lines_lost = program_.log->dropped();
  auto result = to_metrics(measured);
  if (program_.upgrade.earlier)
    if (auto earlier = program_.upgrade.earlier(asks_earlier))
      add_counters(earlier->counters, result);
  return result;
}

response api::metrics() const {
  return {200, write(all_metrics(true)), std::string{metrics_type}};
}

std::string api::counters() const {
  return counters_text(all_metrics(false), listeners_api_.all(false));
}

response api::log_level() const {
  return success({{"level", to_string(program_.log->level())}});
}

// -- changing -----------------------------------------------------------------

response api::kill(const nlohmann::json& body) const {
  if (!body.contains("path") || !body["path"].is_string())
    return failure(400, "send an object with the text \"path\", and with "
                        "\"reason\" unless it is a kill");
  if (body.contains("reason") && !body["reason"].is_string())
    return failure(400, "\"reason\" has to be a text");
  auto path = body["path"].get<std::string>();
  if (body.contains("signal"))
    return signal(body, path);
  auto text = body.value("reason", "kill");
  if (text != "kill" && text != "shutdown" && process::is_program(*rt_, path))
    return failure(409, "\"" + path
                          + "\" is a program, which has reasons of its own: "
                            "kill it, ask it to end with \"shutdown\", or send "
                            "it a \"signal\"");
  std::optional<exit_reason> reason;
  if (text != "kill")
    reason = exit_reason::parse(text);
  auto hit = actor::crash(*rt_, path, reason, asked_here)
             || std::ranges::any_of(listeners_.all(), [&](auto& each) {
                  return each->crash_connection(path, reason, asked_here);
                });
  if (!hit)
    return failure(404, "there is no actor at \"" + path + "\"");
  return success({{"path", path}, {"reason", text}});
}

response api::signal(const nlohmann::json& body,
                     const std::string& path) const {
  auto number = body["signal"].is_string()
                  ? process::signal_number(body["signal"].get<std::string>())
                  : 0;
  if (number == 0 || body.contains("reason"))
    return failure(400, "\"signal\" has to be the name of a signal, such as "
                        "HUP, and excludes \"reason\"");
  auto name = process::signal_name(number);
  auto sent = process::send_signal(*rt_, path, number, asked_here);
  if (!sent)
    return failure(rt_->actor_at(path) ? 409 : 404, sent.error());
  return success({{"path", path}, {"signal", name}});
}

response api::set_log_level(const nlohmann::json& body) const {
  auto i = body.find("level");
  auto level = i != body.end() && i->is_string()
                 ? journal::log_level_from(i->get<std::string>())
                 : std::nullopt;
  if (!level || body.size() > 1)
    return failure(400, "send an object with the text \"level\": debug, info, "
                        "warning, error or off");
  program_.log->set_level(*level);
  return success({{"level", to_string(*level)}});
}

response api::reload() const {
  auto done = program_.reload();
  if (!done)
    return failure(409, done.error());
  return success({{"text", *done}});
}

response api::drain(const nlohmann::json& body) const {
  std::optional<std::chrono::milliseconds> timeout;
  auto i = body.find("timeout_ms");
  if (body.size() > (i == body.end() ? 0 : 1))
    return failure(400, "\"timeout_ms\" is the only field that this takes");
  if (i != body.end()) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24};
    if (!i->is_number_integer() || *i < 0 || *i > longest.count())
      return failure(400, "\"timeout_ms\" has to be a number from 0 to "
                          "86400000, a day");
    timeout = std::chrono::milliseconds{i->get<std::int64_t>()};
  }
  std::int64_t active = 0;
  for (auto& listener : listeners_.all())
    active += listener->active();
  program_.drain(timeout);
  return success({{"active", active}});
}

} // namespace coppice::admin
