// SPDX-License-Identifier: BSD-3-Clause

#include "admin/client.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace coppice::admin {

namespace {

httplib::Client connect(const std::string& authority,
                        const std::string& token) {
  httplib::Client http{"http://" + authority};
  http.set_connection_timeout(2);
  http.set_read_timeout(5);
  http.set_tcp_nodelay(true);
  if (!token.empty())
    http.set_default_headers({{"Authorization", "Bearer " + token}});
  return http;
}

answer convert(const std::string& authority, const httplib::Result& result) {
  if (!result)
    return {0,
            {},
            "no server answers at " + authority + " ("
              + httplib::to_string(result.error())
              + "); start one with coppice serve, or name another with --admin "
                "HOST:PORT"};
  answer out{result->status, result->body};
  if (result->status != 200) {
    auto body = nlohmann::json::parse(result->body, nullptr, false);
    out.error = body.is_object() && body.contains("error")
                  ? body["error"].get<std::string>()
                  : "the server answered with HTTP status "
                      + std::to_string(result->status);
  }
  return out;
}

} // namespace

client::client(std::string authority, std::string token)
    : authority_(std::move(authority)), token_(std::move(token)) {
  // nop
}

answer client::get(const std::string& path) const {
  return convert(authority_, connect(authority_, token_).Get(path.c_str()));
}

answer client::post(const std::string& path, const std::string& json) const {
  return convert(
    authority_,
    connect(authority_, token_).Post(path.c_str(), json, "application/json"));
}

answer client::put(const std::string& path, const std::string& json) const {
  return convert(
    authority_,
    connect(authority_, token_).Put(path.c_str(), json, "application/json"));
}

answer client::remove(const std::string& path) const {
  return convert(authority_, connect(authority_, token_).Delete(path.c_str()));
}

} // namespace coppice::admin
