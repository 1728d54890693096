#pragma once

#include "admin/response.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"

#include <nlohmann/json_fwd.hpp>

#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The part of the API that asks for faults: at points, and by path.
/// Thread-safe.
class faults_api {
public:
  /// Unless `allowed`, faults can be looked at and undone, but not asked for.
  faults_api(actor::runtime_ptr rt,
             const std::vector<net::listener_ptr>& listeners, bool allowed);

  /// Whether `path` is one of its own.
  static bool serves(std::string_view path);

  response look(const std::string& path) const;

  /// A POST or PUT; `body` is an object.
  response change(std::string_view method, const std::string& path,
                  const nlohmann::json& body) const;

  /// A DELETE. That of /faults resumes whoever is suspended, and spares those
  /// whose budget burns.
  response heal(const std::string& path) const;

private:
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
  const std::vector<net::listener_ptr>& listeners_;
  bool allowed_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> suspended_; // guarded by mutex_
  mutable std::set<std::string> burning_;   // guarded by mutex_
  mutable std::mt19937_64 chance_;          // guarded by mutex_
};

} // namespace coppice::admin
