#pragma once

#include "admin/children_api.hpp"
#include "admin/event_feed.hpp"
#include "admin/faults_api.hpp"
#include "admin/response.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "journal/journal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coppice::admin {

/// What of an HTTP request the API looks at.
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

/// Who may do what.
struct access {
  /// Needed for everything that changes something; empty: nobody has to show
  /// one, which is only safe on loopback.
  std::string token = {};
  /// Whether the server listens on loopback only. Then a request that names
  /// another host was sent by somebody else's page and is refused.
  bool loopback = true;
  /// Whether faults may be asked for, toxics included. Undoing them is allowed
  /// in any case.
  bool allow_faults = false;
};

/// What the program does beyond its tree. Any thread.
struct operations {
  /// Begins the end of the program, once: as a SIGTERM does, with a drain
  /// timeout of its own if there is one.
  std::function<void(std::optional<std::chrono::milliseconds>)> drain;
  journal::log_ptr log = {}; ///< Null: there is none.
  /// One that sends back what it is sent, so that a `canary` can be its client;
  /// null: there is none.
  net::listener_ptr echo = {};
};

/// The admin API without a server: looks at trees and listeners, breaks them,
/// and operates them.
///
/// Thread-safe; may block up to a second; not for reactors.
class api {
public:
  api(actor::runtime_ptr rt, std::vector<net::listener_ptr> listeners,
      access rules, operations program);

  response handle(const request& req) const;

  /// Says which actor serves it.
  void served_by(std::string path) {
    children_.served_by(std::move(path));
  }

  /// What `GET /events/stream` answers: a feed, or why there is none. The feed
  /// must not outlive this.
  std::variant<response, event_feed> open_feed(const request& req) const;

private:
  std::optional<response> refuse(const request& req) const;
  response tree(const request& req) const;
  response metrics() const;
  response look(const request& req) const;
  response change(const request& req) const;
  response kill(const nlohmann::json& body) const;
  response drain(const nlohmann::json& body) const;
  response set_log(const nlohmann::json& body) const;
  response operate(const std::string& path, const nlohmann::json& body) const;
  response toxics(const request& req) const;
  net::listener* find(std::string_view name) const;
  std::shared_ptr<const canary> find_canary() const;
  bool permitted_host(const request& req) const;
  bool permitted_origin(const request& req) const;
  bool permitted_token(const request& req) const;
  std::optional<response> refuse_change(const request& req) const;
  static bool sends_json(const request& req);

  actor::runtime_ptr rt_;
  std::vector<net::listener_ptr> listeners_;
  access rules_;
  operations program_;
  faults_api faults_;
  children_api children_;
  mutable std::mutex canary_mutex_;
  mutable std::weak_ptr<const canary> canary_; // lives as long as its feeds
  mutable std::mutex limits_mutex_; // so that no change is lost to another
};

} // namespace coppice::admin
