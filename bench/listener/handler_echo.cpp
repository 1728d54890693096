// SPDX-License-Identifier: BSD-3-Clause
//
// Echo as a class and as a coroutine: `handler-echo class|coroutine [PORT]`.

#include "coppice/server.hpp"

#include <string_view>

namespace {

class echo final : public coppice::handler {
public:
  void on_data(coppice::connection& self, std::string_view data) override {
    self.write(data);
  }
};

coppice::task talk(coppice::stream self) {
  while (auto data = co_await self.read())
    co_await self.write(*data);
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2)
    return 2;
  auto coroutine = std::string_view{argv[1]} == "coroutine";
  return coppice::server{{.name = "echo",
                          .handler = coroutine ? coppice::handled_by(talk)
                                               : coppice::handled_by<echo>()}}
    .run(argc - 1, argv + 1);
}
