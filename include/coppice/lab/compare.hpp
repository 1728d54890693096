#pragma once

#include "coppice/lab/scenario.hpp"
#include "coppice/lab/trace.hpp"

#include <optional>
#include <string>

namespace coppice::lab {

/// Where two traces part.
struct difference {
  std::string sup;
  /// Position among the events of that supervisor, from 0.
  std::size_t index = 0;
  /// Unset where a trace has ended.
  std::optional<trace_event> expected;
  std::optional<trace_event> actual;
};

std::string to_string(const difference& what);

/// The first difference between two traces of `plan`, or nothing.
///
/// The events of each supervisor are compared on their own, because those of
/// two processes are only partially ordered. Left out: progress, died and call,
/// and free text. Under simple_one_for_one the order of signals in a row, and
/// of downs in a row, does not count.
std::optional<difference> compare(const trace& expected, const trace& actual,
                                  const scenario& plan);

} // namespace coppice::lab
