// SPDX-License-Identifier: BSD-3-Clause

#include "admin/listener_json.hpp"

#include "admin/limits_json.hpp"
#include "coppice/net/listener.hpp"
#include "journal/event_json.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace coppice::admin {

using json = nlohmann::json;

namespace {

json to_json(const net::traffic& what) {
  using net::accept_error;
  json by_errno = json::object();
  what.errors.for_each([&](int error, std::uint64_t n) {
    auto* name = ::strerrorname_np(error);
    by_errno[name == nullptr ? "unknown" : name] = n;
  });
  json refused = json::object();
  for (std::size_t i = 0; i < net::refusals; ++i) {
    auto cause = static_cast<net::refusal>(i);
    if (auto n = what.refused.of(cause); n > 0)
      refused[std::string{to_string(cause)}] = n;
  }
  return {
    {"accepted", what.accepted},
    {"closed", what.closed},
    {"rejected", what.rejected},
    {"rejected_by_address", what.rejected_by_address},
    {"rejected_by_rate", what.rejected_by_rate},
    {"accept_errors",
     {{"transient", what.errors.of(accept_error::transient)},
      {"exhausted", what.errors.of(accept_error::exhausted)},
      {"fatal", what.errors.of(accept_error::fatal)}}},
    {"accept_errnos", std::move(by_errno)},
    {"bytes_in", what.bytes_in},
    {"bytes_out", what.bytes_out},
    {"handshakes", what.handshakes},
    {"resumed", what.resumed},
    {"accept_pauses", what.accept_pauses},
    {"read_pauses", what.read_pauses},
    {"refused", std::move(refused)},
  };
}

// Null without TLS.
json tls_of(const net::listener& what) {
  auto settings = what.tls_settings();
  if (!settings)
    return nullptr;
  json certificates = json::array();
  for (auto& each : what.certificates())
    certificates.push_back({{"file", each.file},
                            {"names", each.names},
                            {"expires", journal::to_text(each.expires)}});
  return {
    {"oldest", settings->oldest == net::tls_version::v1_3 ? "1.3" : "1.2"},
    {"alpn", settings->alpn},
    {"client", to_string(settings->client)},
    {"certificates", std::move(certificates)}};
}

json networks_of(const net::listener& what) {
  json result = json::array();
  for (auto& each : what.proxy().from)
    result.push_back(to_string(each));
  return result;
}

// What happens to a client that connects now.
const char* fate_of_new_clients(const net::listener& what) {
  if (what.state() == net::listener_state::listening)
    return "are served";
  return what.shares_sockets() ? "wait" : "are refused";
}

} // namespace

json to_json(const net::listener& what) {
  auto local = what.local();
  auto by_reactor = what.counters_by_reactor();
  json reactors = json::array();
  for (std::size_t i = 0; i < by_reactor.size(); ++i)
    reactors.push_back({{"index", i}, {"counters", to_json(by_reactor[i])}});
  return {
    {"name", what.config().name},
    {"path", what.path()},
    {"local", local ? json(to_string(*local)) : json()},
    {"state", to_string(what.state())},
    {"new_clients", fate_of_new_clients(what)},
    {"topology", to_string(what.config().topology)},
    {"acceptors", by_reactor.size()},
    {"sockets", what.sockets()},
    {"active", what.active()},
    {"limits", to_json(what.limits())},
    {"proxy_from", networks_of(what)},
    {"tls", tls_of(what)},
    {"counters", to_json(what.counters())},
    {"reactors", std::move(reactors)},
  };
}

} // namespace coppice::admin
