#include "coppice/net/listener.hpp"

#include <sys/socket.h>

#include <utility>

namespace coppice::net {

std::string_view to_string(topology value) {
  switch (value) {
  case topology::linked:
    return "linked";
  case topology::supervised:
    return "supervised";
  }
  return {};
}

listener::listener(listener_config config, actor::runtime_ptr rt,
                   std::vector<reactor_ptr> reactors)
    : config_(std::move(config)),
      rt_(std::move(rt)),
      reactors_(std::move(reactors)),
      homes_(reactors_.size()),
      limits_(std::make_shared<const limits>(config_.limits)) {
  // nop
}

// -- the port -----------------------------------------------------------------

open_result listener::open_port() {
  // The port of a supervisor that was killed may not have ended yet.
  if (auto former = port())
    close_port(former);
  // After a restart, the port that the kernel picked is kept.
  auto where = local().value_or(config_.where);
  auto result = listen_tcp(where, config_.backlog);
  std::lock_guard guard{mutex_};
  open_error_ = result.message;
  if (result.sock)
    bound_ = endpoint::local(result.sock.fd());
  if (result.sock && draining())
    ::shutdown(result.sock.fd(), SHUT_RDWR);
  return result;
}

std::shared_ptr<socket> listener::port() const {
  std::lock_guard guard{mutex_};
  return port_;
}

void listener::set_port(std::shared_ptr<socket> sock) {
  std::lock_guard guard{mutex_};
  port_ = std::move(sock);
}

// Acceptors may still hold the socket; without the shutdown, the kernel would
// go on completing handshakes that nobody accepts.
void listener::close_port(const std::shared_ptr<socket>& sock) {
  std::lock_guard guard{mutex_};
  if (port_ != sock)
    return;
  ::shutdown(sock->fd(), SHUT_RDWR);
  port_ = nullptr;
}

std::optional<endpoint> listener::local() const {
  std::lock_guard guard{mutex_};
  return bound_;
}

std::string listener::open_error() const {
  std::lock_guard guard{mutex_};
  return open_error_;
}

// -- connections --------------------------------------------------------------

bool listener::take_place() {
  auto limit = current_limits()->max_connections;
  if (!limit) {
    active_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  auto most = static_cast<std::int64_t>(*limit);
  for (auto now = active_.load();;) {
    if (now < most) {
      if (active_.compare_exchange_weak(now, now + 1))
        return true;
      continue;
    }
    // Somebody may have left before he could see that there is somebody to
    // tell.
    full_.store(true);
    now = active_.load();
    if (now >= most)
      return false;
  }
}

void listener::give_back() {
  // Ordered with the store to draining_, so that one of the two sees the other.
  auto last = active_.fetch_sub(1) == 1;
  if (full_.load() && full_.exchange(false))
    tell_of_room();
  if (!last || !draining_.load())
    return;
  std::unique_lock guard{mutex_};
  auto fn = std::exchange(drained_, nullptr);
  guard.unlock();
  if (fn)
    fn();
}

void listener::tell_of_room() {
  for (auto& reactor : reactors_)
    reactor->run_soon([self = shared_from_this(), reactor = reactor.get()] {
      if (auto* acceptor = self->at(*reactor).user)
        acceptor->on_room();
    });
}

std::shared_ptr<const limits> listener::current_limits() const {
  std::lock_guard guard{mutex_};
  return limits_;
}

void listener::set_limits(const limits& value) {
  {
    std::lock_guard guard{mutex_};
    limits_ = std::make_shared<const limits>(value);
  }
  full_.store(false);
  tell_of_room();
}

traffic listener::counters() const noexcept {
  traffic result;
  for (auto& home : homes_)
    result += home.traffic.read();
  return result;
}

void listener::drain(std::function<void()> drained) {
  std::unique_lock guard{mutex_};
  drained_ = std::move(drained);
  guard.unlock();
  draining_ = true;
  if (auto sock = port())
    ::shutdown(sock->fd(), SHUT_RDWR);
  if (active_.load() > 0)
    return;
  guard.lock();
  auto fn = std::exchange(drained_, nullptr);
  guard.unlock();
  if (fn)
    fn();
}

} // namespace coppice::net
