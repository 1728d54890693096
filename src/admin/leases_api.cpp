// SPDX-License-Identifier: BSD-3-Clause

#include "admin/leases_api.hpp"

#include "admin/faults_api.hpp"
#include "admin/responses.hpp"
#include "fault/names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace coppice::admin {

using nlohmann::json;

namespace {

constexpr std::int64_t shortest_ms = 100;
constexpr std::int64_t longest_ms = 600'000;
constexpr std::size_t longest_name = 64;

constexpr std::string_view faults_path = "/faults/";
constexpr std::string_view resume_path = "/actors/resume";

response keep_lease(leases& all, const call& asked) {
  auto& name = asked.names.front();
  if (name.size() > longest_name
      || !std::ranges::all_of(name, fault::is_name_character))
    return failure(400, "the name of a lease consists of up to 64 letters, "
                        "digits and _.:/-");
  auto lasts = asked.body.find("ttl_ms");
  if (asked.body.size() != 1 || lasts == asked.body.end()
      || !lasts->is_number_integer() || *lasts < shortest_ms
      || *lasts > longest_ms)
    return failure(400, "send an object with the number \"ttl_ms\", from "
                          + std::to_string(shortest_ms) + " to "
                          + std::to_string(longest_ms));
  switch (all.keep(name, std::chrono::milliseconds{lasts->get<int>()})) {
  case leases::outcome::done:
    return success({{"lease", name}, {"ttl_ms", *lasts}});
  case leases::outcome::too_many:
    return failure(409, "there are too many leases");
  case leases::outcome::failed:
    return failure(503, "there is no thread left to look after a lease");
  case leases::outcome::unknown:
    break;
  }
  return no_lease(name);
}

response end_lease(leases& all, const call& asked) {
  auto& name = asked.names.front();
  if (!all.has(name))
    return no_lease(name);
  return success({{"lease", name}, {"undone", all.end(name)}});
}

request resume_of(const std::string& victim) {
  request result{"POST", std::string{resume_path}};
  result.body = written({{"path", victim}});
  return result;
}

// The one point of that name. A pattern would mean others that match it, too.
request disarming(const std::string& name) {
  request result{"DELETE", std::string{faults_path} + name};
  result.query["exact"] = "true";
  return result;
}

// The connection whose toxics are meant, as text; empty: none.
std::string connection_of(const request& req, const json& body) {
  if (auto i = body.find("connection"); i != body.end())
    return i->dump();
  auto i = req.query.find("connection");
  if (i == req.query.end())
    return {};
  auto zeros = i->second.find_first_not_of('0'); // it may be written as 007
  return zeros == std::string::npos ? "0" : i->second.substr(zeros);
}

} // namespace

std::vector<route> lease_routes(leases& all) {
  constexpr auto path = "/leases/{lease}";
  return {
    {"PUT", path, permission::change, body_kind::object,
     R"({"ttl_ms": ...} keep ?lease=)",
     [&all](const call& asked) { return keep_lease(all, asked); }},
    {"DELETE", path, permission::change, body_kind::none, "undo what it has",
     [&all](const call& asked) { return end_lease(all, asked); }},
  };
}

bool may_be_on_lease(lease_effect effect) {
  return effect == lease_effect::arms_points || effect == lease_effect::suspends
         || effect == lease_effect::adds_toxic;
}

std::vector<request> undoing(lease_effect effect, const call& asked,
                             const response& answer) {
  auto said = json::parse(answer.body);
  if (effect == lease_effect::suspends)
    return {resume_of(said.at("path").get<std::string>())};
  std::vector<request> result;
  if (effect == lease_effect::arms_points) {
    for (auto& each : said.at("armed"))
      result.push_back(disarming(each.get<std::string>()));
    return result;
  }
  auto name = said.at("name").get<std::string>();
  result.push_back({"DELETE", asked.req.path + "/" + name});
  if (auto number = connection_of(asked.req, asked.body); !number.empty())
    result.back().query["connection"] = number;
  return result;
}

std::string key_of(const request& undo) {
  auto connection = undo.query.find("connection");
  return undo.path
         + (connection == undo.query.end() ? "" : "?" + connection->second)
         + (undo.body.empty() ? "" : " " + undo.body);
}

std::function<bool(std::string_view key)>
clearing(lease_effect effect, const request& asked, const json& body) {
  auto& path = asked.path;
  auto number = connection_of(asked, body);
  auto end = number.empty() ? number : "?" + number;
  switch (effect) {
  case lease_effect::none:
  case lease_effect::arms_points:
  case lease_effect::suspends:
  case lease_effect::adds_toxic:
    return {};
  case lease_effect::resumes: {
    auto i = body.find("path");
    if (i == body.end() || !i->is_string())
      return {};
    return [key = key_of(resume_of(i->get<std::string>()))](auto given) {
      return given == key;
    };
  }
  case lease_effect::disarms_all:
    return [](auto key) {
      return key.starts_with(faults_path) || key.starts_with(resume_path);
    };
  case lease_effect::disarms_points:
    if (is_exact(asked))
      break;
    return [pattern = path.substr(faults_path.size())](auto key) {
      return key.starts_with(faults_path)
             && fault::matches(pattern, key.substr(faults_path.size()));
    };
  case lease_effect::removes_toxics:
    return [begin = path + "/", end](auto key) {
      auto mark = key.rfind('?');
      auto of = mark == key.npos ? std::string_view{} : key.substr(mark);
      return key.starts_with(begin) && (end.empty() || of == end);
    };
  case lease_effect::removes_toxic:
    break;
  }
  return [key = path + end](auto given) { return given == key; };
}

const std::string* lease_of(const request& req) {
  auto found = req.query.find("lease");
  return found == req.query.end() ? nullptr : &found->second;
}

response no_lease(const std::string& name) {
  return failure(404, "there is no lease \"" + name
                        + "\": it has run out, and what was done on it is "
                          "undone");
}

} // namespace coppice::admin
