// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/expected.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice {

/// A key of a configuration file, with its value as text.
struct config_key {
  std::string value;
  /// Whether a new value is put in force without closing the port.
  bool live = false;

  bool operator==(const config_key&) const = default;
};

/// By name; what has no key there has its default.
using config_keys = std::map<std::string, config_key>;

/// Keys whose values are not the same, or that one of the two does not have.
std::set<std::string> differing(const config_keys& before,
                                const config_keys& after);

/// A listener of a server.
struct listener_plan {
  net::listener_config config;
  unsigned acceptors = 1; ///< >= 1
  std::chrono::milliseconds drain_timeout{0};
  std::chrono::milliseconds drain_delay{0};
  /// It sends back each line but this one, which closes the connection; empty:
  /// it does not.
  std::string echoes_until = {};
  config_keys keys = {}; ///< Empty unless a file describes it.
};

/// The listeners of a server, and the reactors that they share. For one thread,
/// but for the sets.
class listener_group {
public:
  struct member {
    listener_plan plan;
    net::listener_ptr listener;
  };

  explicit listener_group(actor::runtime_ptr rt) : rt_(std::move(rt)) {
    // nop
  }

  /// Makes a listener, and the reactors that it needs. Throws
  /// `std::runtime_error` if its certificates are of no use, and
  /// `std::system_error` if descriptors or threads are used up.
  void add(listener_plan plan);

  const std::vector<member>& members() const noexcept {
    return members_;
  }

  /// The same, for any thread.
  const net::listener_set& set() const noexcept {
    return set_;
  }

  /// Those of them that echo, for any thread.
  const net::listener_set& echoing() const noexcept {
    return echoing_;
  }

  std::vector<net::reactor_ptr>& reactors() noexcept {
    return reactors_;
  }

  /// Makes the group what `fresh` says, below the supervisor `root`: starts,
  /// ends and changes what differs, and nothing else. Says what it did, a line
  /// each. The error says what could not be done; then everything is as it was,
  /// but for the connections of listeners that were to be removed or opened
  /// anew. Blocks until all of it is done.
  expected<std::vector<std::string>, std::string>
  become(std::vector<listener_plan> fresh, const caf::actor& root);

private:
  struct transition;

  member* find(std::string_view name);
  void show(const member& what);
  void hide(std::string_view name);
  member make(listener_plan plan);
  void start_reactor();
  expected<void, std::string> start(const member& what, const caf::actor& root);
  static std::string end(const member& what, const caf::actor& root);
  void revive(const member& ended, const caf::actor& root);
  static void read_certificates(const member& of, const listener_plan& plan,
                                transition& todo);
  transition prepare(std::vector<listener_plan> fresh);
  expected<void, std::string> replace(transition& todo, const caf::actor& root);
  void put(member what, transition& done);
  void change(listener_plan plan, transition& done);

  actor::runtime_ptr rt_;
  std::vector<net::reactor_ptr> reactors_;
  std::vector<member> members_;
  net::listener_set set_;
  net::listener_set echoing_;
};

} // namespace coppice
