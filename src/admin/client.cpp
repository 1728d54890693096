// SPDX-License-Identifier: BSD-3-Clause

#include "admin/client.hpp"

#include "admin/bounded_http.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace coppice::admin {

namespace {

using code = request_error::code;

request_error no_answer(const std::string& authority, const http_failure& why) {
  auto in_brackets = " (" + why.text + ")";
  switch (why.what) {
  case http_failure::kind::unreachable:
    return {code::unreachable,
            "no server answers at " + authority + in_brackets
              + "; start one with coppice serve, or name another with --admin "
                "HOST:PORT or --admin unix:PATH"};
  case http_failure::kind::silent:
    return {code::silent,
            "the server at " + authority + " does not answer" + in_brackets};
  case http_failure::kind::broken:
    return {code::cut_off, "what answers at " + authority
                             + " is not coppice, or has just ended"
                             + in_brackets + "; check --admin"};
  case http_failure::kind::foreign:
    return {code::foreign, not_coppice(authority) + in_brackets};
  case http_failure::kind::no_tls:
    return {code::foreign, "what answers at " + authority
                             + " does not shake hands in TLS" + in_brackets
                             + "; without TLS, leave out https://"};
  case http_failure::kind::distrusted:
    return {code::foreign, "the server at " + authority + " is not trusted"
                             + in_brackets
                             + "; give --admin-ca FILE with the authority that "
                               "issued its certificate, or the certificate "
                               "itself, and name the server as the certificate "
                               "does"};
  }
  return {code::foreign, not_coppice(authority)};
}

// What the server says is wrong; empty if it is not coppice that says it.
std::string error_in(const std::string& body) {
  // What is nested is no error of ours.
  constexpr auto levels = 8;
  auto too_deep = false;
  auto look = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    too_deep = too_deep || depth > levels;
    return !too_deep;
  };
  auto json = nlohmann::json::parse(body, look, false);
  if (too_deep || !json.is_object())
    return {};
  auto found = json.find("error");
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

// So that no text can end the head of a request.
std::string without_controls(std::string text) {
  std::erase_if(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
  });
  return text;
}

expected<net::tls_client_ptr, std::string>
tls_for(const std::string& authority, const net::tls_trust& trust) {
  auto where = parse_authority(authority);
  if (!where || !where->tls)
    return net::tls_client_ptr{};
  return net::tls_client::make(trust);
}

std::string without_slash(std::string text) {
  if (text.ends_with('/'))
    text.pop_back();
  return text;
}

} // namespace

std::string not_coppice(const std::string& authority) {
  return "what answers at " + authority + " is not coppice; check --admin";
}

client::client(std::string authority, std::string token,
               const net::tls_trust& trust)
    : authority_(std::move(authority)),
      token_(std::move(token)),
      tls_(tls_for(authority_, trust)) {
  // nop
}

client client::within(std::chrono::milliseconds limit) const {
  auto result = *this;
  result.bounds_.total = std::min(limit, bounds_.total);
  return result;
}

answer client::ask(const char* method, const std::string& path,
                   const std::string* json) const {
  auto where = parse_authority(authority_);
  if (!where)
    return unexpected{request_error{code::not_sent, where.error()}};
  if (!tls_)
    return unexpected{
      request_error{code::not_sent, "--admin-ca: " + tls_.error()}};
  auto host = authority_.substr(where->tls ? authority_.find("//") + 2 : 0);
  auto request
    = std::string{method} + " " + without_controls(path) + " HTTP/1.0\r\nHost: "
      + (where->unix_path.empty() ? without_slash(host) : "localhost")
      + "\r\nAccept: application/json\r\nConnection: close\r\n";
  if (!token_.empty())
    request += "Authorization: Bearer " + without_controls(token_) + "\r\n";
  if (json != nullptr)
    request += "Content-Type: application/json\r\nContent-Length: "
               + std::to_string(json->size()) + "\r\n";
  request += "\r\n";
  if (json != nullptr)
    request += *json;
  auto got = ask_http(*where, request, bounds_, *tls_);
  if (!got)
    return unexpected{no_answer(authority_, got.error())};
  if (got->status == 200)
    return std::move(got->body);
  auto error = error_in(got->body);
  if (error.empty())
    return unexpected{
      request_error{code::foreign, not_coppice(authority_) + " (HTTP status "
                                     + std::to_string(got->status) + ")"}};
  return unexpected{request_error{code::refused, std::move(error), got->status,
                                  std::move(got->body)}};
}

answer client::get(const std::string& path) const {
  return ask("GET", path, nullptr);
}

answer client::post(const std::string& path, const std::string& json) const {
  return ask("POST", path, &json);
}

answer client::put(const std::string& path, const std::string& json) const {
  return ask("PUT", path, &json);
}

answer client::remove(const std::string& path) const {
  return ask("DELETE", path, nullptr);
}

} // namespace coppice::admin
