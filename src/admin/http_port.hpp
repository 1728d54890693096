// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/event_feed.hpp"
#include "admin/http_connection.hpp"
#include "admin/request.hpp"
#include "admin/response.hpp"
#include "admin/stream_pump.hpp"
#include "admin/worker_pool.hpp"
#include "coppice/actor/runtime.hpp"
#include "net/event_loop.hpp"
#include "net/listening.hpp"
#include "net/tls/context.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace coppice::admin {

/// What answers the requests of a port. Any thread.
struct http_service {
  /// Why a request is refused by its head alone. Must not block.
  std::function<std::optional<response>(const request&)> refuse;
  std::function<lane(const request&)> lane_of;
  /// Called by a worker of that lane. May block.
  std::function<std::variant<response, event_feed>(const request&)> answer;
  /// Called each second on the port's thread, if it is there. Must not block.
  std::function<void()> each_second = {};
  /// What new connections begin with: null is plain HTTP, and so is an empty
  /// function. Must not block.
  std::function<net::tls_context_ptr()> tls = {};
};

/// Serves HTTP on an open port: one thread for all sockets, workers for the
/// answers. A slow client never keeps a thread; each step has a deadline, and
/// all clients together have a number of places. If none is free, the client
/// that has made no progress for longest is closed.
///
/// Functions may be called from any thread.
class http_port final : public std::enable_shared_from_this<http_port>,
                        private http_connection_owner {
public:
  /// `workers` must outlive what they do for it. Throws `std::system_error` if
  /// no thread or descriptor can be created.
  http_port(actor::runtime_ptr rt, std::shared_ptr<net::port> open,
            std::shared_ptr<const http_service> service, worker_pool& workers,
            const http_limits& limits = {});

  /// As `end`.
  ~http_port();

  http_port(const http_port&) = delete;
  http_port& operator=(const http_port&) = delete;

  /// Begins to serve, unless it was ended before. `broken` is called once if
  /// nothing can be accepted any more, with the reason; it must not block.
  /// Throws `std::system_error` if no thread can be created.
  void start(std::function<void(std::string)> broken);

  /// Refuses clients from now on, ends streams, and closes connections as soon
  /// as nothing is being answered. Returns at once. Idempotent. If `hears_out`,
  /// requests that are on their way are answered, too.
  void close(bool hears_out = false);

  /// Closes it, waits a moment for the last answers and ends the thread.
  /// Idempotent; for one thread at a time, and not its own.
  void end();

private:
  class acceptor final : public net::io_handler {
  public:
    explicit acceptor(http_port& owner) : owner_(owner) {
      // nop
    }

    void on_io(std::uint32_t) override {
      owner_.accept_some();
    }

  private:
    http_port& owner_;
  };

  using result = std::variant<response, event_feed>;

  enum class state {
    idle, ///< It was not started.
    serving,
    over, ///< It was ended.
  };

  net::event_loop& loop() override {
    return loop_;
  }

  const http_limits& limits() const override {
    return limits_;
  }

  std::optional<response> refuse(const request& req) override;
  void on_request(http_connection& from, request req) override;
  void on_stream_held(http_connection& from, bool held) override;
  void on_closed(http_connection& which) override;

  int listening_fd() const;
  void accept_some();
  bool take_in(net::socket& sock, const http_visitor& visitor);
  void accept_waiting();
  bool make_room(const std::string* address);
  void on_accept_error(int error);
  void pause(std::chrono::milliseconds length);
  void watch();
  void tick();
  void on_answer(std::uint64_t id, result& what);
  void limit_unsent();
  void do_close(bool hears_out);
  http_connection* find(std::uint64_t id) const;

  actor::runtime_ptr rt_;
  const http_limits limits_;
  const std::shared_ptr<const http_service> service_;
  worker_pool& workers_;
  net::event_loop loop_;
  // The following are for the loop's thread.
  std::shared_ptr<net::port> port_;
  acceptor acceptor_{*this};
  std::function<void(std::string)> broken_;
  bool watching_ = false;
  bool paused_ = false;
  bool closing_ = false;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<http_connection>>
    connections_;
  std::vector<std::unique_ptr<http_connection>> gone_;
  // One of this machine that waits for a place.
  std::optional<std::pair<net::socket, http_visitor>> waiting_;
  std::unique_ptr<stream_pump> pump_;
  std::mutex mutex_;
  std::condition_variable changed_;
  state state_ = state::idle;    // guarded by mutex_
  bool nothing_is_open_ = false; // the same: and nothing will be any more
};

} // namespace coppice::admin
