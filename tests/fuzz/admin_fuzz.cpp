// SPDX-License-Identifier: BSD-3-Clause

#include "actor/actor_faults.hpp"
#include "actor/forecast.hpp"
#include "admin/api.hpp"
#include "admin/listener_json.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/actor/tree_root.hpp"
#include "process/programs.hpp"

#include "fuzz.hpp"

#include <caf/actor_system_config.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace coppice::fuzz {

namespace {

const std::string token = "secret";

// What follows a question mark, as NAME=VALUE&NAME=VALUE.
std::map<std::string, std::string> take_query(std::string& path) {
  std::map<std::string, std::string> result{{"connections", "true"}};
  auto mark = path.find('?');
  std::string_view rest{path};
  rest.remove_prefix(mark == path.npos ? path.size() : mark + 1);
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    auto equals = std::min(pair.find('='), pair.size());
    result.insert_or_assign(
      std::string{pair.substr(0, equals)},
      std::string{pair.substr(std::min(pair.size(), equals + 1))});
  }
  path.resize(std::min(mark, path.size()));
  return result;
}

// A request as lines: method, path, Host, Origin, Content-Type, Authorization;
// what follows is the body.
admin::request read_request(std::string_view input) {
  auto line = [&] {
    auto end = input.find('\n');
    std::string result{input.substr(0, end)};
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return result;
  };
  admin::request req;
  req.method = line();
  req.path = line();
  req.query = take_query(req.path);
  req.host = line();
  req.origin = line();
  req.content_type = line();
  req.authorization = line();
  req.body = input;
  return req;
}

// An actor system, since a runtime has to have one; no actor runs in it.
struct world {
  world()
      : system(prepared(config)), rt(std::make_shared<actor::runtime>(system)) {
    rt->tree.add("", "top", supervision::child_type::supervisor, {}, 1);
  }

  static caf::actor_system_config& prepared(caf::actor_system_config& cfg) {
    actor::register_types();
    actor::configure_scheduler(cfg, 1);
    return cfg;
  }

  caf::actor_system_config config;
  caf::actor_system system;
  actor::runtime_ptr rt;
};

const admin::request* served = nullptr;

void demand_permission(std::string_view path,
                       std::string_view method = "POST") {
  demand(served->method == method && served->path.starts_with(path),
         "things change by the method and where the API says so");
  demand(served->authorization == "Bearer " + std::string{token},
         "nothing changes without the token");
  demand(served->content_type.starts_with("application/json"),
         "nothing changes by a form of a page");
  demand(served->origin.empty() || served->origin == "http://" + served->host,
         "nothing changes by a page of others");
}

} // namespace

void try_input(std::string_view input) {
  // Never destroyed: CAF's threads crash if they end as statics do.
  static auto& w = *new world;
  auto req = read_request(input);
  served = &req;
  auto drain = [](auto) { demand_permission("/drain"); };
  auto answer = admin::api{w.rt, {}, {token, true, true}, {drain}}.handle(req);
  if (w.rt->faults.disarm() > 0)
    demand_permission("/faults/", "PUT");
  served = nullptr;
  demand(answer.status >= 200 && answer.status <= 503, "there is a status");
  if (answer.content_type != "application/json")
    return;
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  demand(body.is_object(), "the answer is a JSON object");
  demand((answer.status == 200) != body.contains("error"),
         "what is refused is explained");
}

} // namespace coppice::fuzz

