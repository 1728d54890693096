// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/protocols.hpp"

#include "protocol/chat.hpp"
#include "protocol/echo.hpp"
#include "protocol/simple.hpp"

#include <array>
#include <memory>

namespace coppice::protocol {

namespace {

template <class T>
net::handler_factory make() {
  return [] { return std::make_unique<T>(); };
}

struct known_protocol {
  const char* name;
  net::handler_factory (*make)();
};

constexpr std::array all{
  known_protocol{"echo", make<echo>},
  known_protocol{"line", make<line>},
  known_protocol{"discard", make<discard>},
  known_protocol{"chargen", make<chargen>},
  known_protocol{"chat", make_chat},
};

} // namespace

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (auto& known : all)
    result.emplace_back(known.name);
  return result;
}

bool echoes_lines(std::string_view name) {
  return name == "echo" || name == "line";
}

net::handler_factory find(std::string_view name) {
  for (auto& known : all)
    if (known.name == name)
      return known.make();
  return {};
}

} // namespace coppice::protocol
