// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/measurements.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The Content-Type of what `write` gives: Prometheus's text format.
inline constexpr std::string_view metrics_type
  = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of docs/reference/metrics.md. Every metric is there from the
/// start, as zero if nothing has happened yet, so that its first rise is seen.
std::vector<prometheus::MetricFamily> to_metrics(const measurements& what);

std::string write(const std::vector<prometheus::MetricFamily>& metrics);

} // namespace coppice::admin
