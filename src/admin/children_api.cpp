// SPDX-License-Identifier: BSD-3-Clause

#include "admin/children_api.hpp"

#include "actor/directory.hpp"
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

// Whether the supervisor did what it was asked for.
using outcome = actor::eventual<expected<void, actor::refused>>;

template <class T>
void pass_on(actor::pending<T> from, outcome to) {
  from.then([to](const actor::answer<T>& what) mutable {
    to.set(what.map([](const T&) {}));
  });
}

// The second step is taken however long the first one takes, whether the
// request still waits or not.
outcome stop_and_start_child(const caf::actor& supervisor,
                             const std::string& id) {
  outcome result;
  actor::terminate_child(supervisor, id)
    .then([=](actor::answer<supervision::done> what) mutable {
      if (!what)
        result.set(unexpected{std::move(what.error())});
      else
        pass_on(actor::restart_child(supervisor, id), result);
    });
  return result;
}

outcome stop_child(const caf::actor& supervisor, const std::string& id) {
  outcome result;
  pass_on(actor::terminate_child(supervisor, id), result);
  return result;
}

outcome start_child(const caf::actor& supervisor, const std::string& id) {
  outcome result;
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

std::vector<route> children_api::routes() const {
  auto asks_for = [this](request_kind what) {
    return [this, what](const call& asked) { return change(what, asked.body); };
  };
  return {
    {"POST", "/actors/stop", permission::change, body_kind::object,
     R"({"path": ...} stop a child)", asks_for(request_kind::stop)},
    {"POST", "/actors/start", permission::change, body_kind::object,
     R"({"path": ...} start a stopped one)", asks_for(request_kind::start)},
    {"POST", "/actors/restart", permission::change, body_kind::object,
     R"({"path": ...} stop and start it)", asks_for(request_kind::restart)},
  };
}

response children_api::change(request_kind what, const json& body) const {
  auto i = body.find("path");
  if (body.size() != 1 || i == body.end() || !i->is_string())
    return failure(400, "send an object with the text \"path\"");
  auto path = i->get<std::string>();
  auto parent = observe::parent_of(path);
  if (parent.empty())
    return failure(404, "\"" + path + "\" has no supervisor");
  auto above = rt_->directory.find(parent);
  if (!above || above->type != supervision::child_type::supervisor)
    return failure(404, "there is no supervisor above \"" + path + "\"");
  auto id = path.substr(parent.size() + 1);
  if (what != request_kind::start && would_end_itself(path))
    return failure(409, "\"" + path
                          + "\" is the admin API or above it, so this "
                            "request cannot end it: use POST /kill, or POST "
                            "/drain to end the server");
  auto late = failure(504, "the supervisor of \"" + path
                             + "\" has not finished yet; look at GET /tree");
  auto refusal_of = [&](const actor::refused& no) {
    using supervision::refusal;
    auto missing = no.why == refusal::not_found || no.why == refusal::noproc;
    return failure(missing ? 404 : 409, "\"" + path + "\": " + to_string(no));
  };
  if (what != request_kind::start) {
    // No request for a child that does not exist or that this cannot end.
    auto found = actor::which_child(above->handle, id).get_within(patience);
    if (!found)
      return late;
    auto& child = *found;
    if (!child)
      return refusal_of(child.error());
    if (child->child)
      actor::tell_who_asks(*rt_, path, supervision::exit_reason::shutdown(),
                           asked_here);
  }
  auto* ask = what == request_kind::stop    ? stop_child
              : what == request_kind::start ? start_child
                                            : stop_and_start_child;
  auto became = ask(above->handle, id).get_within(patience);
  if (!became)
    return late;
  if (auto& done = *became; !done)
    return refusal_of(done.error());
  return success({{"path", path}});
}

} // namespace coppice::admin
