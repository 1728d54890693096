// SPDX-License-Identifier: BSD-3-Clause

#include "server/socket_store.hpp"

#include "net/listener_core.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace coppice {

namespace {

constexpr std::string_view stored_prefix = "stored.";

bool listens(const net::socket& sock) {
  int on = 0;
  socklen_t size = sizeof(on);
  return ::getsockopt(sock.fd(), SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0
         && on != 0;
}

// Whether the sockets are those that the listener would open by itself.
bool fit(const std::vector<net::socket>& all, const net::listener_config& to) {
  return all.size() == to.listening.sockets
         && std::ranges::all_of(all, [&](auto& each) {
              auto local = net::endpoint::local(each.fd());
              auto port = to.where.port();
              return listens(each) && local.address() == to.where.address()
                     && (port == 0 || local.port() == port);
            });
}

bool may_be_stored(const net::listener& what) {
  return what.config().inherited.empty() && !what.config().where.is_unix();
}

} // namespace

bool is_stored(std::string_view name) {
  return name.starts_with(stored_prefix);
}

socket_store::socket_store(const std::vector<net::passed_socket>& passed,
                           bool wanted)
    : wanted_(wanted) {
  for (auto& each : passed)
    if (is_stored(each.name)) {
      auto listener = each.name.substr(stored_prefix.size());
      found_[listener].emplace_back(each.descriptor);
      stored_.insert(std::move(listener));
    }
}

void socket_store::give_to(const net::listener_set& listeners) {
  for (auto& each : listeners.all()) {
    auto found = found_.find(each->config().name);
    if (!wanted_ || found == found_.end() || !may_be_stored(*each)
        || !fit(found->second, each->config()))
      continue;
    each->core().port().use_shared(std::move(found->second), std::nullopt);
    found_.erase(found);
  }
}

void socket_store::update(const net::listener_set& listeners,
                          const service_manager& manager) {
  // What nobody uses is no longer what is stored under that name.
  for (auto& each : std::exchange(found_, {})) {
    manager.forget(std::string{stored_prefix} + each.first);
    stored_.erase(each.first);
  }
  std::set<std::string> now;
  for (auto& each : listeners.all())
    if (wanted_ && may_be_stored(*each))
      now.insert(each->config().name);
  for (auto& each : stored_)
    if (!now.contains(each))
      manager.forget(std::string{stored_prefix} + each);
  std::erase_if(stored_, [&](auto& each) { return !now.contains(each); });
  for (auto& each : now) {
    if (!manager.present() || stored_.contains(each))
      continue;
    auto copies = listeners.find(each)->core().port().share();
    if (copies.empty())
      continue; // it is closed: the next time, perhaps
    manager.store(std::string{stored_prefix} + each, copies);
    stored_.insert(each);
  }
}

} // namespace coppice
