// SPDX-License-Identifier: BSD-3-Clause

#include "admin/access.hpp"

#include "admin/responses.hpp"
#include "coppice/net/endpoint.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace coppice::admin {

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

// The name in a Host header or an authority, without its port.
std::string_view host_name(std::string_view authority) {
  if (authority.starts_with('['))
    return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

// A Content-Type without its parameters.
std::string_view media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  return type.substr(0, type.find_last_not_of(' ') + 1);
}

bool is_loopback_name(std::string_view name) {
  if (name == "localhost")
    return true;
  auto ep = net::endpoint::parse(name, 0);
  return ep && ep->loopback();
}

// Takes the same time for every wrong token of the right length.
bool same_token(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

bool sends_json(const request& req) {
  return media_type(req.content_type) == "application/json";
}

// What follows `Bearer`, in any case; empty if the scheme is another.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (lower(authorization.substr(0, scheme.size())) != scheme)
    return {};
  authorization.remove_prefix(scheme.size());
  auto begin = authorization.find_first_not_of(' ');
  return authorization.substr(std::min(begin, authorization.size()));
}

bool reads(const request& req) {
  return req.method == "GET" || req.method == "HEAD";
}

} // namespace

response needs_token() {
  auto result = failure(401, "this needs the admin token: send it as "
                             "\"Authorization: Bearer TOKEN\"");
  result.headers.emplace("WWW-Authenticate", "Bearer");
  return result;
}

std::optional<response> access_check::refuse(const request& req) const {
  if (!permitted_host(req))
    return failure(403, "the Host header \"" + req.host
                          + "\" is not this server's; --admin-host NAME of "
                            "serve allows another name");
  if (!permitted_origin(req))
    return failure(403, "pages of " + req.origin
                          + " may not use this server; --admin-origin ORIGIN "
                            "of serve allows them");
  // A page of another server may link here, but not use the API.
  if ((req.fetch_site == "cross-site" || req.fetch_site == "same-site")
      && !named_origin(req) && !(reads(req) && req.path == "/"))
    return failure(403, "pages of other servers may not use this one");
  return {};
}

bool access_check::permitted_host(const request& req) const {
  if (!rules_.loopback || is_loopback_name(host_name(req.host)))
    return true;
  if (req.host.empty())
    return req.may_lack_host;
  return std::ranges::any_of(rules_.hosts, [&](auto& each) {
    auto known = lower(each);
    auto given = lower(req.host);
    return known == given || known == host_name(given);
  });
}

bool access_check::named_origin(const request& req) const {
  return std::ranges::any_of(rules_.origins, [&](auto& each) {
    return lower(each) == lower(req.origin);
  });
}

bool access_check::permitted_origin(const request& req) const {
  auto* scheme = rules_.tls ? "https://" : "http://";
  return req.origin.empty() || req.origin == scheme + req.host
         || named_origin(req);
}

// By a Unix socket it is the user that counts.
bool access_check::has_token(const request& req) const {
  if (req.from == sender::owner)
    return true;
  if (rules_.token.empty())
    return req.from != sender::other_user;
  return same_token(bearer_token(req.authorization), rules_.token);
}

std::optional<response> access_check::refuse(const request& req,
                                             const route& to) const {
  if (to.needs != permission::look && !has_token(req))
    return rules_.token.empty()
             ? failure(403, "only root and the user that runs this server may "
                            "change something")
             : needs_token();
  if (to.needs == permission::fault && !rules_.allow_faults)
    return failure(403, "faults are off: this server was started without "
                        "--allow-faults");
  // A form of a page cannot send JSON, so it cannot change anything.
  if (to.body != body_kind::none && !sends_json(req))
    return failure(415, "send JSON, with Content-Type: application/json");
  return {};
}

} // namespace coppice::admin
