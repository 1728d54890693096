#include "coppice/protocol/protocols.hpp"

#include "coppice/protocol/echo.hpp"
#include "coppice/protocol/simple.hpp"

#include <utility>

namespace coppice::protocol {

namespace {

template <class T>
std::unique_ptr<net::handler> make() {
  return std::make_unique<T>();
}

const std::vector<std::pair<std::string, net::handler_factory>>& all() {
  static const std::vector<std::pair<std::string, net::handler_factory>> result{
    {"echo", make<echo>},
    {"line", make<line>},
    {"discard", make<discard>},
    {"chargen", make<chargen>},
  };
  return result;
}

} // namespace

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (auto& [name, _] : all())
    result.push_back(name);
  return result;
}

net::handler_factory find(std::string_view name) {
  for (auto& [known, factory] : all())
    if (known == name)
      return factory;
  return {};
}

} // namespace coppice::protocol
