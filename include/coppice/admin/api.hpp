#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"

#include <map>
#include <string>
#include <vector>

namespace coppice::admin {

/// What of an HTTP request the API looks at.
struct request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query = {};
  std::string host = {};   ///< The Host header.
  std::string origin = {}; ///< The Origin header; empty: none.
  std::string content_type = {};
  std::string authorization = {}; ///< The Authorization header.
  std::string body = {};
};

struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
};

/// Who may do what.
struct access {
  /// Needed for everything that changes something; empty: nobody has to show
  /// one, which is only safe on loopback.
  std::string token = {};
  /// Whether the server listens on loopback only. Then a request that names
  /// another host was sent by somebody else's page and is refused.
  bool loopback = true;
};

/// The admin API without a server: looks at trees and breaks them.
///
/// Thread-safe; may block up to a second; not for reactors.
class api {
public:
  api(actor::runtime_ptr rt, std::vector<net::listener_ptr> listeners,
      access rules);

  response handle(const request& req) const;

private:
  response tree(const request& req) const;
  response kill(const request& req) const;
  bool permitted_host(const request& req) const;
  bool permitted_origin(const request& req) const;
  bool permitted_token(const request& req) const;

  actor::runtime_ptr rt_;
  std::vector<net::listener_ptr> listeners_;
  access rules_;
};

} // namespace coppice::admin
