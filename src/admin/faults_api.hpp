// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/route.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"

#include <nlohmann/json_fwd.hpp>

#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// Whether a DELETE of `/faults/POINT` means the point of that name alone, in
/// which `*` stands for itself: `?exact=true`.
bool is_exact(const request& req);

/// The part of the API that injects faults: at fault points, and into actors.
/// Thread-safe.
class faults_api {
public:
  /// `allowed` is what GET /faults shows; the routes say what needs it.
  faults_api(actor::runtime_ptr rt, net::listener_set listeners, bool allowed);

  std::vector<route> routes() const;

private:
  response list() const;
  response show(const std::string& name) const;
  response disarm(const std::string& pattern, bool exact) const;
  response heal_all() const;
  bool suspend(const std::string& path, bool on) const;
  response arm(const std::string& name, const nlohmann::json& body) const;
  response reseed(const nlohmann::json& body) const;
  response strike(const std::string& what, const nlohmann::json& body) const;
  response strike_actor(const std::string& what, const std::string& path,
                        std::size_t count) const;
  response stall(const nlohmann::json& body) const;
  response kill_random(const std::string& path) const;
  response arm_for(const std::string& point, const std::string& path,
                   const std::string& term) const;
  void tell(observe::event_kind kind, std::string path,
            std::string detail = {}) const;

  actor::runtime_ptr rt_;
  net::listener_set listeners_;
  bool allowed_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> suspended_; // guarded by mutex_
  mutable std::set<std::string> burning_;   // guarded by mutex_
  mutable std::mt19937_64 chance_;          // guarded by mutex_
};

} // namespace coppice::admin
