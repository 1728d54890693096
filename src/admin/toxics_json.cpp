// SPDX-License-Identifier: BSD-3-Clause

#include "admin/toxics_json.hpp"

#include "fault/names.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace coppice::admin {

using json = nlohmann::json;

namespace {

constexpr std::array keys{"name",     "type",       "stream",
                          "toxicity", "attributes", "connection"};

expected<void, std::string> check_keys(const json& from) {
  for (auto& [key, value] : from.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return unexpected{
        "a toxic has name, type, stream, toxicity, attributes and "
        "connection, not \""
        + key + "\"" + fault::did_you_mean(key, keys)};
  return {};
}

// A text, unless it is not there.
expected<void, std::string> read_text(const json& from, const char* key,
                                      std::string& into) {
  auto found = from.find(key);
  if (found == from.end())
    return {};
  if (!found->is_string())
    return unexpected{std::string{key} + " has to be a text"};
  into = found->get<std::string>();
  return {};
}

expected<void, std::string> read_type(const json& from, net::toxic& into) {
  std::string type;
  if (auto read = read_text(from, "type", type); !read)
    return read;
  auto effect = net::parse_toxic_type(type);
  if (!effect)
    return unexpected{"type has to be one of " + net::toxic_types()
                      + fault::did_you_mean(type, net::toxic_type_names())};
  into.effect = *effect;
  return {};
}

expected<void, std::string> read_stream(const json& from, net::toxic& into) {
  std::string text{to_string(into.stream)};
  if (auto read = read_text(from, "stream", text); !read)
    return read;
  auto stream = net::parse_toxic_stream(text);
  if (!stream)
    return unexpected<std::string>{"stream has to be upstream or downstream"};
  into.stream = *stream;
  return {};
}

expected<void, std::string> read_attributes(const json& from,
                                            net::toxic_effect& into) {
  auto found = from.find("attributes");
  if (found == from.end())
    return {};
  if (!found->is_object())
    return unexpected<std::string>{
      "attributes have to be an object of numbers"};
  for (auto& [key, value] : found->items()) {
    if (!value.is_number_integer())
      return unexpected{"attribute " + key + " has to be a whole number"};
    auto too_large
      = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    auto number = too_large ? INT64_MAX : value.get<std::int64_t>();
    if (auto set = set_attribute(into, key, number); !set)
      return set;
  }
  return {};
}

expected<void, std::string> read_settings(const json& from, net::toxic& into) {
  if (auto found = from.find("toxicity"); found != from.end()) {
    if (!found->is_number())
      return unexpected<std::string>{"toxicity has to be a number from 0 to 1"};
    into.toxicity = found->get<double>();
  }
  if (auto read = read_attributes(from, into.effect); !read)
    return read;
  return complete(into);
}

} // namespace

json to_json(const net::placed_toxic& what) {
  json values = json::object();
  for (auto& [name, value] : attributes(what.what.effect))
    values[std::string{name}] = value;
  json result{{"name", what.what.name},
              {"type", type_of(what.what.effect)},
              {"stream", to_string(what.what.stream)},
              {"toxicity", what.what.toxicity},
              {"attributes", std::move(values)}};
  if (what.connection)
    result["connection"] = *what.connection;
  return result;
}

expected<void, std::string> read_toxic(const json& from, net::toxic& into) {
  if (auto known = check_keys(from); !known)
    return known;
  if (auto read = read_type(from, into); !read)
    return read;
  if (auto read = read_stream(from, into); !read)
    return read;
  if (auto read = read_text(from, "name", into.name); !read)
    return read;
  return read_settings(from, into);
}

expected<void, std::string> change_toxic(const json& from, net::toxic& into) {
  if (auto known = check_keys(from); !known)
    return known;
  auto as_it_is = [&](const char* key, std::string_view value) {
    return !from.contains(key) || from[key] == value;
  };
  if (!as_it_is("name", into.name) || !as_it_is("type", type_of(into.effect))
      || !as_it_is("stream", to_string(into.stream)))
    return unexpected<std::string>{
      "a toxic keeps its name, type and stream; remove it and add another"};
  return read_settings(from, into);
}

} // namespace coppice::admin
