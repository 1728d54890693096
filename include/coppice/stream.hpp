// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace coppice {

/// What a coroutine that handles a connection returns. When it returns, the
/// connection is closed once all output is sent; an exception that leaves it
/// ends the connection, and that one alone, with the exception's text as the
/// reason.
class task {
public:
  struct promise_type {
    std::exception_ptr error = nullptr;

    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }

    std::suspend_always initial_suspend() noexcept {
      return {};
    }

    std::suspend_always final_suspend() noexcept {
      return {};
    }

    void return_void() noexcept {
      // nop
    }

    void unhandled_exception() noexcept {
      error = std::current_exception();
    }
  };

  using handle = std::coroutine_handle<promise_type>;

  task() = default;

  task(task&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)) {
    // nop
  }

  task& operator=(task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }

  /// Cancels what has not returned: its local variables are destroyed.
  ~task() {
    if (coroutine_)
      coroutine_.destroy();
  }

  handle coroutine() const noexcept {
    return coroutine_;
  }

private:
  explicit task(handle coroutine) noexcept : coroutine_(coroutine) {
    // nop
  }

  handle coroutine_ = nullptr;
};

class stream_handler;

/// One connection, as its coroutine sees it. To be used by that coroutine
/// alone, which runs on the connection's reactor and must not block.
///
/// Where it waits (`co_await`), it can be cancelled: when the connection ends
/// by an exit, a limit or an error, the coroutine does not go on, and its local
/// variables are destroyed. When the server drains, and when the peer has sent
/// its last byte, it goes on: reading gives nothing any more.
class stream {
public:
  /// Longest line that `read_line` takes unless told otherwise.
  static constexpr std::size_t max_line_bytes = 64 * 1024;

  /// Waits for bytes, and takes all that are there. Nothing: there will be none
  /// any more. What is returned is valid until the next read.
  auto read();

  /// Waits for a line, and takes it with its line feed. The last one may lack
  /// it. A longer line ends the connection. What is returned is valid until the
  /// next read.
  auto read_line(std::size_t max_bytes = max_line_bytes);

  /// Sends `data`, and waits while the peer does not take it. Small pieces are
  /// sent together, at the latest when the coroutine waits for something.
  auto write(std::string_view data);

  /// Has the handshake of TLS begin: see `connection::start_tls`. What was
  /// written before is sent in the clear; what the peer has sent and was not
  /// read is forgotten, since anybody may have put it in. What is read from now
  /// on was encrypted.
  void start_tls();

  /// For its id, its peer, its limits; not for writing, which would overtake
  /// what is to be sent.
  net::connection& connection() const noexcept;

private:
  friend class stream_handler;

  explicit stream(stream_handler& owner) noexcept : owner_(&owner) {
    // nop
  }

  stream_handler* owner_;
};

/// Runs the coroutine of one connection. Not for direct use.
class stream_handler final : public net::handler {
public:
  using function = std::function<task(stream)>;

  explicit stream_handler(function talk) : talk_(std::move(talk)) {
    // nop
  }

  void on_connect(net::connection& self) override;
  void on_data(net::connection& self, std::string_view data) override;
  void on_writable(net::connection& self) override;
  void on_half_close(net::connection& self) override;
  void on_drain(net::connection& self) override;
  void on_shutdown(net::connection& self) override;
  void on_close(net::connection& self,
                const supervision::exit_reason& reason) override;

  // -- for awaiting -----------------------------------------------------------

  struct request {
    bool line = false;
    std::size_t max_bytes = 0;
  };

  /// Whether what is there is enough for `wanted`, or no more will come.
  bool can_read(const request& wanted);

  /// Takes it.
  std::optional<std::string_view> take();

  void wait_for_input(const request& wanted) noexcept {
    wanted_ = wanted;
    waits_for_ = event::input;
  }

  /// Whether `data` was sent, or may be sent with what comes next.
  bool send(std::string_view data);

  void wait_for_output() noexcept {
    waits_for_ = event::output;
  }

  /// See `stream::start_tls`.
  void start_tls();

  net::connection& connection() const noexcept {
    return *connection_;
  }

private:
  enum class event { none, input, output };

  // What came and was not taken yet.
  std::string_view input() const noexcept;
  void flush();
  void resume(net::connection& self);
  void end_input(net::connection& self);

  function talk_;
  net::connection* connection_ = nullptr;
  event waits_for_ = event::none;
  request wanted_;
  std::string kept_; // input that came earlier
  std::size_t kept_offset_ = 0;
  std::string_view fresh_;   // input that has just come; kept_ is empty then
  std::size_t searched_ = 0; // bytes of the input without a line feed
  std::size_t ready_ = 0;    // bytes that `take` gives
  std::string taken_;
  std::string output_;   // not sent yet; empty while the coroutine waits
  bool ended_ = false;   // no more input will come
  bool drained_ = false; // and what is there is not to be read
  bool running_ = false; // the coroutine does
  bool closed_ = false;
  int sends_left_ = 0; // before others on the reactor have their turn
  task task_;          // last: its local variables may use all of the above
};

std::unique_ptr<net::handler>
make_stream_handler(stream_handler::function talk);

namespace detail {

struct read_awaiter {
  stream_handler& owner;
  stream_handler::request wanted;

  bool await_ready() {
    return owner.can_read(wanted);
  }

  void await_suspend(std::coroutine_handle<>) noexcept {
    owner.wait_for_input(wanted);
  }

  std::optional<std::string_view> await_resume() {
    return owner.take();
  }
};

struct write_awaiter {
  stream_handler& owner;
  std::string_view data;

  bool await_ready() {
    return owner.send(data);
  }

  void await_suspend(std::coroutine_handle<>) noexcept {
    owner.wait_for_output();
  }

  void await_resume() noexcept {
    // nop
  }
};

} // namespace detail

inline auto stream::read() {
  return detail::read_awaiter{*owner_, {}};
}

inline auto stream::read_line(std::size_t max_bytes) {
  return detail::read_awaiter{*owner_, {.line = true, .max_bytes = max_bytes}};
}

inline auto stream::write(std::string_view data) {
  return detail::write_awaiter{*owner_, data};
}

inline void stream::start_tls() {
  owner_->start_tls();
}

inline net::connection& stream::connection() const noexcept {
  return owner_->connection();
}

} // namespace coppice
