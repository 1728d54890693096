// SPDX-License-Identifier: BSD-3-Clause

#include "lab/scenario.hpp"
#include "fault/names.hpp"
#include "lab/file_text.hpp"
#include "lab/json_node.hpp"
#include "lab/json_place.hpp"
#include "lab/scenario_names.hpp"
#include "lab/term.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::lab {

using namespace supervision;

namespace {

auto_shutdown read_auto_shutdown(const json_node& node) {
  return node.one_of<auto_shutdown>({
    {"never", auto_shutdown::never},
    {"any_significant", auto_shutdown::any_significant},
    {"all_significant", auto_shutdown::all_significant},
  });
}

// Unknown flags are ignored, as OTP does; but not those that are misspelt.
void refuse_misspelt_flags(const json_node& node) {
  constexpr std::array<std::string_view, 4> known{"strategy", "intensity",
                                                  "period", "auto_shutdown"};
  for (auto& [key, _] : node.json().items())
    if (std::ranges::find(known, key) == known.end())
      if (auto meant = fault::did_you_mean(key, known); !meant.empty())
        node.at(key).fail_found("there is no flag \"" + key + "\"" + meant);
}

flags read_flags(const json_node& node) {
  flags result;
  if (!node.json().is_object())
    node.fail("an object");
  else
    refuse_misspelt_flags(node);
  if (node.has("strategy"))
    result.strategy = node.at("strategy")
                        .one_of<strategy>({
                          {"one_for_one", strategy::one_for_one},
                          {"one_for_all", strategy::one_for_all},
                          {"rest_for_one", strategy::rest_for_one},
                          {"simple_one_for_one", strategy::simple_one_for_one},
                        });
  if (node.has("intensity"))
    result.intensity = node.at("intensity").integer(any_integer);
  if (node.has("period"))
    result.period = std::chrono::seconds{
      node.at("period").integer(any_integer, longest_ms / 1000)};
  if (node.has("auto_shutdown"))
    result.auto_shutdown = read_auto_shutdown(node.at("auto_shutdown"));
  return result;
}

shutdown read_shutdown(const json_node& node) {
  if (node.json() == "infinity")
    return shutdown::infinity();
  if (node.json() == "brutal_kill")
    return shutdown::brutal_kill();
  if (!node.json().is_number_integer()) {
    node.fail("milliseconds, \"infinity\" or \"brutal_kill\"");
    return shutdown::infinity();
  }
  return shutdown::within(
    std::chrono::milliseconds{node.integer(any_integer, longest_ms)});
}

// R of {error,R}: what is thrown or returned counts as what it says.
std::optional<std::string> error_in(const nlohmann::json& value) {
  std::vector<nlohmann::json> elements;
  if (value.is_array())
    std::copy_if(value.begin(), value.end(), std::back_inserter(elements),
                 [](auto& element) { return element != "$tuple"; });
  if (elements.size() != 2 || elements[0] != "error")
    return {};
  return term(elements[1]);
}

start_plan read_start(const json_node& node) {
  using result = start_plan::result;
  if (node.json() == "ok")
    return {{}, result::ok};
  if (node.json() == "ignore")
    return {{}, result::ignore};
  if (node.has("during")) {
    node.allow_only({"during", "then"});
    auto during = read_steps(node.at("during"));
    auto plan = read_start(node.at("then"));
    plan.during.insert(plan.during.begin(), during.begin(), during.end());
    return plan;
  }
  for (auto [key, what] : {std::pair{"ok", result::ok_info},
                           {"error", result::error},
                           {"exit", result::exit},
                           {"throw", result::thrown},
                           {"raise", result::raise},
                           {"value", result::value},
                           {"init_exit", result::init_exit}})
    if (node.has(key)) {
      node.allow_only({key});
      auto found = node.at(key);
      auto& value = found.json();
      auto says = what == result::thrown || what == result::value;
      return {{}, what, term(value), says ? error_in(value) : std::nullopt};
    }
  node.fail("\"ok\", \"ignore\" or an object with one of ok, error, exit, "
            "throw, raise, value, init_exit, during");
  return {};
}

shutdown_plan read_shutdown_plan(const json_node& node) {
  using answer = shutdown_plan::answer;
  if (node.json() == "comply")
    return {};
  if (node.json() == "ignore")
    return {answer::ignore};
  if (node.has("exit"))
    return {answer::exit, read_reason(node.at("exit"))};
  if (node.has("delay_ms"))
    return {answer::delay, exit_reason::shutdown(),
            node.at("delay_ms").millis()};
  node.fail("\"comply\", \"ignore\", {\"exit\": reason} or "
            "{\"delay_ms\": milliseconds}");
  return {};
}

std::vector<child_def> read_children(const json_node& node) {
  std::vector<child_def> result;
  for (auto& element : node.elements())
    result.push_back(read_child(element));
  return result;
}

bool read_init(const json_node& node) {
  if (!node.has("init_returns"))
    return false;
  auto value = node.at("init_returns");
  if (value.json() != "ignore")
    value.fail("\"ignore\"");
  return true;
}

supervisor_def read_supervisor(const json_node& node) {
  supervisor_def result;
  result.id = node.at("id").word();
  if (node.has("flags"))
    result.flags = read_flags(node.at("flags"));
  result.children = read_children(node.at("children"));
  result.init_ignores = read_init(node);
  return result;
}

void read_spec(const json_node& node, child_def& result) {
  auto& spec = result.spec;
  spec.id = node.at("id").word();
  spec.type = result.nested ? child_type::supervisor : child_type::worker;
  if (node.has("restart"))
    spec.restart = node.at("restart").one_of<restart>({
      {"permanent", restart::permanent},
      {"transient", restart::transient},
      {"temporary", restart::temporary},
    });
  if (node.has("shutdown"))
    spec.shutdown = read_shutdown(node.at("shutdown"));
  if (node.has("type"))
    spec.type = node.at("type").one_of<child_type>({
      {"worker", child_type::worker},
      {"supervisor", child_type::supervisor},
    });
  if (node.has("significant"))
    spec.significant = node.at("significant").boolean();
  if (node.has("intensity"))
    spec.intensity = node.at("intensity").integer(any_integer);
  if (node.has("period"))
    spec.period = std::chrono::seconds{
      node.at("period").integer(any_integer, longest_ms / 1000)};
}

// -- the whole ----------------------------------------------------------------

scenario read_whole(const json_node& node) {
  node.allow_only({"name", "about", "supervisor", "steps"});
  scenario result;
  result.name = node.at("name").word();
  if (node.has("about"))
    result.about = node.at("about").word();
  auto top = node.at("supervisor");
  top.allow_only({"id", "flags", "children", "init_returns", "type", "restart",
                  "shutdown", "significant"});
  result.top = read_supervisor(top);
  result.steps = read_steps(node.at("steps"));
  if (!node.failed())
    check_names(result, node);
  return result;
}

} // namespace

