// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"
#include "net/hubs.hpp"
#include "net/port_keeper.hpp"
#include "net/toxic/collection.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coppice::net {

/// The toxics of a listener, and how they get to its connections and its port.
/// Thread-safe; changes block up to a second and are not for reactors: see
/// `listener::add_toxic`.
class listener_toxics {
public:
  using result = toxic_collection::result;
  using target = toxic_collection::target;

  /// Is given the kind and the text of an event.
  using publisher = std::function<void(observe::event_kind, std::string)>;

  listener_toxics(hubs& connections, port_keeper& port, publisher publish);

  std::shared_ptr<const toxic_list> list() const {
    return toxics_->list();
  }

  bool empty() const noexcept {
    return toxics_->empty();
  }

  result add(toxic value, target connection);
  result update(toxic value, target connection);
  result remove(std::string_view name, target connection);
  result remove_all(target connection);

  /// That connection has ended, and had toxics.
  void forget(std::uint64_t connection) {
    toxics_->clear(connection);
  }

private:
  bool sync(target connection);
  result sync_down();

  hubs& hubs_;
  port_keeper& port_;
  publisher publish_;
  std::shared_ptr<toxic_collection> toxics_; // reactors may be late with it
};

} // namespace coppice::net
