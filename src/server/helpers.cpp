// SPDX-License-Identifier: BSD-3-Clause

#include "server/helpers.hpp"

#include <chrono>
#include <utility>

namespace coppice {

using namespace std::chrono_literals;

namespace {

void give_budget(supervision::child_spec& spec) {
  spec.intensity = 15;
  spec.period = 5s;
  spec.backoff = supervision::backoff{
    .initial = 20ms, .limit = 200ms, .factor = 2, .jitter = 0, .quiet = 5s};
}

} // namespace

actor::child_spec helpers_child(std::vector<actor::child_spec> helpers) {
  for (auto& each : helpers)
    give_budget(each.spec);
  auto result = actor::supervisor_child("helpers", {}, std::move(helpers));
  give_budget(result.spec);
  return result;
}

} // namespace coppice
