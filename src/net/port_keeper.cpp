// SPDX-License-Identifier: BSD-3-Clause

#include "net/port_keeper.hpp"

#include <cerrno>
#include <utility>

namespace coppice::net {

port_keeper::port_keeper(endpoint where, std::vector<int> inherited,
                         const listen_options& options, observer& watcher)
    : where_(std::move(where)),
      inherited_(std::move(inherited)),
      observer_(watcher),
      options_(options) {
  // nop
}

// -- looking at it ------------------------------------------------------------

std::shared_ptr<net::port> port_keeper::port() const {
  std::lock_guard guard{mutex_};
  return port_;
}

std::shared_ptr<net::port> port_keeper::port(std::uint64_t owner) const {
  std::lock_guard guard{mutex_};
  return owner == owner_ ? port_ : nullptr;
}

std::uint64_t port_keeper::owner() const {
  std::lock_guard guard{mutex_};
  return owner_;
}

std::string port_keeper::owner_path() const {
  std::lock_guard guard{mutex_};
  return owner_path_;
}

std::optional<endpoint> port_keeper::local() const {
  std::lock_guard guard{mutex_};
  return bound_;
}

std::string port_keeper::open_error() const {
  std::lock_guard guard{mutex_};
  return open_error_;
}

listener_state port_keeper::state() const {
  if (draining_)
    return listener_state::draining;
  if (suspended_)
    return listener_state::suspended;
  return port() ? listener_state::listening : listener_state::down;
}

// -- its owner ----------------------------------------------------------------

std::uint64_t port_keeper::own(const std::string& path,
                               caf::actor_id supervisor) {
  std::lock_guard one_at_a_time{changing_};
  {
    std::lock_guard guard{mutex_};
    if (supervisor < parent_) {
      open_error_ = taken_over;
      return 0;
    }
    parent_ = supervisor;
  }
  // The owner below a supervisor that was killed may not have ended yet.
  shut();
  {
    std::lock_guard guard{mutex_};
    owner_path_ = path;
    owner_ = ++last_owner_;
    if (!accepts())
      return owner_;
  }
  auto opened = open();
  std::lock_guard guard{mutex_};
  if (!opened)
    owner_ = 0;
  return owner_;
}

void port_keeper::disown(std::uint64_t owner) {
  std::lock_guard one_at_a_time{changing_};
  {
    std::lock_guard guard{mutex_};
    if (owner_ != owner)
      return;
    owner_ = 0;
  }
  shut();
}

std::optional<std::string> port_keeper::look_after_file(std::uint64_t owner) {
  std::lock_guard one_at_a_time{changing_};
  std::unique_lock guard{mutex_};
  if (owner_ != owner || !accepts() || (port_ && !port_->has_lost_file())) {
    file_lost_ = false;
    return {};
  }
  auto known = std::exchange(file_lost_, true);
  if (!port_ && !known)
    return {};
  guard.unlock();
  shut();
  auto opened = open();
  guard.lock();
  if (opened) {
    file_lost_ = false;
    return "the file of the Unix socket was removed; there is a new one";
  }
  if (known)
    return {};
  return "the file of the Unix socket was removed, and it " + open_error_;
}

// Opens the port where it was; returns whether that went well.
bool port_keeper::open() {
  std::unique_lock guard{mutex_};
  auto options = options_;
  auto where = bound_.value_or(where_);
  auto passed = this->passed();
  guard.unlock();
  auto result
    = passed.empty() ? listen_on(where, options) : adopt(passed, options);
  auto picked_by_kernel = where.port() != where_.port();
  if (!result && result.error().number == EADDRINUSE && picked_by_kernel)
    result = listen_on(where_, options);
  guard.lock();
  open_error_ = result ? std::string{} : result.error().message;
  if (!result)
    return false;
  port_ = *std::move(result);
  bound_ = port_->local();
  guard.unlock();
  observer_.on_port_change();
  return true;
}

// Clients that wait at sockets that are shared are the other process's.
void port_keeper::shut() {
  std::unique_lock guard{mutex_};
  auto former = std::exchange(port_, nullptr);
  auto leaves_clients = !shared_.empty();
  guard.unlock();
  if (!former)
    return;
  if (!leaves_clients)
    former->accept_last([this](socket client, auto& from) {
      observer_.on_last_client(std::move(client), from);
    });
  former->shut();
  observer_.on_port_change();
}

// Sockets that stay open when the port goes. Call it with `mutex_` held.
std::vector<int> port_keeper::passed() const {
  if (!inherited_.empty())
    return inherited_;
  std::vector<int> result;
  for (auto& each : shared_)
    result.push_back(each.fd());
  return result;
}

// -- operating it -------------------------------------------------------------

void port_keeper::set_options(const listen_options& value) {
  std::lock_guard guard{mutex_};
  options_ = value;
}

void port_keeper::suspend() {
  std::lock_guard one_at_a_time{changing_};
  if (suspended_.exchange(true) || draining_)
    return;
  shut();
  observer_.on_suspended();
}

expected<void, std::string> port_keeper::resume() {
  std::lock_guard one_at_a_time{changing_};
  if (draining_)
    return unexpected<std::string>{"it drains, and takes no more clients"};
  if (down_)
    return unexpected<std::string>{
      "a toxic has it down; coppice toxic reset takes it off"};
  if (!suspended_.exchange(false))
    return {};
  return come_up();
}

bool port_keeper::drain() {
  if (draining_.exchange(true))
    return false;
  std::lock_guard one_at_a_time{changing_};
  shut();
  {
    std::lock_guard guard{mutex_};
    shared_.clear();
  }
  observer_.on_draining();
  return true;
}

expected<void, std::string>
port_keeper::update_down(const std::function<bool()>& wanted) {
  std::lock_guard one_at_a_time{changing_};
  auto goes_down = wanted();
  if (down_.exchange(goes_down) == goes_down)
    return {};
  if (!goes_down)
    return come_up();
  shut();
  observer_.on_port_change(); // for clients that wait, if it was closed before
  observer_.on_down();
  return {};
}

// Opens the port, unless there is another reason to keep it closed: whatever
// ends that opens it. If it cannot be opened, it is suspended, so that `resume`
// tries again.
expected<void, std::string> port_keeper::come_up() {
  if (!accepts() || owner() == 0)
    return {};
  if (!open()) {
    suspended_ = true;
    return unexpected{open_error()};
  }
  observer_.on_listening();
  return {};
}

// -- sharing it with another process ------------------------------------------

bool port_keeper::is_shared() const {
  std::lock_guard guard{mutex_};
  return !passed().empty();
}

std::vector<socket> port_keeper::share() {
  std::lock_guard one_at_a_time{changing_};
  std::lock_guard guard{mutex_};
  if (!port_ || !inherited_.empty())
    return {};
  auto result = port_->copies();
  shared_ = port_->copies();
  port_->share(true);
  return result;
}

void port_keeper::use_shared(std::vector<socket> sockets,
                             const std::optional<endpoint>& where) {
  std::lock_guard guard{mutex_};
  shared_ = std::move(sockets);
  bound_ = where;
}

void port_keeper::own_alone() {
  std::lock_guard one_at_a_time{changing_};
  std::lock_guard guard{mutex_};
  shared_.clear();
  if (port_ && inherited_.empty())
    port_->share(false);
}

} // namespace coppice::net
