// SPDX-License-Identifier: BSD-3-Clause

#include "admin/server.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/listening.hpp"

#include <caf/actor_addr.hpp>
#include <caf/event_based_actor.hpp>

#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>
#include <variant>

namespace coppice::admin {

using supervision::exit_reason;
using supervision::start_failed;

namespace {

// Stands for the port in the tree.
class server_actor final : public caf::event_based_actor {
public:
  server_actor(caf::actor_config& cfg, std::shared_ptr<server> owner,
               std::shared_ptr<http_port> port)
      : caf::event_based_actor(cfg),
        owner_(std::move(owner)),
        port_(std::move(port)) {
    // nop
  }

  const char* name() const override {
    return "coppice.admin";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](caf::message&) {
      // nop: requests arrive over HTTP
    }};
  }

  void on_exit() override {
    port_->close();
  }

private:
  std::shared_ptr<server> owner_; // the port uses its API
  std::shared_ptr<http_port> port_;
};

net::tls_context_ptr
context_of(const std::optional<net::tls_settings>& settings) {
  if (!settings)
    return nullptr;
  auto made = net::tls_context::make(*settings);
  if (!made)
    throw std::runtime_error{"the admin API: " + made.error()};
  return *std::move(made);
}

std::shared_ptr<const http_service>
service_of(const api& what, std::function<net::tls_context_ptr()> tls) {
  auto answer
    = [&what](const request& req) -> std::variant<response, event_feed> {
    constexpr auto stream_path = "/events/stream";
    if ((req.method != "GET" && req.method != "HEAD")
        || req.path != stream_path)
      return what.handle(req);
    auto feed = what.open_feed(req);
    if (!feed)
      return std::move(feed.error());
    return *std::move(feed);
  };
  return std::make_shared<const http_service>(http_service{
    .refuse = [&what](const request& req) { return what.by_head(req); },
    .lane_of = [&what](const request& req) { return what.lane_of(req); },
    .answer = answer,
    .each_second = [&what] { what.look_after_health(); },
    .tls = std::move(tls),
  });
}

} // namespace

server::server(net::endpoint where, actor::runtime_ptr rt,
               net::listener_set listeners, access rules, operations program,
               std::optional<net::tls_settings> tls)
    : rt_(std::move(rt)),
      tls_(context_of(tls)),
      where_(where),
      api_(rt_, std::move(listeners),
           on(where, std::move(rules), tls.has_value()), std::move(program)),
      local_(where) {
  // nop
}

access server::on(const net::endpoint& where, access rules, bool tls) {
  rules.loopback = where.loopback();
  rules.tls = tls;
  return rules;
}

actor::child_spec server::child() {
  auto start = [self = shared_from_this()](const actor::start_args& args) {
    return self->start(args);
  };
  return {{.id = "admin"}, std::move(start)};
}

actor::start_result server::start(const actor::start_args& args) {
  std::lock_guard guard{mutex_};
  api_.served_by(args.path);
  path_ = args.path;
  if (port_)
    port_->end(); // that of the actor before; its port is ours
  auto opened = open();
  open_error_ = opened ? std::string{} : opened.error().message;
  if (!opened)
    return start_failed{exit_reason::abnormal(open_error_)};
  auto local = (*opened)->local();
  caf::actor self;
  try {
    if (!workers_)
      workers_ = std::make_unique<worker_pool>();
    listening_ = *opened;
    port_ = std::make_shared<http_port>(
      args.rt, *std::move(opened), service_of(api_, [this] { return tls(); }),
      *workers_);
    self = args.rt->system.spawn<server_actor>(shared_from_this(), port_);
    auto begin = [port = port_, address = self.address()] {
      port->start([address](auto why) {
        if (auto to = caf::actor_cast<caf::actor>(address))
          actor::signal_exit(to, exit_reason::abnormal(std::move(why)));
      });
    };
    if (held_)
      begin_ = begin;
    else
      begin();
    local_ = local; // the port, if the kernel picked it
    return actor::running{self};
  } catch (const std::exception& problem) {
    if (self)
      actor::signal_kill(self);
    port_.reset();
    open_error_ = std::string{"cannot run: "} + problem.what();
    return start_failed{exit_reason::abnormal(open_error_)};
  }
}

net::open_result server::open() const {
  if (socket_)
    return net::adopt({*socket_});
  if (shared_)
    return net::adopt({shared_.fd()});
  return net::listen_on(local_);
}

void server::hold() {
  std::lock_guard guard{mutex_};
  held_ = true;
}

void server::release() {
  std::lock_guard guard{mutex_};
  held_ = false;
  if (auto begin = std::exchange(begin_, nullptr))
    begin();
}

void server::retire() {
  std::lock_guard guard{mutex_};
  held_ = true;
  if (port_)
    port_->close(true);
}

std::optional<net::socket> server::share() {
  std::lock_guard guard{mutex_};
  auto port = listening_.lock();
  if (!port || socket_)
    return {};
  auto result = std::move(port->copies().front());
  shared_ = std::move(port->copies().front());
  port->share(true);
  return result;
}

void server::use_shared(net::socket sock) {
  std::lock_guard guard{mutex_};
  shared_ = std::move(sock);
}

void server::own_alone() {
  std::lock_guard guard{mutex_};
  shared_ = net::socket{};
  if (auto port = listening_.lock(); port && !socket_)
    port->share(false);
}

std::string server::url() const {
  std::lock_guard guard{mutex_};
  auto* scheme = local_.is_unix() ? "" : tls() ? "https://" : "http://";
  return scheme + to_string(local_);
}

std::string server::open_error() const {
  std::lock_guard guard{mutex_};
  return open_error_;
}

std::string server::path() const {
  std::lock_guard guard{mutex_};
  return path_;
}

net::tls_context_ptr server::tls() const {
  std::lock_guard guard{tls_mutex_};
  return tls_;
}

expected<void, std::string> server::reload_certificates() {
  auto before = tls();
  if (!before)
    return {};
  auto fresh = net::tls_context::make(before->settings(), before);
  auto publish = [&](observe::event_kind kind, std::string detail) {
    rt_->events.publish(
      {.kind = kind, .path = path(), .detail = std::move(detail)});
  };
  if (!fresh) {
    publish(observe::event_kind::certificates_refused, fresh.error());
    return unexpected{std::move(fresh.error())};
  }
  {
    std::lock_guard guard{tls_mutex_};
    tls_ = *std::move(fresh);
  }
  publish(observe::event_kind::certificates_loaded,
          "1 is in force; connections that are open keep theirs");
  return {};
}

} // namespace coppice::admin
