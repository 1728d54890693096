// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/chat.hpp"

#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <caf/message.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace coppice::protocol {

void chat_room::join(std::uint64_t id, caf::actor who) {
  std::lock_guard guard{mutex_};
  members_.emplace(id, member{std::move(who)});
}

void chat_room::leave(std::uint64_t id) {
  std::lock_guard guard{mutex_};
  auto found = members_.find(id);
  if (found == members_.end())
    return;
  bytes_ -= found->second.bytes();
  members_.erase(found);
}

void chat_room::tell_others(std::uint64_t sender, const std::string& text) {
  std::vector<caf::actor> others;
  {
    std::lock_guard guard{mutex_};
    for (auto& [id, each] : members_) {
      if (id == sender || each.leaves)
        continue;
      others.push_back(each.who);
      each.told_bytes += text.size();
      bytes_ += text.size();
    }
    if (bytes_ > bound_)
      make_room();
  }
  for (auto& who : others)
    actor::deliver(who, std::string{text});
}

void chat_room::given(std::uint64_t id, std::size_t bytes,
                      std::size_t waiting_bytes) {
  std::lock_guard guard{mutex_};
  auto found = members_.find(id);
  if (found == members_.end())
    return;
  auto& who = found->second;
  bytes_ -= who.bytes();
  who.told_bytes -= std::min(who.told_bytes, bytes); // others tell it, too
  who.waiting_bytes = waiting_bytes;
  bytes_ += who.bytes();
}

// The bytes of members that leave are freed when they have left.
void chat_room::make_room() {
  auto bytes = bytes_;
  for (auto& [id, each] : members_)
    if (each.leaves)
      bytes -= each.bytes();
  while (bytes > bound_) {
    auto slowest
      = std::ranges::max_element(members_, {}, [](auto& one) -> std::size_t {
          return one.second.leaves ? 0 : one.second.bytes();
        });
    auto& who = slowest->second;
    who.leaves = true;
    bytes -= who.bytes();
    actor::signal_exit(who.who, supervision::exit_reason::shutdown("too_slow"));
  }
}

chat::chat(std::shared_ptr<chat_room> room) : room_(std::move(room)) {
  // nop
}

void chat::on_connect(net::connection& self) {
  room_->join(self.id(), self.handle());
  // First, so that members who join after the greeting do not get it.
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
  if (!what.match_elements<std::string>())
    return;
  auto& text = what.get_as<std::string>(0);
  self.write(text);
  room_->given(self.id(), text.size(), self.waiting_bytes());
}

void chat::on_writable(net::connection& self) {
  room_->given(self.id(), 0, self.waiting_bytes());
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
