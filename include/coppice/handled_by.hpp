// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/stream.hpp"

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace coppice {

/// Each connection gets a `Handler` of its own, made from copies of `args`.
template <std::derived_from<net::handler> Handler, class... Args>
net::handler_factory handled_by(Args... args) {
  return [args...] { return std::make_unique<Handler>(args...); };
}

/// Each connection is handled by a copy of `fn`, a coroutine:
///
///     coppice::task talk(coppice::stream self) {
///       while (auto line = co_await self.read_line())
///         co_await self.write(*line);
///     }
template <class Function>
requires std::is_invocable_r_v<task, Function, stream> net::handler_factory
handled_by(Function fn) {
  return [fn] { return make_stream_handler(fn); };
}

/// Each connection is handled by a copy of `fn`, which is called with the bytes
/// that came, as `net::handler::on_data` is.
template <class Function>
requires std::invocable<Function&, net::connection&, std::string_view>
  net::handler_factory handled_by(Function fn) {
  class handler final : public net::handler {
  public:
    explicit handler(Function fn) : fn_(std::move(fn)) {
      // nop
    }

    void on_data(net::connection& self, std::string_view data) override {
      fn_(self, data);
    }

  private:
    Function fn_;
  };
  return [fn] { return std::make_unique<handler>(fn); };
}

} // namespace coppice
