#include "admin/children_api.hpp"

#include "admin/responses.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/tree_root.hpp"
#include "observe/path.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace coppice::admin {

using nlohmann::json;

namespace {

constexpr std::string_view stop_path = "/actors/stop";
constexpr std::string_view start_path = "/actors/start";
constexpr std::string_view restart_path = "/actors/restart";

// What became of it, or nothing so far.
using outcome = actor::eventual<std::optional<actor::refused>>;

template <class T>
std::optional<actor::refused> refusal_in(const actor::answer<T>& what) {
  auto* no = std::get_if<actor::refused>(&what);
  return no == nullptr ? std::nullopt : std::optional{*no};
}

template <class T>
void pass_on(actor::pending<T> from, outcome to) {
  from.then([to](actor::answer<T> what) mutable { to.set(refusal_in(what)); });
}

// The second step is taken however long the first one takes, and whether
// somebody still waits or not.
outcome restart(const caf::actor& supervisor, const std::string& id) {
  outcome result;
  actor::terminate_child(supervisor, id)
    .then([=](actor::answer<supervision::done> what) mutable {
      if (auto no = refusal_in(what))
        result.set(std::move(no));
      else
        pass_on(actor::restart_child(supervisor, id), result);
    });
  return result;
}

outcome give(std::string_view what, const caf::actor& supervisor,
             const std::string& id) {
  if (what == restart_path)
    return restart(supervisor, id);
  outcome result;
  if (what == stop_path)
    pass_on(actor::terminate_child(supervisor, id), result);
  else
    pass_on(actor::restart_child(supervisor, id), result);
  return result;
}

} // namespace

children_api::children_api(actor::runtime_ptr rt) : rt_(std::move(rt)) {
  // nop
}

void children_api::served_by(std::string path) {
  std::lock_guard guard{mutex_};
  self_ = std::move(path);
}

bool children_api::would_end_itself(std::string_view path) const {
  std::lock_guard guard{mutex_};
  return self_ == path || self_.starts_with(std::string{path} + "/");
}

bool children_api::serves(std::string_view path) {
  return path == stop_path || path == start_path || path == restart_path;
}

response children_api::change(std::string_view what, const json& body) const {
  auto i = body.find("path");
  if (body.size() != 1 || i == body.end() || !i->is_string())
    return failure(400, "send an object with the text \"path\"");
  auto path = i->get<std::string>();
  auto parent = observe::parent_of(path);
  if (parent.empty())
    return failure(404, "nobody supervises \"" + path + "\"");
  auto above = rt_->directory.find(parent);
  if (!above || above->type != supervision::child_type::supervisor)
    return failure(404, "there is no supervisor above \"" + path + "\"");
  auto id = path.substr(parent.size() + 1);
  if (what != start_path && would_end_itself(path))
    return failure(409, "\"" + path
                          + "\" is what answers here, or above it: "
                            "POST /kill ends it, and POST /drain the "
                            "server");
  if (what != start_path)
    actor::tell_who_asks(*rt_, path, supervision::exit_reason::shutdown(),
                         asked_here);
  auto became = give(what, above->handle, id).get_within(patience);
  if (!became)
    return failure(504, "the supervisor of \"" + path
                          + "\" has not finished yet; look at GET /tree");
  if (auto& no = *became) {
    using supervision::refusal;
    auto missing = no->why == refusal::not_found || no->why == refusal::noproc;
    return failure(missing ? 404 : 409, "\"" + path + "\": " + to_string(*no));
  }
  return success({{"path", path}});
}

} // namespace coppice::admin
