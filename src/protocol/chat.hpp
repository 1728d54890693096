// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "protocol/line_splitter.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace coppice::protocol {

/// Who takes part in a chat, on whatever reactors. Thread-safe.
class chat_room {
public:
  void join(std::uint64_t id, caf::actor who);
  void leave(std::uint64_t id);

  /// Sends `text` to everybody but `sender`.
  void tell_others(std::uint64_t sender, const std::string& text);

private:
  std::mutex mutex_;
  std::map<std::uint64_t, caf::actor> members_; // guarded by mutex_
};

/// Hands each line on to all others in its room, with the number of who said
/// it; the line `stop` leaves. Shows how connections talk to each other: by
/// messages, since they may live on different reactors. A line of more than
/// 64 KiB ends the connection.
class chat final : public net::handler {
public:
  explicit chat(std::shared_ptr<chat_room> room);

  void on_connect(net::connection& self) override;
  void on_data(net::connection& self, std::string_view data) override;
  void on_message(net::connection& self, caf::message& what) override;
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