child_def read_child(const json_node& node) {
  child_def result;
  if (node.has("children")) {
    node.allow_only({"id", "restart", "shutdown", "type", "significant",
                     "intensity", "period", "starts", "flags", "children",
                     "init_returns"});
    result.nested
      = std::make_shared<const supervisor_def>(read_supervisor(node));
  } else {
    node.allow_only({"id", "restart", "shutdown", "type", "significant",
                     "intensity", "period", "starts", "trap_exit",
                     "on_shutdown"});
  }
  read_spec(node, result);
  if (node.has("starts"))
    for (auto& element : node.at("starts").elements())
      result.starts.push_back(read_start(element));
  if (result.starts.empty())
    result.starts.emplace_back();
  if (node.has("trap_exit"))
    result.trap_exit = node.at("trap_exit").boolean();
  if (node.has("on_shutdown"))
    result.on_shutdown = read_shutdown_plan(node.at("on_shutdown"));
  return result;
}

const start_plan& child_def::plan(std::size_t n) const {
  return starts[std::min(n, starts.size()) - 1];
}

namespace {

bool any_is_beyond_otp(const std::vector<child_def>& children);

bool any_is_beyond_otp(const std::vector<step>& steps);

bool is_beyond_otp(const child_def& what) {
  return what.spec.intensity
         || std::ranges::any_of(
           what.starts,
           [](auto& each) { return any_is_beyond_otp(each.during); })
         || (what.nested && any_is_beyond_otp(what.nested->children));
}

bool any_is_beyond_otp(const std::vector<child_def>& children) {
  return std::ranges::any_of(
    children, [](const child_def& each) { return is_beyond_otp(each); });
}

bool any_is_beyond_otp(const std::vector<step>& steps) {
  return std::ranges::any_of(steps, [](const step& each) {
    return each.spec && is_beyond_otp(*each.spec);
  });
}

} // namespace

bool is_beyond_otp(const scenario& what) {
  return any_is_beyond_otp(what.top.children) || any_is_beyond_otp(what.steps);
}

std::string to_string(const scenario_error& error) {
  auto result = error.file;
  if (error.place)
    result += ":" + std::to_string(error.place->line) + ":"
              + std::to_string(error.place->column);
  if (!error.path.empty())
    result += ": " + error.path;
  return result + ": " + error.message;
}

expected<scenario, scenario_error> read_scenario(const nlohmann::json& value,
                                                 const std::string& file) {
  return read_nodes(value, file, read_whole);
}

expected<scenario, scenario_error> parse_scenario(std::string_view text,
                                                  const std::string& file) {
  return parse_json(text, file)
    .and_then(
      [&](const nlohmann::json& value) { return read_scenario(value, file); })
    .map_error(
      [&](scenario_error error) { return with_place(std::move(error), text); });
}

expected<scenario, scenario_error> load_scenario(const std::string& file) {
  return read_text(file).and_then(
    [&](const std::string& text) { return parse_scenario(text, file); });
}

expected<nlohmann::json, scenario_error> load_json(const std::string& file) {
  return read_text(file).and_then(
    [&](const std::string& text) { return parse_json(text, file); });
}

} // namespace coppice::lab
