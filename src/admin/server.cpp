// SPDX-License-Identifier: BSD-3-Clause

#include "admin/server.hpp"

#include "admin/responses.hpp"
#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "net/listening.hpp"

#include <caf/spawn_options.hpp>
#include <httplib.h>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <variant>

namespace coppice::admin {

using namespace std::chrono_literals;
using supervision::exit_reason;
using supervision::start_failed;

namespace {

constexpr std::size_t max_body_bytes = 64 * 1024;
constexpr std::size_t threads = 4;
// Each takes a thread of its own, so that requests always find a free one.
constexpr std::size_t most_streams = 16;
constexpr int most_unread_bytes = 64 * 1024;

request convert(const httplib::Request& in) {
  request out{in.method, in.path};
  for (auto& [key, value] : in.params)
    out.query.emplace(key, value);
  out.host = in.get_header_value("Host");
  out.origin = in.get_header_value("Origin");
  out.content_type = in.get_header_value("Content-Type");
  out.authorization = in.get_header_value("Authorization");
  out.accept = in.get_header_value("Accept");
  out.fetch_site = in.get_header_value("Sec-Fetch-Site");
  out.last_event_id = in.get_header_value("Last-Event-ID");
  out.body = in.body;
  return out;
}

void send(const response& what, httplib::Response& out) {
  out.status = what.status;
  for (auto& [name, value] : what.headers)
    out.set_header(name, value);
  out.set_content(what.body, what.content_type.c_str());
}

// Sends what `feed` has until the client or the server ends; the end of the
// server interrupts the feed while it waits.
void stream(event_feed feed, std::shared_ptr<std::atomic<std::size_t>> open,
            httplib::Response& out) {
  if (open->fetch_add(1) >= most_streams) {
    open->fetch_sub(1);
    send(failure(503, std::to_string(most_streams)
                        + " event streams are open already; close one"),
         out);
    return;
  }
  out.set_header("Cache-Control", "no-store");
  auto shared = std::make_shared<event_feed>(std::move(feed));
  out.set_chunked_content_provider(
    "text/event-stream",
    [shared](std::size_t, httplib::DataSink& sink) {
      auto text = shared->next();
      // A client that has gone is noticed here at the latest.
      return text.empty() ? sink.is_writable()
                          : sink.write(text.data(), text.size());
    },
    [open](bool) { open->fetch_sub(1); });
}

void configure(httplib::Server& http, const api& what) {
  auto serve = [&what](const httplib::Request& in, httplib::Response& out) {
    send(what.handle(convert(in)), out);
  };
  auto open = std::make_shared<std::atomic<std::size_t>>(0);
  http.Get("/events/stream",
           [&what, open](const httplib::Request& in, httplib::Response& out) {
             auto result = what.open_feed(convert(in));
             if (auto* refused = std::get_if<response>(&result))
               send(*refused, out);
             else
               stream(std::move(std::get<event_feed>(result)), open, out);
           });
  http.Get(".*", serve);
  http.Post(".*", serve);
  http.Put(".*", serve);
  http.Delete(".*", serve);
  http.set_payload_max_length(max_body_bytes);
  // A client that sends nothing for longer is dropped.
  http.set_read_timeout(1s);
  http.set_write_timeout(1s);
  http.set_keep_alive_timeout(1);
  http.set_tcp_nodelay(true); // an answer is two writes
  http.new_task_queue
    = [] { return new httplib::ThreadPool(threads + most_streams); };
  // The library's default, SO_REUSEPORT, would let two servers share a port.
  http.set_socket_options([](int fd) {
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    // Connections inherit it. The kernel would keep megabytes for a stream that
    // is not read, and it would take long until that is noticed.
    int room = most_unread_bytes;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
  });
}

// Owns the HTTP server and its threads.
class server_actor final : public caf::event_based_actor {
public:
  server_actor(caf::actor_config& cfg, actor::runtime_ptr rt,
               std::shared_ptr<server> owner,
               std::unique_ptr<httplib::Server> http)
      : caf::event_based_actor(cfg),
        rt_(std::move(rt)),
        owner_(std::move(owner)),
        http_(std::move(http)),
        thread_([this] {
          http_->listen_after_bind();
          finished_ = true;
        }) {
    // A server that does not run yet could not be stopped.
    while (!http_->is_running() && !finished_)
      std::this_thread::sleep_for(1ms);
  }

  ~server_actor() override {
    stop();
  }

  const char* name() const override {
    return "coppice.admin";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](caf::message&) {
      // nop: requests come by HTTP
    }};
  }

  void on_exit() override {
    stop();
  }

private:
  void stop() {
    http_->stop();
    // A stream that is about to wait for events may miss the first call.
    while (!finished_) {
      rt_->events.interrupt();
      std::this_thread::sleep_for(1ms);
    }
    if (thread_.joinable())
      thread_.join();
  }

  actor::runtime_ptr rt_;
  std::shared_ptr<server> owner_; // the threads use its API
  std::unique_ptr<httplib::Server> http_;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

} // namespace

server::server(net::endpoint where, actor::runtime_ptr rt,
               std::vector<net::listener_ptr> listeners, access rules,
               operations program)
    : where_(where),
      api_(std::move(rt), std::move(listeners),
           access{std::move(rules.token), where.loopback(), rules.allow_faults},
           std::move(program)),
      port_(where.port()) {
  // nop
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
  // The library does not say why it cannot bind; our own function does.
  auto trial = net::listen_on(*net::endpoint::parse(where_.address(), port_));
  open_error_ = trial.message;
  if (!trial.port)
    return start_failed{exit_reason::abnormal(open_error_)};
  trial.port.reset();
  auto http = std::make_unique<httplib::Server>();
  configure(*http, api_);
  auto address = where_.address();
  auto port = port_ == 0 ? http->bind_to_any_port(address.c_str())
              : http->bind_to_port(address.c_str(), port_) ? int{port_}
                                                           : -1;
  if (port < 0) {
    open_error_ = "cannot listen on " + to_string(where_);
    return start_failed{exit_reason::abnormal(open_error_)};
  }
  port_ = static_cast<std::uint16_t>(port);
  return actor::running{
    // A thread of its own, since its end waits for clients that are slow.
    args.rt->system.spawn<server_actor, caf::detached>(
      args.rt, shared_from_this(), std::move(http))};
}

std::string server::url() const {
  std::lock_guard guard{mutex_};
  return "http://" + to_string(*net::endpoint::parse(where_.address(), port_));
}

std::string server::open_error() const {
  std::lock_guard guard{mutex_};
  return open_error_;
}

} // namespace coppice::admin
