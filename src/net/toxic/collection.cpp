// SPDX-License-Identifier: BSD-3-Clause

#include "net/toxic/collection.hpp"

#include "net/toxic/shared_line.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace coppice::net {

namespace {

using kind = toxic_refusal::kind;

std::string named(std::string_view name, toxic_collection::target connection) {
  auto text = "toxic called \"" + std::string{name} + "\"";
  return connection ? text + " on connection " + std::to_string(*connection)
                    : text;
}

// Null unless it has one. A toxic that is changed gets another, since what was
// to be sent on the old one is timed again.
std::shared_ptr<shared_line> line_for(const toxic_effect& what) {
  auto* bandwidth = std::get_if<bandwidth_toxic>(&what);
  return bandwidth != nullptr && bandwidth->shared != 0
           ? std::make_shared<shared_line>()
           : nullptr;
}

unexpected<toxic_refusal> refused(kind why, std::string message) {
  return unexpected{toxic_refusal{why, std::move(message)}};
}

} // namespace

toxic_collection::toxic_collection()
    : list_(std::make_shared<const toxic_list>()) {
  // nop
}

std::shared_ptr<const toxic_list> toxic_collection::list() const {
  std::lock_guard guard{mutex_};
  return list_;
}

void toxic_collection::set(toxic_list value) {
  empty_ = value.empty();
  list_ = std::make_shared<const toxic_list>(std::move(value));
}

placed_toxic* toxic_collection::find(toxic_list& all, std::string_view name,
                                     target connection) {
  auto found = std::find_if(all.begin(), all.end(), [&](auto& placed) {
    return placed.what.name == name && placed.connection == connection;
  });
  return found == all.end() ? nullptr : &*found;
}

toxic_collection::result toxic_collection::add(toxic& what, target connection) {
  if (auto completed = complete(what); !completed)
    return refused(kind::invalid, std::move(completed.error()));
  if (connection && takes_listener_down(what))
    return refused(kind::invalid,
                   "down is for a listener, not for one connection");
  std::lock_guard guard{mutex_};
  auto all = *list_;
  if (find(all, what.name, connection) != nullptr)
    return refused(kind::taken,
                   "there is a " + named(what.name, connection) + " already");
  all.push_back({what, ++last_number_, 0, connection, line_for(what.effect)});
  set(std::move(all));
  return {};
}

toxic_collection::result toxic_collection::update(toxic what,
                                                  target connection) {
  if (auto completed = complete(what); !completed)
    return refused(kind::invalid, std::move(completed.error()));
  std::lock_guard guard{mutex_};
  auto all = *list_;
  auto* found = find(all, what.name, connection);
  if (found == nullptr)
    return refused(kind::unknown,
                   "there is no " + named(what.name, connection));
  if (found->what.effect.index() != what.effect.index()
      || found->what.stream != what.stream)
    return refused(kind::invalid, "a toxic keeps its type and stream");
  found->what = std::move(what);
  found->revision = ++last_number_;
  found->line = line_for(found->what.effect);
  set(std::move(all));
  return {};
}

toxic_collection::result toxic_collection::remove(std::string_view name,
                                                  target connection) {
  std::lock_guard guard{mutex_};
  auto all = *list_;
  auto* found = find(all, name, connection);
  if (found == nullptr)
    return refused(kind::unknown, "there is no " + named(name, connection));
  all.erase(all.begin() + (found - all.data()));
  set(std::move(all));
  return {};
}

void toxic_collection::clear(target connection) {
  std::lock_guard guard{mutex_};
  auto all = *list_;
  if (std::erase_if(all,
                    [&](auto& placed) {
                      return !connection || placed.connection == connection;
                    })
      > 0)
    set(std::move(all));
}

} // namespace coppice::net
