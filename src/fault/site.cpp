// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/site.hpp"

#include "fault/evaluation.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

namespace coppice::fault {

namespace {

// How the sources' own folder is written, which is up to the build: `../`
// before Meson 1.12, and in a unit of several, their whole path; since then a
// path without `..`, too. It is what comes before the name of this file.
constexpr std::string_view sources() {
  std::string_view own = __FILE__;
  constexpr std::string_view name = "src/fault/site.cpp";
  return own.ends_with(name) ? own.substr(0, own.size() - name.size()) : "";
}

std::string text_of(const place& where) {
  constexpr std::string_view up = "../";
  std::string_view file = where.file;
  if (!sources().empty() && file.starts_with(sources()))
    file.remove_prefix(sources().size());
  else if (auto last = file.rfind(up); last != file.npos)
    file.remove_prefix(last + up.size());
  return std::string{file} + ":" + std::to_string(where.line);
}

} // namespace

site::site(std::string name, std::string description, action_set actions,
           place where, const fire_hook& on_fire)
    : name_(std::move(name)),
      description_(std::move(description)),
      actions_(actions),
      where_(where),
      on_fire_(on_fire) {
  // nop
}

site::~site() = default;

site& site::unarmable() {
  static const fire_hook nobody;
  static site result{{}, {}, action_set::all(), place::current(), nobody};
  return result;
}

std::optional<decision> site::hit(bool* decided) {
  std::unique_lock guard{mutex_};
  if (!evaluation_)
    return std::nullopt;
  ++hits_;
  auto* what = evaluation_->next();
  if (decided != nullptr)
    *decided = what != nullptr;
  if (what == nullptr || what->kind == action_kind::off)
    return std::nullopt;
  decision result{*what, this, arming_};
  auto number = ++fires_;
  guard.unlock();
  if (on_fire_)
    result.event = on_fire_({name_, result, number});
  if (result.kind == action_kind::abort)
    std::abort();
  if (result.kind == action_kind::log)
    return std::nullopt;
  return result;
}

bool site::holds(const decision& what) const {
  std::lock_guard guard{mutex_};
  return arming_ == what.arming;
}

void site::block(const decision& what) {
  auto over = [&] { return arming_ != what.arming; };
  std::unique_lock guard{mutex_};
  if (what.time)
    changed_.wait_for(guard, *what.time, over);
  else
    changed_.wait(guard, over);
}

void site::apply(const decision& what) {
  switch (what.kind) {
  case action_kind::exception:
    throw injected{what.text};
  case action_kind::error:
    throw std::system_error{what.error_code, std::generic_category(), name_};
  case action_kind::delay:
  case action_kind::hang:
    return block(what);
  case action_kind::off:
  case action_kind::log:
  case action_kind::abort:
    return;
  case action_kind::return_value:
  case action_kind::exit:
  case action_kind::kill:
  case action_kind::drop:
  case action_kind::dup:
    throw std::logic_error{"the fault point " + name_ + " cannot "
                           + to_string(what)};
  }
}

void site::arm(const term& what, std::uint64_t seed) {
  std::lock_guard guard{mutex_};
  become(std::make_unique<evaluation>(what, seed, name_, armings_++));
}

bool site::disarm() {
  std::lock_guard guard{mutex_};
  auto was_armed = evaluation_ != nullptr;
  become(nullptr);
  return was_armed;
}

void site::become(std::unique_ptr<evaluation> next) {
  evaluation_ = std::move(next);
  armed_.store(evaluation_ != nullptr, std::memory_order_relaxed);
  ++arming_;
  changed_.notify_all();
}

void site::forget_armings() {
  std::lock_guard guard{mutex_};
  armings_ = 0;
}

point_info site::info() const {
  std::lock_guard guard{mutex_};
  return {name_,
          description_,
          text_of(where_),
          actions_,
          evaluation_ ? to_string(evaluation_->what()) : std::string{},
          hits_,
          fires_,
          evaluation_ && evaluation_->used_up()};
}

} // namespace coppice::fault
