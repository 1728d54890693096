#include "coppice/admin/children_api.hpp"

#include "coppice/actor/request.hpp"
#include "responses.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace coppice::admin {

using nlohmann::json;

namespace {

constexpr std::string_view stop_path = "/actors/stop";
constexpr std::string_view start_path = "/actors/start";
constexpr std::string_view restart_path = "/actors/restart";

// Nothing: it was done.
template <class T>
std::optional<response> failed(actor::pending<T> asked,
                               const std::string& path) {
  using supervision::refusal;
  auto answer = asked.get_within(children_api::patience);
  if (!answer)
    return failure(504, "the supervisor of \"" + path
                          + "\" has not finished yet; look at GET /tree");
  auto* no = std::get_if<actor::refused>(&*answer);
  if (no == nullptr)
    return {};
  auto missing = no->why == refusal::not_found || no->why == refusal::noproc;
  return failure(missing ? 404 : 409, "\"" + path + "\": " + to_string(*no));
}

} // namespace

children_api::children_api(actor::runtime_ptr rt) : rt_(std::move(rt)) {
  // nop
}

bool children_api::serves(std::string_view path) {
  return path == stop_path || path == start_path || path == restart_path;
}

response children_api::change(std::string_view what, const json& body) const {
  auto i = body.find("path");
  if (body.size() != 1 || i == body.end() || !i->is_string())
    return failure(400, "send an object with the text \"path\"");
  auto path = i->get<std::string>();
  auto slash = path.rfind('/');
  if (slash == path.npos)
    return failure(404, "nobody supervises \"" + path + "\"");
  auto above = rt_->directory.find(path.substr(0, slash));
  if (!above || above->type != supervision::child_type::supervisor)
    return failure(404, "there is no supervisor above \"" + path + "\"");
  auto id = path.substr(slash + 1);
  if (what != start_path)
    if (auto no = failed(actor::terminate_child(above->handle, id), path))
      return *no;
  if (what != stop_path)
    if (auto no = failed(actor::restart_child(above->handle, id), path))
      return *no;
  return answer({{"path", path}});
}

} // namespace coppice::admin
