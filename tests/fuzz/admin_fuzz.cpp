#include "coppice/actor/compat.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/admin/api.hpp"

#include "fuzz.hpp"

#include <nlohmann/json.hpp>

namespace coppice::fuzz {

namespace {

const std::string token = "secret";

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
  req.query = {{"connections", "true"}};
  req.host = line();
  req.origin = line();
  req.content_type = line();
  req.authorization = line();
  req.body = input;
  return req;
}

bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// An actor system, since a runtime has to have one; no actor runs in it.
struct world {
  world()
      : system(prepared(config)), rt(std::make_shared<actor::runtime>(system)) {
    rt->tree.add("", "top", supervision::child_type::supervisor, {}, 1);
  }

  static caf::actor_system_config& prepared(caf::actor_system_config& cfg) {
    actor::register_core_types();
    actor::configure_scheduler(cfg, 1);
    return cfg;
  }

  caf::actor_system_config config;
  caf::actor_system system;
  actor::runtime_ptr rt;
};

const admin::request* served = nullptr;

} // namespace

void try_input(std::string_view input) {
  // Never destroyed: CAF's threads crash if they end as statics do.
  static auto& w = *new world;
  auto req = read_request(input);
  // Known: an error message with such a text in it cannot be written as JSON,
  // and the exception becomes the HTTP server's answer 500.
  if (!is_utf8(req.host) || !is_utf8(req.origin) || !is_utf8(req.path))
    return;
  served = &req;
  auto answer = admin::api{w.rt, {}, {token, true}}.handle(req);
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

// In place of a tree's: what may end an actor is what is looked at here. There
// is one actor, `top/a`.
bool actor::crash(runtime&, std::string_view path,
                  const std::optional<supervision::exit_reason>&) {
  auto& req = *fuzz::served;
  fuzz::demand(req.method == "POST" && req.path == "/kill",
               "only POST /kill ends actors");
  fuzz::demand(req.authorization == "Bearer " + fuzz::token,
               "nobody ends actors without the token");
  fuzz::demand(req.content_type.starts_with("application/json"),
               "no form of a page ends actors");
  fuzz::demand(req.origin.empty() || req.origin == "http://" + req.host,
               "no page of others ends actors");
  return path == "top/a";
}

std::optional<std::vector<net::listener::connection_view>>
net::listener::connections(std::string_view) const {
  std::abort(); // there are no listeners
}

bool net::listener::crash_connection(
  std::string_view, const std::optional<supervision::exit_reason>&) const {
  std::abort();
}

} // namespace coppice
