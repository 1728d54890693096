// SPDX-License-Identifier: BSD-3-Clause

#include "lab/stepper.hpp"

#include "lab/story.hpp"

#include <algorithm>

namespace coppice::lab {

stepper::stepper(scenario plan)
    : plan_(std::make_shared<const scenario>(std::move(plan))), world_(plan_) {
  // nop
}

void stepper::forward() {
  world_.play(next());
  ++played_;
}

void stepper::back() {
  if (played_ == 0)
    return;
  world_ = engine_world{plan_};
  auto until = played_ - 1;
  for (played_ = 0; played_ < until;)
    forward();
}

std::vector<started_child> stepper::started_again() const {
  std::vector<started_child> result;
  for (auto& [_, number, what] : world_.moments()) {
    if (number != played_ || what.at("e") != "start" || what.at("n") < 2)
      continue;
    auto answer = what.at("res").get<std::string>();
    auto id = what.at("id").get<std::string>();
    if ((answer == "ok" || answer.starts_with("{ok_extra,"))
        && std::ranges::find(result, id, &started_child::id) == result.end())
      result.push_back({id, what.at("sup").get<std::string>()});
  }
  return result;
}

std::vector<std::string> stepper::to_be_named() const {
  std::vector<std::string> result;
  auto all = started_again();
  for (auto& each : all)
    if (std::ranges::find(all, each.supervisor, &started_child::id)
        == all.end())
      result.push_back(each.id);
  return result;
}

std::string stepper::ending() const {
  auto world = world_;
  world.finish();
  return ending_of(world.moments());
}

} // namespace coppice::lab
