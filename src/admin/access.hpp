// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/request.hpp"
#include "admin/response.hpp"
#include "admin/route.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice::admin {

/// Which requests are allowed.
struct access {
  /// Needed for everything that changes something. Empty: no request needs one,
  /// which is only safe on loopback.
  std::string token = {};
  /// Whether the server listens on loopback only. Then a request that names
  /// another host was sent by the page of another server and is refused.
  bool loopback = true;
  /// Whether it is served by TLS, so that its own page is at https://.
  bool tls = false;
  /// Whether faults may be injected, toxics included. Undoing them is always
  /// allowed.
  bool allow_faults = false;
  /// Names that a request may give as its host besides those of loopback, with
  /// or without a port: those of a proxy in front. Not looked at beyond
  /// loopback, where any name will do.
  std::vector<std::string> hosts = {};
  /// Where pages may come from that use the API, besides its own:
  /// `https://ops.example`.
  std::vector<std::string> origins = {};
};

/// Which client may do what, by the head of its request; the body is not looked
/// at. Never blocks; any thread.
class access_check {
public:
  explicit access_check(access rules) : rules_(std::move(rules)) {
    // nop
  }

  const access& rules() const noexcept {
    return rules_;
  }

  /// Why no request like this one is answered; nothing: it may be.
  std::optional<response> refuse(const request& req) const;

  /// Why it may not use a route; nothing: it may.
  std::optional<response> refuse(const request& req, const route& to) const;

  /// Whether it has the token, or needs none.
  bool has_token(const request& req) const;

private:
  bool permitted_host(const request& req) const;
  bool named_origin(const request& req) const;
  bool permitted_origin(const request& req) const;

  access rules_;
};

/// 401, and what to do.
response needs_token();

} // namespace coppice::admin
