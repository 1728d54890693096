// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace prometheus {
struct MetricFamily;
} // namespace prometheus

/// What a process has counted goes on in the one that replaces it.
namespace coppice::admin {

/// The counters and histograms among `metrics`, but for those of the machine,
/// and `listeners` as `GET /listeners` shows them; for `add_counters`.
std::string counters_text(const std::vector<prometheus::MetricFamily>& metrics,
                          const nlohmann::json& listeners);

/// Adds what an earlier process has counted to `metrics`, by name and labels.
/// `text` is what `counters_text` made; nothing happens if it is not.
void add_counters(const std::string& text,
                  std::vector<prometheus::MetricFamily>& metrics);

/// The same for a listener as `GET /listeners` shows it.
void add_counters(const std::string& text, nlohmann::json& listener);

} // namespace coppice::admin
