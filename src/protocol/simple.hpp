// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "protocol/line_splitter.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Small protocols that show what a handler can do.
namespace coppice::protocol {

/// Sends back each line once it is complete; the line `stop` closes. A line of
/// more than 64 KiB ends the connection.
class line final : public net::handler {
public:
  void on_data(net::connection& self, std::string_view data) override;

private:
  line_splitter lines_;
};

/// Takes everything and says nothing. Source: RFC 863.
class discard final : public net::handler {
public:
  void on_data(net::connection&, std::string_view) override {
    // nop
  }
};

/// Sends lines of characters for as long as the peer takes them; what the peer
/// sends is not looked at. Source: RFC 864.
class chargen final : public net::handler {
public:
  void on_connect(net::connection& self) override;
  void on_data(net::connection&, std::string_view) override {
    // nop
  }
  void on_writable(net::connection& self) override;

private:
  void fill(net::connection& self);

  std::size_t next_ = 0; // the character that the next line begins with
};

} // namespace coppice::protocol
