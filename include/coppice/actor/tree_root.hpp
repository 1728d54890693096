// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/expected.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::actor {

/// A supervision tree as its owner sees it.
class tree_root {
public:
  /// Why a tree did not start.
  struct start_error {
    std::string message; ///< For a person.
    /// If something is wrong with a specification; nothing was started then.
    std::optional<supervision::spec_error> spec = {};
    /// If there is a tree of that name: its root, null while it starts.
    std::optional<caf::actor> already_started = {};
  };

  using result = expected<std::unique_ptr<tree_root>, start_error>;

  /// Starts a supervisor named `id` with `children` and waits until all of
  /// them are up. On failure nothing is left running. Specifications and flags
  /// are looked at first, those of nested supervisors included.
  ///
  /// A tree has its name from the beginning of its start until its root is
  /// down: starting another one meanwhile fails with `already_started`.
  /// Source: OTP supervisor, start_link/3.
  ///
  /// Blocks; must not be called from an actor. In virtual time, it runs the
  /// actors itself; that nothing more happens there is an error, too.
  ///
  /// Once `call_off` is asked to stop, the start fails, children that are up
  /// are stopped first, and none is waited for that may take long to be up.
  static result start(runtime_ptr rt, std::string id, supervision::flags flags,
                      std::vector<child_spec> children,
                      std::stop_token call_off = {});

  /// The tree whose root is the supervisor `handle` at `path`, be it a child of
  /// another one.
  tree_root(runtime_ptr rt, caf::actor handle, std::string path);

  /// Asks the tree to end with `reason`, children first. Any thread.
  void stop(const supervision::exit_reason& reason);

  /// Calls `fn` once, on any thread, when the root has ended.
  void on_end(std::function<void(supervision::exit_reason)> fn);

  /// The paths of actors that have not ended, each the last of its branch: what
  /// a stop that takes too long waits for.
  std::vector<std::string> still_there() const;

  /// The paths of actors that were given up as unkillable and live on.
  std::vector<std::string> left_behind() const;

  const caf::actor& handle() const noexcept {
    return handle_;
  }

private:
  runtime_ptr rt_;
  caf::actor handle_;
  std::string path_;
};

/// Ends the actor at `path` as if it had failed with `reason`, or kills it if
/// there is none; a supervisor ends its children first unless it is killed.
/// Returns whether there is such an actor. Any thread.
///
/// Unless `on_behalf` is empty, an event says who asked for it, and is the
/// cause of those that follow from it.
bool crash(runtime& rt, std::string_view path,
           const std::optional<supervision::exit_reason>& reason,
           std::string_view on_behalf = {});

/// Publishes the event of `crash`, for code that ends an actor in another way.
void tell_who_asks(runtime& rt, std::string_view path,
                   const std::optional<supervision::exit_reason>& reason,
                   std::string_view on_behalf);

} // namespace coppice::actor
