// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <map>
#include <string>

namespace coppice::admin {

/// The user that sends a request, as far as the kernel knows.
enum class sender {
  anybody,    ///< A TCP client: its user is unknown.
  owner,      ///< By a Unix socket: root, or the user that runs the server.
  other_user, ///< By a Unix socket: any other user.
};

/// The parts of an HTTP request that the API looks at.
struct request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query = {};
  std::string host = {};       ///< The Host header.
  std::string origin = {};     ///< The Origin header; empty: none.
  std::string fetch_site = {}; ///< The Sec-Fetch-Site header, of browsers.
  std::string content_type = {};
  std::string authorization = {}; ///< The Authorization header.
  std::string accept = {};        ///< The Accept header.
  std::string last_event_id = {}; ///< The Last-Event-ID header.
  bool may_lack_host = false;     ///< It is of HTTP/1.0.
  sender from = sender::anybody;
  std::string body = {};
};

} // namespace coppice::admin
