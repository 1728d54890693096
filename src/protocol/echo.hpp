// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "protocol/stop_scanner.hpp"

namespace coppice::protocol {

/// Sends back every byte, until a line `stop` closes the connection.
class echo final : public net::handler {
public:
  void on_data(net::connection& self, std::string_view data) override;
  void on_half_close(net::connection& self) override;

private:
  stop_scanner scanner_;
};

} // namespace coppice::protocol
