// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/chat.hpp"

#include "coppice/actor/compat.hpp"

#include <caf/message.hpp>

#include <utility>
#include <vector>

namespace coppice::protocol {

void chat_room::join(std::uint64_t id, caf::actor who) {
  std::lock_guard guard{mutex_};
  members_.emplace(id, std::move(who));
}

void chat_room::leave(std::uint64_t id) {
  std::lock_guard guard{mutex_};
  members_.erase(id);
}

void chat_room::tell_others(std::uint64_t sender, const std::string& text) {
  std::vector<caf::actor> others;
  {
    std::lock_guard guard{mutex_};
    for (auto& [id, who] : members_)
      if (id != sender)
        others.push_back(who);
  }
  for (auto& who : others)
    actor::deliver(who, std::string{text});
}

chat::chat(std::shared_ptr<chat_room> room) : room_(std::move(room)) {
  // nop
}

void chat::on_connect(net::connection& self) {
  room_->join(self.id(), self.handle());
  // First, so that nobody who joins after the greeting hears of it.
  room_->tell_others(self.id(), std::to_string(self.id()) + " has joined\n");
  self.write("you are " + std::to_string(self.id())
             + "; a line \"stop\" leaves\n");
}

void chat::on_data(net::connection& self, std::string_view data) {
  auto fits = lines_.feed(data, [&](std::string_view text) {
    if (text == "stop") {
      self.close();
      return false;
    }
    room_->tell_others(self.id(), std::to_string(self.id()) + ": "
                                    + std::string{text} + "\n");
    return true;
  });
  if (!fits)
    self.abort(supervision::exit_reason::shutdown("line_too_long"));
}

void chat::on_message(net::connection& self, caf::message& what) {
  if (what.match_elements<std::string>())
    self.write(what.get_as<std::string>(0));
}

void chat::on_drain(net::connection& self) {
  self.write("the server is about to stop\n");
}

void chat::on_shutdown(net::connection& self) {
  self.write("goodbye\n");
}

void chat::on_close(net::connection& self, const supervision::exit_reason&) {
  room_->leave(self.id());
  room_->tell_others(self.id(), std::to_string(self.id()) + " has left\n");
}

net::handler_factory make_chat() {
  return [room = std::make_shared<chat_room>()] {
    return std::make_unique<chat>(room);
  };
}

} // namespace coppice::protocol
