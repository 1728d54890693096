// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/behavior_handler.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/net/reactor.hpp"
#include "coppice/testing/tcp_client.hpp"
#include "support/actor_fixture.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coppice::test {

// Has to come before there is an actor system.
inline const bool net_types_are_registered = [] {
  net::register_types();
  return true;
}();

using client = coppice::testing::tcp_client;

/// A handler made of functions; those that are not set do nothing.
class scripted final : public net::handler {
public:
  struct script {
    std::function<void(net::connection&)> connect;
    std::function<void(net::connection&, std::string_view)> data
      = [](auto& self, auto bytes) { self.write(bytes); };
    std::function<void(net::connection&)> writable;
    std::function<void(net::connection&, net::time_limit)> timeout;
    std::function<void(net::connection&, caf::message&)> message;
    std::function<void(net::connection&)> drain;
    std::function<void(net::connection&)> tls;
    std::function<void(net::connection&)> shutdown;
    std::function<void(net::connection&, const supervision::exit_reason&)>
      close;
  };

  explicit scripted(const script& what) : script_(what) {
    // nop
  }

  void on_connect(net::connection& self) override {
    if (script_.connect)
      script_.connect(self);
  }

  void on_data(net::connection& self, std::string_view bytes) override {
    script_.data(self, bytes);
  }

  void on_writable(net::connection& self) override {
    if (script_.writable)
      script_.writable(self);
  }

  void on_timeout(net::connection& self, net::time_limit what) override {
    if (script_.timeout)
      script_.timeout(self, what);
    else
      handler::on_timeout(self, what);
  }

  void on_message(net::connection& self, caf::message& what) override {
    if (script_.message)
      script_.message(self, what);
  }

  void on_tls(net::connection& self) override {
    if (script_.tls)
      script_.tls(self);
  }

  void on_drain(net::connection& self) override {
    if (script_.drain)
      script_.drain(self);
  }

  void on_shutdown(net::connection& self) override {
    if (script_.shutdown)
      script_.shutdown(self);
  }

  void on_close(net::connection& self,
                const supervision::exit_reason& reason) override {
    if (script_.close)
      script_.close(self, reason);
  }

private:
  const script& script_;
};

/// A listener on loopback, in a tree of its own.
class listener_fixture : public actor_fixture {
protected:
  ~listener_fixture() override {
    stop();
  }

  /// Ends the tree and the reactors. Idempotent.
  void stop() {
    if (auto ending = std::move(root)) {
      ending->stop(supervision::exit_reason::shutdown());
      end_of(ending->handle());
    }
    for (auto& reactor : reactors)
      reactor->stop_thread();
  }

  void serve(net::topology how, unsigned acceptors = 1,
             std::int64_t intensity = 1000, net::limits limits = {}) {
    serve(how, acceptors, intensity, limits,
          [this] { return std::make_unique<scripted>(script); });
  }

  void serve_with(net::handler_factory factory) {
    serve(net::topology::linked, 1, 1000, {}, std::move(factory));
  }

  void serve(net::topology how, unsigned acceptors, std::int64_t intensity,
             net::limits limits, net::handler_factory factory) {
    serve({.where = *net::endpoint::parse("127.0.0.1", 0),
           .topology = how,
           .acceptor_intensity = intensity,
           .make_handler = std::move(factory),
           .limits = limits},
          acceptors);
  }

  /// Without a handler in `config`, `script` is one.
  void serve(net::listener_config config, unsigned acceptors = 1) {
    for (unsigned i = 0; i < acceptors; ++i) {
      reactors.push_back(std::make_shared<net::reactor>(system, i));
      reactors.back()->start_thread();
    }
    config.name = "test";
    if (!config.make_handler)
      config.make_handler
        = [this] { return std::make_unique<scripted>(script); };
    listener = std::make_shared<net::listener>(std::move(config), rt, reactors);
    auto result = actor::tree_root::start(rt, "top", {}, {listener->child()});
    ASSERT_TRUE(result) << result.error().message;
    root = *std::move(result);
  }

  client connect() {
    return client{*listener->local()};
  }

  /// Waits until an event of `kind` is published; its description.
  std::string wait_for(observe::event_kind kind) {
    for (auto until = std::chrono::steady_clock::now() + deadline;
         std::chrono::steady_clock::now() < until;) {
      for (auto& ev : new_events())
        if (ev.kind == kind)
          return describe(ev);
      std::this_thread::yield();
    }
    return "no such event";
  }

  observe::node_view node(std::string_view path) {
    auto top = rt->tree.look(std::chrono::steady_clock::now());
    auto* found = find(*top, path);
    EXPECT_NE(found, nullptr) << path;
    return found == nullptr ? observe::node_view{} : *found;
  }

  bool all_running() {
    return running(*rt->tree.look(std::chrono::steady_clock::now()));
  }

  /// What has happened so far and was not read yet, for a failure message.
  std::string history() {
    std::string result;
    for (auto& ev : new_events())
      result += describe(ev) + "\n";
    return result;
  }

  bool wait_until(const std::function<bool()>& what) {
    for (auto until = std::chrono::steady_clock::now() + deadline;
         std::chrono::steady_clock::now() < until;) {
      if (what())
        return true;
      std::this_thread::yield();
    }
    return false;
  }

private:
  static const observe::node_view* find(const observe::node_view& from,
                                        std::string_view path) {
    if (from.path == path)
      return &from;
    for (auto& child : from.children)
      if (auto* found = find(child, path))
        return found;
    return nullptr;
  }

  static bool running(const observe::node_view& from) {
    return from.state == observe::node_state::running
           && std::all_of(from.children.begin(), from.children.end(), running);
  }

protected:
  scripted::script script;
  std::vector<net::reactor_ptr> reactors;
  net::listener_ptr listener;
  std::unique_ptr<actor::tree_root> root;
};

inline constexpr auto acceptor_path
  = "top/listener:test/accepting/acceptors/acceptor:0";

} // namespace coppice::test
