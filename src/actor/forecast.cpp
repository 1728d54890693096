// SPDX-License-Identifier: BSD-3-Clause

#include "actor/forecast.hpp"

#include "actor/directory.hpp"
#include "actor/messages.hpp"
#include "actor/supervisor.hpp"
#include "coppice/actor/deliver.hpp"

#include <utility>

namespace coppice::actor {

std::optional<eventual<std::optional<supervision::forecast>>>
foresee(const runtime& rt, std::string_view path, supervision::incident what) {
  auto found = rt.directory.find(path);
  if (!found)
    return {};
  // Others that stand for a supervisor in the tree have no engine to ask.
  auto* asked = dynamic_cast<supervisor*>(
    caf::actor_cast<caf::abstract_actor*>(found->handle));
  if (asked == nullptr)
    return {};
  eventual<std::optional<supervision::forecast>> result;
  deliver(found->handle, forecast_message{std::move(what), result});
  return result;
}

} // namespace coppice::actor
