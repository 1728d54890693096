// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/fault/site.hpp"
#include "coppice/fault/term.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::fault {

/// Why points are not armed.
struct arm_error {
  enum class code {
    unknown_point, ///< No point matches the pattern.
    not_allowed,   ///< The term would abort a process that must not be.
    not_known,     ///< A point that matches cannot do what the term says.
    too_many,      ///< Points have been armed for too many patterns of paths.
  };
  code why;
  std::string pattern; ///< Or the name of the point that cannot.
  /// Names like the one that is unknown, the most alike first; may be empty.
  std::vector<std::string> near = {};
  /// Of `not_known`: what it cannot do, and what it can.
  action_kind action = action_kind::off;
  action_set actions = action_set::all();
};

/// `no fault point is named net.rcv; near: net.recv`
std::string to_string(const arm_error& error);

/// The fault points of one actor system: arms them, lists them, counts.
///
/// Under one seed, points that are armed in the same way decide in the same way
/// at their n-th hit, whatever other points and threads do meanwhile.
///
/// Thread-safe. It must outlive its points; no thread may be blocked in one
/// when it is destroyed.
class registry {
public:
  struct settings {
    /// Unset is a random one.
    std::optional<std::uint64_t> seed = {};
    /// Whether terms may `abort`: for processes that are a test's own.
    bool allow_abort = false;
    /// Called for each fault that fires, on the thread that hit the point and
    /// before the code at the point acts on it. Must neither block nor throw.
    fire_hook on_fire = {};
  };

  registry();
  explicit registry(settings config);
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  /// What the points called `name` share, made when the first one is declared;
  /// that one's description stays. `point` calls it.
  ///
  /// Throws std::invalid_argument if `name` is empty or has a character other
  /// than letters, digits and `_.:/-`.
  site& declare(std::string_view name, std::string_view description,
                action_set actions, place where);

  /// The same for points that things at paths share; `path_point` calls it.
  /// They are armed for all by NAME, for some by NAME:PATTERN.
  path_site& declare_for_paths(std::string_view name,
                               std::string_view description, action_set actions,
                               place where);

  // -- seed -------------------------------------------------------------------

  std::uint64_t seed() const;

  /// For terms that are armed from now on. They decide as if no term had been
  /// armed before.
  void reseed(std::uint64_t seed);

  // -- arming -----------------------------------------------------------------

  /// Arms the points that match `pattern`; another term of theirs goes. Points
  /// have to be declared by then, so that a misspelt name does not pass for a
  /// fault that does nothing. If one of them cannot do what the term says, none
  /// is armed. Returns the names of the points, in order.
  [[nodiscard]] expected<std::vector<std::string>, arm_error>
  arm(std::string_view pattern, const term& what);

  /// Arms the points that match a rule: those that are declared, and others as
  /// soon as they are. For plans that are made before the points are.
  [[nodiscard]] expected<void, arm_error> arm(const plan& rules);

  /// The rules of plans that have not met a point yet.
  std::vector<arm_error> unmet() const;

  /// Disarms the points that match, and forgets rules whose pattern does, seen
  /// as a name. Threads blocked in them continue. Returns how many were armed.
  std::size_t disarm(std::string_view pattern = "*");

  /// The same for the one point of this name, in which `*` stands for itself:
  /// points of paths may be called so.
  std::size_t disarm_one(std::string_view name);

  // -- looking ----------------------------------------------------------------

  /// All points, by name.
  std::vector<point_info> list() const;

  /// Of all points that match.
  std::uint64_t fires(std::string_view pattern) const;

private:
  site& add(std::string_view name, std::string_view description,
            action_set actions, place where);
  std::vector<site*> matching(std::string_view pattern);
  path_site* owner_of(std::string_view pattern);
  expected<void, arm_error> make_site_for(std::string_view pattern,
                                          const term& what);
  expected<void, arm_error> prepare(std::string_view pattern, const term& what);
  std::vector<std::string> arm_matching(std::string_view pattern,
                                        const term& what);
  template <class Means>
  std::size_t disarm_if(Means means);
  arm_error unknown(std::string_view pattern) const;
  static expected<void, arm_error> check_able(const std::vector<site*>& points,
                                              const term& what);

  const bool allow_abort_;
  const fire_hook on_fire_;

  mutable std::mutex mutex_; // taken before a site's
  // All guarded by mutex_:
  std::uint64_t seed_;
  std::map<std::string, site, std::less<>> sites_;
  std::map<std::string, path_site, std::less<>> path_sites_;
  plan rules_;
  std::size_t patterns_ = 0; // of paths
};

/// Keeps points armed for as long as it lives.
class armed_for {
public:
  /// Arms the points that match `pattern` with `text`, a term. Throws
  /// std::invalid_argument, which says why, if it is none or is refused.
  armed_for(registry& owner, std::string_view pattern, std::string_view text);

  /// Disarms them, even if they were armed again meanwhile.
  ~armed_for();

  armed_for(const armed_for&) = delete;
  armed_for& operator=(const armed_for&) = delete;

  /// How often they have fired since.
  std::uint64_t fires() const;

  bool fired() const {
    return fires() > 0;
  }

private:
  registry& owner_;
  std::string pattern_;
  std::uint64_t fires_before_;
};

} // namespace coppice::fault