namespace coppice {

// There is no program but at paths that end so.
bool process::is_program(const actor::runtime&, std::string_view path) {
  return path.ends_with("program");
}

expected<void, std::string> process::send_signal(actor::runtime&,
                                                 std::string_view path, int,
                                                 std::string_view) {
  fuzz::demand_permission("/kill");
  if (path.ends_with("program"))
    return {};
  return unexpected{"\"" + std::string{path} + "\" is not a program"};
}

// In place of a tree's: what may end an actor is what is looked at here. There
// is one actor, `top/a`.
bool actor::crash(runtime&, std::string_view path,
                  const std::optional<supervision::exit_reason>&,
                  std::string_view) {
  fuzz::demand_permission("/kill");
  return path == "top/a";
}

void actor::tell_who_asks(runtime&, std::string_view,
                          const std::optional<supervision::exit_reason>&,
                          std::string_view) {
  fuzz::demand_permission("/actors/");
}

// Nobody supervises it.

actor::pending<supervision::done> actor::terminate_child(const caf::actor&,
                                                         std::string_view) {
  fuzz::demand_permission("/actors/");
  pending<supervision::done> result;
  result.set(unexpected{refused{supervision::refusal::not_found}});
  return result;
}

actor::pending<actor::child_ref> actor::restart_child(const caf::actor&,
                                                      std::string_view) {
  fuzz::demand_permission("/actors/");
  pending<child_ref> result;
  result.set(unexpected{refused{supervision::refusal::not_found}});
  return result;
}

actor::pending<actor::child_info> actor::which_child(const caf::actor&,
                                                     std::string_view) {
  fuzz::demand_permission("/actors/");
  pending<child_info> result;
  result.set(child_info{"a", supervision::child_state::running, {}, {}});
  return result;
}

std::string actor::to_string(const refused&) {
  return "not_found";
}

std::optional<actor::eventual<std::optional<supervision::forecast>>>
actor::foresee(const runtime&, std::string_view, supervision::incident) {
  return {};
}

actor::fault_outcome actor::suspend(runtime&, std::string_view) {
  fuzz::demand_permission("/actors/suspend");
  return fault_outcome::noproc;
}

bool actor::is_suspended(runtime&, std::string_view) {
  return false; // anybody may look
}

// Healing resumes suspended actors, and here there are none.
actor::fault_outcome actor::resume(runtime&, std::string_view) {
  fuzz::demand_permission("/actors/resume");
  return fault_outcome::noproc;
}

actor::fault_outcome actor::flood(runtime&, std::string_view, std::size_t) {
  fuzz::demand_permission("/actors/flood");
  return fault_outcome::done;
}

actor::fault_outcome actor::burn_budget(runtime&, std::string_view) {
  fuzz::demand_permission("/actors/burn_budget");
  return fault_outcome::unsupported;
}

actor::fault_outcome actor::spare(runtime&, std::string_view) {
  return fault_outcome::noproc;
}

std::optional<std::string> actor::kill_random(runtime&, std::string_view,
                                              std::uint64_t, std::string_view) {
  fuzz::demand_permission("/actors/kill_random");
  return "top/a";
}

// There is no log.

std::uint64_t journal::line_writer::dropped() const {
  return 0;
}

journal::recorder::numbers journal::recorder::look() const noexcept {
  return {};
}

std::string_view journal::to_string(log_level) {
  std::abort();
}

std::optional<journal::log_level> journal::log_level_from(std::string_view) {
  std::abort();
}

// There are no listeners, and so no canaries.

admin::canary::canary(net::listener_ptr) : samples_(1) {
  std::abort();
}

admin::canary::~canary() = default;

admin::canary::report admin::canary::after(std::uint64_t) const {
  std::abort();
}

bool net::listener::suspend_connection(std::string_view, bool) const {
  std::abort();
}

bool net::listener::stall(std::size_t, std::chrono::milliseconds) const {
  std::abort();
}

std::optional<std::vector<net::listener::connection_view>>
net::listener::connections(std::string_view) const {
  std::abort();
}

const net::listener_config& net::listener::config() const noexcept {
  std::abort();
}

const std::vector<net::reactor_ptr>& net::listener::reactors() const noexcept {
  std::abort();
}

net::limits net::listener::limits() const {
  std::abort();
}

void net::listener::set_limits(const net::limits&) {
  std::abort();
}

void net::listener::suspend() {
  std::abort();
}

expected<void, std::string> net::listener::resume() {
  std::abort();
}

std::shared_ptr<const net::toxic_list> net::listener::toxics() const {
  std::abort();
}

net::toxic_result net::listener::add_toxic(toxic, toxic_target) {
  std::abort();
}

net::toxic_result net::listener::update_toxic(toxic, toxic_target) {
  std::abort();
}

net::toxic_result net::listener::remove_toxic(std::string_view, toxic_target) {
  std::abort();
}

net::toxic_result net::listener::remove_all_toxics(toxic_target) {
  std::abort();
}

nlohmann::json admin::to_json(const net::listener&) {
  std::abort();
}

bool net::listener::leaving() const noexcept {
  std::abort();
}

net::listener_state net::listener::state() const {
  std::abort();
}

std::size_t net::listener::sockets() const {
  std::abort();
}

net::traffic net::listener::counters() const noexcept {
  std::abort();
}

std::string net::listener::path() const {
  std::abort();
}

std::int64_t net::listener::active() const noexcept {
  std::abort();
}

std::vector<net::traffic> net::listener::counters_by_reactor() const {
  std::abort();
}

bool net::listener::crash_connection(
  std::string_view, const std::optional<supervision::exit_reason>&,
  std::string_view) const {
  std::abort();
}

} // namespace coppice
