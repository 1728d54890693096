// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/echo.hpp"

namespace coppice::protocol {

void echo::on_data(net::connection& self, std::string_view data) {
  auto stop = scanner_.feed(data, [&](auto part) { self.write(part); });
  if (stop)
    self.close();
}

void echo::on_half_close(net::connection& self) {
  self.write(scanner_.held());
  self.close();
}

} // namespace coppice::protocol
