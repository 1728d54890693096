// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/refusal.hpp"

namespace coppice::net {

namespace {

constexpr std::array<std::string_view, refusals> names{
  "no_proxy_header", "bad_proxy_header", "late_proxy_header",
  "tls_left",        "tls_late",         "tls_limit",
  "not_tls",         "tls_version",      "tls_cipher",
  "tls_alpn",        "tls_client",       "tls_refused_by_peer",
  "tls_error"};

} // namespace

std::string_view to_string(refusal value) {
  return names[static_cast<std::size_t>(value)];
}

} // namespace coppice::net
