// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "nemesis/schedule.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace coppice::nemesis {

/// Where a run takes its time from: real or virtual.
class clock {
public:
  virtual ~clock() = default;

  /// Since the run began.
  virtual std::chrono::milliseconds now() = 0;

  /// Lets time pass until then; false if the run is to end at once.
  virtual bool wait_until(std::chrono::milliseconds when) = 0;
};

/// What came of an action.
struct answer {
  enum class kind {
    done,
    spared,  ///< By intent: no restart was left.
    missed,  ///< There was no target, or the server was away.
    refused, ///< It will never be done; the run ends.
  };
  kind what = kind::done;
  std::string text = {}; ///< What was struck, or why nothing was.
};

std::string_view to_string(answer::kind value);

/// Carries actions out: by HTTP, or within the process.
class striker {
public:
  virtual ~striker() = default;

  virtual answer strike(const moment& what) = 0;

  /// Undoes all that is not undone, and looks whether the tree is well again.
  /// The error is what is wrong.
  virtual expected<void, std::string> heal() = 0;
};

struct entry {
  std::chrono::milliseconds at{0}; ///< When it was really done.
  nemesis::moment moment;
  nemesis::answer answer;
};

/// What a run did.
struct run_log {
  std::vector<entry> entries = {};
  bool interrupted = false;
  std::string refused = {}; ///< Why it ended early, if that was it.
  expected<void, std::string> healed = {};
  std::chrono::milliseconds healed_at{0};
};

/// Carries out a schedule. It always heals at its end, also when it is
/// interrupted or `strike` throws.
class run {
public:
  using observer = std::function<void(const entry&)>;

  run(clock& clock, striker& striker, observer observe = {});

  /// `before_healing` is called once the last action is done.
  run_log play(const std::vector<moment>& moments,
               std::chrono::milliseconds duration,
               const std::function<void()>& before_healing = {});

private:
  void strike(const moment& what, run_log& into);
  void heal(run_log& into);

  clock& clock_;
  striker& striker_;
  observer observe_;
};

/// The steps that were never carried out though they came, and why.
std::vector<std::string> never_done(const run_log& log);

} // namespace coppice::nemesis
