// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/access.hpp"
#include "admin/children_api.hpp"
#include "admin/event_feed.hpp"
#include "admin/faults_api.hpp"
#include "admin/health.hpp"
#include "admin/leases.hpp"
#include "admin/listeners_api.hpp"
#include "admin/request.hpp"
#include "admin/response.hpp"
#include "admin/route.hpp"
#include "admin/upgrade.hpp"
#include "admin/worker_pool.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/expected.hpp"
#include "coppice/net/listener.hpp"
#include "journal/journal.hpp"
#include "net/listener_set.hpp"

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

namespace prometheus {
struct MetricFamily;
} // namespace prometheus

namespace coppice::admin {

/// What the program does beyond its tree. Any thread.
struct operations {
  /// Begins the end of the program, once, as a SIGTERM does; with this drain
  /// timeout if there is one.
  std::function<void(std::optional<std::chrono::milliseconds>)> drain;
  /// Reads again what is read from files while it runs, as a SIGHUP does. Says
  /// what it did, or why nothing has changed.
  std::function<expected<std::string, std::string>()> reload = {};
  /// Its functions are there all or not at all.
  upgrade_operations upgrade = {};
  journal::log_ptr log = {};       ///< Null: there is none.
  journal::recorder_ptr file = {}; ///< The same.
  /// A listener that echoes, so that a `canary` can be its client. May be null,
  /// or return null: there is none.
  std::function<net::listener_ptr()> echo = {};
  /// Answers `GET /lab` and, with a name, `GET /lab/NAME`, with this query;
  /// null: there is no laboratory.
  std::function<response(const std::string& name,
                         const std::map<std::string, std::string>& query)>
    laboratory = {};
};

/// The admin API without a server: looks at trees and listeners, changes them,
/// and breaks them.
///
/// Thread-safe; may block for some seconds unless a function says otherwise;
/// not for reactors.
class api {
public:
  api(actor::runtime_ptr rt, net::listener_set listeners, access rules,
      operations program);

  api(const api&) = delete;
  api& operator=(const api&) = delete;

  response handle(const request& req) const;

  /// What is answered whatever the body is: that the request is refused, or
  /// what may be done at its path. Nothing if the body has to be read first.
  /// Never blocks.
  std::optional<response> by_head(const request& req) const;

  /// The workers that are to handle a request.
  lane lane_of(const request& req) const;

  /// To be called about once a second, for `GET /livez`. Never blocks.
  void look_after_health() const {
    health_.look();
  }

  /// Says which actor serves it.
  void served_by(std::string path) {
    children_.served_by(std::move(path));
  }

  /// What it has counted, for the process that replaces this one: see
  /// `counters_text`. Waits for no other process.
  std::string counters() const;

  /// What GET and HEAD of `/events/stream` answer: a feed, or why there is
  /// none. The feed must not outlive this.
  expected<event_feed, response> open_feed(const request& req) const;

private:
  std::vector<route> own_routes() const;
  std::vector<route> all_routes() const;
  response pass_to(const route& to, const request& req,
                   std::vector<std::string> names) const;
  response on_lease(const route& to, const call& asked) const;
  response clear(const route& to, const call& asked) const;
  response arm(const route& to, const call& asked,
               const std::string* lease) const;
  void undo(const request& req) const;
  response unroutable(const request& req) const;
  response tree(const request& req) const;
  response metrics() const;
  std::vector<prometheus::MetricFamily> all_metrics(bool asks_earlier) const;
  response kill(const nlohmann::json& body) const;
  response signal(const nlohmann::json& body, const std::string& path) const;
  response drain(const nlohmann::json& body) const;
  response reload() const;
  response log_level() const;
  response set_log_level(const nlohmann::json& body) const;
  std::shared_ptr<const canary> find_canary() const;

  actor::runtime_ptr rt_;
  net::listener_set listeners_;
  access_check access_;
  operations program_;
  faults_api faults_;
  children_api children_;
  listeners_api listeners_api_;
  mutable health health_;
  std::vector<route> routes_;
  mutable leases leases_; // the last to use the others, and so the first to go
  mutable std::mutex canary_mutex_;
  mutable std::weak_ptr<const canary> canary_; // lives as long as its feeds
};

} // namespace coppice::admin
