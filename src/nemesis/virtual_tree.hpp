// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/virtual_time.hpp"
#include "coppice/actor/runtime.hpp"
#include "nemesis/aim.hpp"
#include "nemesis/run.hpp"

#include <map>
#include <set>

namespace coppice::nemesis {

/// Time that stands still until a run waits; see `actor::virtual_time`.
class virtual_clock final : public clock {
public:
  explicit virtual_clock(actor::virtual_time& time);

  std::chrono::milliseconds now() override;
  bool wait_until(std::chrono::milliseconds when) override;

private:
  actor::virtual_time& time_;
  supervision::time_point start_;
};

/// Strikes a tree of this process, which need not be a server's. What only a
/// listener has, toxics, reactors to stall and files to read again, is refused.
class tree_striker final : public striker {
public:
  /// `clock` has to be the run's.
  tree_striker(actor::runtime_ptr rt, clock& clock);

  answer strike(const moment& what) override;
  expected<void, std::string> heal() override;

private:
  answer undo(const moment& what);
  answer arm(const std::string& point, const std::string& term);
  answer strike_actor(const moment& what, const std::string& path);
  std::vector<target> look() const;
  void settle();

  actor::runtime_ptr rt_;
  clock& clock_;
  aim aim_;
  // The actors that were struck, by step and turn, to be able to undo it.
  std::map<std::pair<std::size_t, std::uint64_t>, std::string> struck_;
  std::set<std::string> armed_;
  std::set<std::string> suspended_;
};

} // namespace coppice::nemesis
