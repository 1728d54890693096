#include "coppice/actor/forecast.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/actor/supervisor.hpp"
#include "coppice/observe/path.hpp"

#include <string>

namespace coppice::actor {

std::optional<eventual<std::optional<supervision::forecast>>>
foresee(const runtime& rt, std::string_view path,
        const supervision::exit_reason& reason) {
  auto parent = observe::parent_of(path);
  if (parent.empty())
    return {};
  auto found = rt.directory.find(parent);
  if (!found)
    return {};
  // Others that stand for a supervisor in the tree have no engine to ask.
  auto* asked = dynamic_cast<supervisor*>(
    caf::actor_cast<caf::abstract_actor*>(found->handle));
  if (asked == nullptr)
    return {};
  eventual<std::optional<supervision::forecast>> result;
  deliver(found->handle,
          forecast_message{std::string{path.substr(parent.size() + 1)}, reason,
                           result});
  return result;
}

} // namespace coppice::actor
