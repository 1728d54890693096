// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/handler.hpp"

#include "coppice/net/connection.hpp"

namespace coppice::net {

using supervision::exit_reason;

void handler::on_half_close(connection& self) {
  self.close();
}

void handler::on_timeout(connection& self, time_limit limit) {
  self.abort(exit_reason::shutdown(std::string{to_string(limit)} + "_timeout"));
}

std::string_view to_string(time_limit value) {
  switch (value) {
  case time_limit::first_byte:
    return "first_byte";
  case time_limit::idle:
    return "idle";
  case time_limit::send:
    return "send";
  case time_limit::lifetime:
    return "lifetime";
  case time_limit::proxy_header:
    return "proxy_header";
  case time_limit::handshake:
    return "handshake";
  }
  return {};
}

} // namespace coppice::net
