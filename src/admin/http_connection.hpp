// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/http_reader.hpp"
#include "admin/http_text.hpp"
#include "admin/request.hpp"
#include "admin/response.hpp"
#include "admin/worker_pool.hpp"
#include "net/event_loop.hpp"
#include "net/output_queue.hpp"
#include "net/socket.hpp"
#include "net/timer_wheel.hpp"
#include "net/tls/channel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coppice::admin {

/// How long a client may take, and how many there may be.
struct http_limits {
  http_bounds bounds = {};
  std::chrono::milliseconds handshake{5000}; ///< Of TLS, where there is any.
  /// From the first byte of a request, or the connection, to its empty line.
  std::chrono::milliseconds head{2000};
  std::chrono::milliseconds body{5000};   ///< From the head to the last byte.
  std::chrono::milliseconds send{10'000}; ///< Until an answer has been taken.
  /// Until a stream has been taken as far as it is sent.
  std::chrono::milliseconds stream{2000};
  std::chrono::milliseconds idle{15'000}; ///< Between two requests.
  /// Until the client of a connection that is over has read the last answer.
  std::chrono::milliseconds linger{1000};
  /// A client without progress for this long may be closed for a new one.
  std::chrono::milliseconds patience{250};
  std::size_t places = 256;
  std::size_t places_of_loopback = 224; ///< Or of the user of the server.
  std::size_t places_of_address = 64;
  std::size_t streams = 16;
  std::size_t unsent_bytes = 32 * 1024 * 1024; ///< All answers together.
  std::size_t unsent_of_stream = 64 * 1024;    ///< Then it waits.
};

class http_connection;

/// What a connection needs from its port.
class http_connection_owner {
public:
  virtual net::event_loop& loop() = 0;

  virtual const http_limits& limits() const = 0;

  /// Why a request is refused whatever its body is.
  virtual std::optional<response> refuse(const request& req) = 0;

  /// A request is complete. `answer` or `begin_stream` has to follow.
  virtual void on_request(http_connection& from, request req) = 0;

  /// A stream may go on, or has to wait until its client has read.
  virtual void on_stream_held(http_connection& from, bool held) = 0;

  /// It is over, and is to be destroyed once nothing calls it any more.
  virtual void on_closed(http_connection& which) = 0;

protected:
  ~http_connection_owner() = default;
};

/// The client of a connection.
struct http_visitor {
  std::string address = {}; ///< Places are counted by it.
  bool local = false;       ///< Loopback, or the user of the server.
  sender from = sender::anybody;
};

/// One client of the admin port. Never blocks; all times are bounded but that
/// of the worker that has its request.
///
/// For the thread of its loop.
class http_connection final : public net::io_handler, private net::timer {
public:
  using clock = net::event_loop::clock;

  /// With `tls` it begins with the handshake. Throws `std::bad_alloc`.
  http_connection(http_connection_owner& owner, std::uint64_t id,
                  net::socket sock, http_visitor visitor,
                  const net::tls_context_ptr& tls = nullptr);

  ~http_connection() override;

  /// Begins to listen to the client. False if the kernel refuses.
  bool start();

  std::uint64_t id() const noexcept {
    return id_;
  }

  const http_visitor& visitor() const noexcept {
    return visitor_;
  }

  /// Answers the request that is being worked on.
  void answer(const response& what);

  /// Answers with a stream that has no end; with its head alone if that was
  /// asked for.
  void begin_stream();

  void stream(std::string_view text);

  bool is_stream() const noexcept {
    return phase_ == phase::streaming;
  }

  /// Bytes that the client has not taken yet.
  std::size_t unsent() const noexcept {
    return out_.size();
  }

  /// The time of its last progress: it reached its phase or, if that is an
  /// answer, took some of it.
  clock::time_point since() const noexcept {
    return since_;
  }

  /// Whether it can make room: it waits for the client, or for a worker.
  bool may_go() const noexcept;

  /// Makes room, with a word for the client if it can take one at once.
  void make_room();

  /// The server ends: closes what waits for a client, and lets an answer that
  /// is on its way be the last. If `hears_out`, a client whose request is still
  /// on its way gets a moment and an answer, too.
  void finish(bool hears_out);

  void close();

  /// The job of the request that is being worked on.
  std::shared_ptr<job_ticket> ticket = {};

  void on_io(std::uint32_t events) override;

private:
  enum class phase {
    handshake,
    idle, ///< Between two requests.
    head,
    body,
    working,
    sending,
    streaming,
    lingering, ///< Reads and forgets, so that the client gets the answer.
    closed,
  };

  void on_timer() override;
  void enter(phase next);
  std::optional<std::chrono::milliseconds> limit_of(phase which) const;
  void run();
  void judge();
  void pass_on();
  void reply(const response& what, after_answer then);
  void shake_hands();
  bool speaks_plainly() const;
  ssize_t receive(std::span<char> into);
  ssize_t transmit(std::string_view data);
  void read_some();
  void read_once();
  void linger();
  bool flush();
  void after_sent();
  void watch();

  http_connection_owner& owner_;
  const std::uint64_t id_;
  net::socket sock_;
  const http_visitor visitor_;
  std::unique_ptr<net::tls_channel> tls_; // null: plain
  http_reader reader_;
  phase phase_ = phase::head;
  clock::time_point since_;
  std::uint32_t watched_ = 0;
  net::output_queue out_;
  after_answer then_ = after_answer::close;
  bool head_only_ = false;
  bool chunked_ = true; // a stream
  bool held_ = false;   // a stream
  bool eof_ = false;    // of the client's
  bool finishing_ = false;
  std::size_t forgotten_bytes_ = 0;
};

} // namespace coppice::admin
