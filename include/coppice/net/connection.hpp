// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/peer_address.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caf {
class actor;
} // namespace caf

namespace coppice::net {

struct proxy_info;
struct tls_info;

/// One client, as its handler sees it. Behind it is an actor that lives on a
/// reactor and ends with the connection.
///
/// Everything is for the reactor's thread, that is: for its handler. Others
/// send messages to `handle`.
class connection {
public:
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Sends `data`. What the kernel does not take at once waits, and nothing
  /// more is read until it is sent, so that a peer that does not read costs
  /// bounded memory. Does nothing once the connection closes.
  void write(std::string_view data);

  /// Sends what waits, then closes: the peer sees the end, not a reset.
  void close();

  /// Ends the connection at once with `reason`; what waits is lost.
  void abort(const supervision::exit_reason& reason);

  /// Has `handler::on_writable` called once the kernel takes more, even if
  /// nothing waits: for a handler that sends for as long as the peer reads.
  void call_when_writable();

  /// Reads nothing until `resume`, so that the peer has to wait.
  void pause();
  void resume();

  /// Sets the idle limit of this connection, in place of the listener's; unset:
  /// none. It counts from the peer's last byte.
  void set_timeout(std::optional<std::chrono::milliseconds> idle);

  /// Bytes that were written and are not sent yet.
  std::size_t waiting_bytes() const noexcept;

  /// Has the handshake of TLS begin, as the server: for protocols that begin in
  /// the clear (STARTTLS). What was written before has to be with the kernel;
  /// if it is not, since the peer does not read, the connection is ended. What
  /// is written from now on is sent encrypted, once `handler::on_tls` was
  /// called. Bytes that the peer sent in the clear before are not to be used
  /// any more: anybody may have put them in. Throws `std::logic_error` if the
  /// listener has no TLS, or the connection has it already.
  void start_tls();

  /// What was agreed on in the handshake; null: there was none.
  const tls_info* tls() const;

  /// What the header of a proxy said; null: there was none.
  const proxy_info* proxy() const noexcept;

  /// Unique within its listener.
  std::uint64_t id() const noexcept;

  /// The address of the client: what a proxy said, or that of the socket.
  const observe::peer_address& peer() const noexcept;

  /// The path in the supervision tree.
  std::string path() const;

  /// What other actors send to: see `handler::on_message`.
  caf::actor handle();

private:
  friend class connection_actor; // the only connections there are

  connection() = default;
  ~connection() = default;
};

} // namespace coppice::net
