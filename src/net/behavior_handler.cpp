// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/behavior_handler.hpp"

#include "actor/caf/actors.hpp"
#include "coppice/net/connection.hpp"

#include <caf/message.hpp>

#include <memory>
#include <utility>

namespace coppice::net {

namespace {

class behavior_handler final : public handler {
public:
  explicit behavior_handler(behavior_function fn) : make_(std::move(fn)) {
    // nop
  }

  void on_connect(connection& self) override {
    behavior_ = make_(self);
  }

  void on_data(connection&, std::string_view data) override {
    tell(received{std::string{data}});
  }

  void on_writable(connection&) override {
    tell(writable{});
  }

  void on_timeout(connection& self, time_limit limit) override {
    if (!tell(timed_out{limit}))
      handler::on_timeout(self, limit);
  }

  void on_tls(connection&) override {
    tell(secured{});
  }

  void on_message(connection&, caf::message& msg) override {
    behavior_(msg);
  }

  void on_half_close(connection& self) override {
    if (!tell(half_closed{}))
      handler::on_half_close(self);
  }

  void on_drain(connection&) override {
    tell(draining{});
  }

  void on_shutdown(connection&) override {
    tell(shutting_down{});
  }

  void on_close(connection&, const supervision::exit_reason& reason) override {
    tell(closed{reason});
  }

private:
  // Returns whether the behavior took it; there is none if making it failed.
  template <class T>
  bool tell(T what) {
    if (!behavior_)
      return false;
    auto msg = caf::make_message(std::move(what));
    return static_cast<bool>(behavior_(msg));
  }

  behavior_function make_;
  caf::behavior behavior_;
};

} // namespace

handler_factory from_behavior(behavior_function fn) {
  return
    [fn = std::move(fn)] { return std::make_unique<behavior_handler>(fn); };
}

void register_types() {
  [[maybe_unused]] static const bool once = [] {
    actor::register_block<caf::id_block::coppice_net>();
    return true;
  }();
}

} // namespace coppice::net
