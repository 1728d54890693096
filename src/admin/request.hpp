// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <map>
#include <string>

namespace coppice::admin {

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
  std::string body = {};
};

} // namespace coppice::admin
