#include "coppice/supervision/child_spec.hpp"

#include <unordered_set>

namespace coppice::supervision {

using namespace std::chrono_literals;

shutdown child_spec::effective_shutdown() const {
  if (shutdown)
    return *shutdown;
  return type == child_type::supervisor ? supervision::shutdown::infinity()
                                        : supervision::shutdown::within(5s);
}

std::optional<spec_error> validate(const flags& value) {
  if (value.intensity < 0 || value.intensity > UINT32_MAX)
    return spec_error{"invalid_intensity", "intensity",
                      "intensity must be between 0 and 4294967295, not "
                        + std::to_string(value.intensity)};
  if (value.period < 1s)
    return spec_error{"invalid_period", "period",
                      "period must be at least one second, not "
                        + std::to_string(value.period.count())};
  if (value.strategy == strategy::simple_one_for_one
      && value.auto_shutdown != auto_shutdown::never)
    return spec_error{"bad_combination", "auto_shutdown",
                      "a simple_one_for_one supervisor cannot shut itself "
                      "down: auto_shutdown must be never"};
  return {};
}

std::optional<spec_error> validate(const child_spec& spec, auto_shutdown mode) {
  if (spec.id.empty())
    return spec_error{"missing_id", "id", "a child needs an id"};
  if (spec.significant && mode == auto_shutdown::never)
    return spec_error{"bad_combination", "significant",
                      "child \"" + spec.id
                        + "\" cannot be significant under a supervisor whose "
                          "auto_shutdown is never"};
  if (spec.significant && spec.restart == restart::permanent)
    return spec_error{"bad_combination", "significant",
                      "child \"" + spec.id
                        + "\" cannot be both significant and permanent"};
  if (spec.shutdown && spec.shutdown->limit() < 0ms)
    return spec_error{"invalid_shutdown", "shutdown",
                      "the shutdown of child \"" + spec.id
                        + "\" must not be negative"};
  return {};
}

std::optional<spec_error> validate(std::span<const child_spec> children,
                                   const flags& value) {
  if (value.strategy == strategy::simple_one_for_one && children.size() != 1)
    return spec_error{"bad_start_spec", "children",
                      "a simple_one_for_one supervisor takes exactly one "
                      "child, its template, not "
                        + std::to_string(children.size())};
  std::unordered_set<std::string_view> seen;
  for (auto& child : children) {
    if (auto err = validate(child, value.auto_shutdown))
      return err;
    if (!seen.insert(child.id).second)
      return spec_error{"duplicate_child_name", "id",
                        "two children are called \"" + child.id + "\""};
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
