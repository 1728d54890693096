// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/supervision/child_spec.hpp"

#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>

namespace coppice::supervision {

using namespace std::chrono_literals;

shutdown child_spec::effective_shutdown() const {
  if (shutdown)
    return *shutdown;
  return type == child_type::supervisor ? supervision::shutdown::infinity()
                                        : supervision::shutdown::within(5s);
}

dynamic_flags::operator flags() const {
  return {strategy::one_for_one, intensity, period, auto_shutdown::never,
          kill_grace};
}

namespace {

unexpected<spec_error> wrong(std::string code, std::string field,
                             std::string message) {
  return unexpected{
    spec_error{std::move(code), std::move(field), std::move(message)}};
}

} // namespace

expected<void, spec_error> validate(const flags& value) {
  if (value.intensity < 0 || value.intensity > UINT32_MAX)
    return wrong("invalid_intensity", "intensity",
                 "intensity must be between 0 and 4294967295, not "
                   + std::to_string(value.intensity));
  if (value.period < 1s)
    return wrong("invalid_period", "period",
                 "period must be at least one second, not "
                   + std::to_string(value.period.count()));
  if (value.strategy == strategy::simple_one_for_one
      && value.auto_shutdown != auto_shutdown::never)
    return wrong("bad_combination", "auto_shutdown",
                 "a simple_one_for_one supervisor cannot shut itself "
                 "down: auto_shutdown must be never");
  if (value.kill_grace && *value.kill_grace <= 0ms)
    return wrong("invalid_kill_grace", "kill_grace",
                 "kill_grace must be more than 0 ms");
  return {};
}

namespace {

// Source: OTP supervisor, check_childspecs.
expected<void, spec_error> check_significance(const child_spec& spec,
                                              auto_shutdown mode) {
  if (spec.significant && mode == auto_shutdown::never)
    return wrong("bad_combination", "significant",
                 "child \"" + spec.id
                   + "\" cannot be significant under a supervisor whose "
                     "auto_shutdown is never");
  if (spec.significant && spec.restart == restart::permanent)
    return wrong("bad_combination", "significant",
                 "child \"" + spec.id
                   + "\" cannot be both significant and permanent");
  return {};
}

expected<void, spec_error> check_backoff(const child_spec& spec) {
  auto& how = *spec.backoff;
  if (how.initial > 0ms && how.limit >= how.initial && how.factor >= 1
      && how.jitter >= 0 && how.jitter <= 1 && how.quiet >= 0ms)
    return {};
  return wrong("invalid_backoff", "backoff",
               "the backoff of child \"" + spec.id
                 + "\" needs 0 ms < initial <= limit, factor >= 1, "
                   "jitter between 0 and 1, quiet >= 0 ms");
}

expected<void, spec_error> check_budget(const child_spec& spec) {
  if (*spec.intensity < 1 || *spec.intensity > UINT32_MAX)
    return wrong("invalid_intensity", "intensity",
                 "the intensity of child \"" + spec.id
                   + "\" must be between 1 and 4294967295, not "
                   + std::to_string(*spec.intensity));
  if (spec.period < 1s)
    return wrong("invalid_period", "period",
                 "the period of child \"" + spec.id
                   + "\" must be at least one second, not "
                   + std::to_string(spec.period.count()));
  return {};
}

expected<void, spec_error>
check_positive(const child_spec& spec, const char* field,
               const std::optional<std::chrono::milliseconds>& value) {
  if (!value || *value > 0ms)
    return {};
  return wrong(std::string{"invalid_"} + field, field,
               std::string{field} + " of child \"" + spec.id
                 + "\" must be more than 0 ms");
}

} // namespace

expected<void, spec_error> validate(const child_spec& spec,
                                    auto_shutdown mode) {
  if (spec.id.empty())
    return wrong("missing_id", "id", "a child needs an id");
  if (auto checked = check_significance(spec, mode); !checked)
    return checked;
  if (spec.shutdown && spec.shutdown->limit() < 0ms)
    return wrong("invalid_shutdown", "shutdown",
                 "the shutdown of child \"" + spec.id
                   + "\" must not be negative");
  if (spec.intensity)
    if (auto checked = check_budget(spec); !checked)
      return checked;
  if (spec.backoff)
    if (auto checked = check_backoff(spec); !checked)
      return checked;
  if (auto checked = check_positive(spec, "ready_within", spec.ready_within);
      !checked)
    return checked;
  return check_positive(spec, "progress_within", spec.progress_within);
}

expected<void, spec_error> validate_dynamic(const child_spec& spec) {
  if (spec.significant)
    return wrong("invalid_significant", "significant",
                 "child \"" + spec.id
                   + "\" cannot be significant under a dynamic "
                     "supervisor, which never shuts itself down");
  return validate(spec, auto_shutdown::never);
}

expected<void, spec_error> validate(std::span<const child_spec> children,
                                    const flags& value) {
  if (value.strategy == strategy::simple_one_for_one && children.size() != 1)
    return wrong("bad_start_spec", "children",
                 "a simple_one_for_one supervisor takes exactly one "
                 "child, its template, not "
                   + std::to_string(children.size()));
  std::unordered_set<std::string_view> seen;
  for (auto& child : children) {
    if (auto checked = validate(child, value.auto_shutdown); !checked)
      return checked;
    if (!seen.insert(child.id).second)
      return wrong("duplicate_child_name", "id",
                   "two children are called \"" + child.id + "\"");
  }
  return {};
}

std::string_view to_string(strategy value) {
  switch (value) {
  case strategy::one_for_one:
    return "one_for_one";
  case strategy::one_for_all:
    return "one_for_all";
  case strategy::rest_for_one:
    return "rest_for_one";
  case strategy::simple_one_for_one:
    return "simple_one_for_one";
  }
  return {};
}

std::string_view to_string(restart value) {
  switch (value) {
  case restart::permanent:
    return "permanent";
  case restart::transient:
    return "transient";
  case restart::temporary:
    return "temporary";
  }
  return {};
}

std::string_view to_string(child_type value) {
  switch (value) {
  case child_type::worker:
    return "worker";
  case child_type::supervisor:
    return "supervisor";
  }
  return {};
}

std::string_view to_string(auto_shutdown value) {
  switch (value) {
  case auto_shutdown::never:
    return "never";
  case auto_shutdown::any_significant:
    return "any_significant";
  case auto_shutdown::all_significant:
    return "all_significant";
  }
  return {};
}

std::string to_string(const shutdown& value) {
  switch (value.kind()) {
  case shutdown::how::brutal_kill:
    return "brutal_kill";
  case shutdown::how::timeout:
    return std::to_string(value.limit().count());
  case shutdown::how::infinity:
    return "infinity";
  }
  return {};
}

} // namespace coppice::supervision
