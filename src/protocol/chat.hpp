// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "protocol/line_splitter.hpp"

#include <caf/actor.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace coppice::protocol {

/// The members of a chat, on any reactors, and how many bytes wait for them:
/// beyond a bound, the members with the most have to leave. Thread-safe.
class chat_room {
public:
  static constexpr std::size_t default_bound = 16 * 1024 * 1024; // bytes

  explicit chat_room(std::size_t bound_bytes = default_bound)
      : bound_(bound_bytes) {
    // nop
  }

  void join(std::uint64_t id, caf::actor who);
  void leave(std::uint64_t id);

  /// Sends `text` to everybody but `sender`.
  void tell_others(std::uint64_t sender, const std::string& text);

  /// That member was given `bytes` of what others said, and `waiting_bytes`
  /// wait to be sent to it by now.
  void given(std::uint64_t id, std::size_t bytes, std::size_t waiting_bytes);

private:
  struct member {
    caf::actor who;
    std::size_t told_bytes = 0;    // on their way to it
    std::size_t waiting_bytes = 0; // for its peer to read
    bool leaves = false;           // has to

    std::size_t bytes() const noexcept {
      return told_bytes + waiting_bytes;
    }
  };

  void make_room();

  const std::size_t bound_;
  std::mutex mutex_; // guards the rest
  std::map<std::uint64_t, member> members_;
  std::size_t bytes_ = 0; // of all members
};

/// Sends each line to all other members of its room, with the sender's number;
/// the line `stop` leaves the room. Shows how connections talk to each other:
/// by messages, since they may live on different reactors. A line of more than
/// 64 KiB ends the connection; so does a peer that does not read while too much
/// waits for the members of the room.
class chat final : public net::handler {
public:
  explicit chat(std::shared_ptr<chat_room> room);

  void on_connect(net::connection& self) override;
  void on_data(net::connection& self, std::string_view data) override;
  void on_message(net::connection& self, caf::message& what) override;
  void on_writable(net::connection& self) override;
  void on_drain(net::connection& self) override;
  void on_shutdown(net::connection& self) override;
  void on_close(net::connection& self,
                const supervision::exit_reason& reason) override;

private:
  std::shared_ptr<chat_room> room_;
  line_splitter lines_;
};

/// Makes the handlers of one room.
net::handler_factory make_chat();

} // namespace coppice::protocol
