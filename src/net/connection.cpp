#include "coppice/net/connection.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/listener.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// How long a peer that was closed on may take to notice.
constexpr std::chrono::seconds linger_limit{2};

caf::error reason_of(const std::exception_ptr& thrown) {
  return actor::to_error(actor::to_reason(thrown));
}

} // namespace

void handler::on_half_close(connection& self) {
  self.close();
}

connection::connection(caf::actor_config& cfg, std::shared_ptr<listener> owner,
                       reactor& home, connection_table_ptr table, socket sock)
    : actor::pinned_actor(cfg, &home),
      owner_(std::move(owner)),
      home_(home),
      table_(std::move(table)),
      sock_(std::move(sock)),
      id_(owner_->connection_opened()) {
  table_->add(*this);
}

// An actor that never ran has not exited either.
connection::~connection() {
  leave();
}

caf::behavior connection::make_behavior() {
  actor::use_exception_text(*this);
  interest_ = EPOLLIN;
  if (!home_.add(sock_.fd(), interest_, *this)) {
    quit(actor::to_error(exit_reason::abnormal(std::strerror(errno))));
    return {};
  }
  self_ = ctrl();
  handler_ = owner_->make_handler();
  handler_->on_connect(*this);
  return {[](caf::message&) {
    // nop: nothing is said to a connection yet
  }};
}

// -- for handlers -------------------------------------------------------------

void connection::write(std::string_view data) {
  if (phase_ != phase::open)
    return;
  if (pending_.empty() && !data.empty()) {
    auto n = ::send(sock_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (n >= 0)
      data.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EAGAIN && errno != EINTR)
      return fail(errno);
  }
  if (!data.empty()) {
    pending_.append(data);
    update_interest();
  }
}

void connection::close() {
  if (phase_ != phase::open)
    return;
  phase_ = phase::flushing;
  if (pending_.empty())
    finish_close();
}

std::string connection::peer() const {
  return to_string(endpoint::peer(sock_.fd()));
}

std::string connection::path() const {
  return table_->path() + "/connection:" + std::to_string(id_);
}

caf::actor connection::handle() {
  return caf::actor_cast<caf::actor>(ctrl());
}

// -- input and output ---------------------------------------------------------

void connection::on_io(std::uint32_t events) {
  if (!sock_)
    return;
  perform(
    [this, events] {
      if ((events & EPOLLOUT) != 0)
        flush();
      else if ((interest_ & EPOLLIN) != 0)
        read();
      else if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        fail(ECONNRESET);
    },
    reason_of);
}

void connection::read() {
  auto into = home_.buffer();
  auto n = ::recv(sock_.fd(), into.data(), into.size(), 0);
  if (n > 0) {
    // A lingering connection only waits for the end.
    if (phase_ == phase::open)
      handler_->on_data(*this, {into.data(), static_cast<std::size_t>(n)});
  } else if (n == 0) {
    peer_done_ = true;
    if (phase_ == phase::lingering) {
      quit();
      return;
    }
    update_interest();
    if (phase_ == phase::open)
      handler_->on_half_close(*this);
  } else if (errno != EAGAIN && errno != EINTR) {
    fail(errno);
  }
}

void connection::flush() {
  auto n = ::send(sock_.fd(), pending_.data() + pending_offset_,
                  pending_.size() - pending_offset_, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR)
      fail(errno);
    return;
  }
  pending_offset_ += static_cast<std::size_t>(n);
  if (pending_offset_ < pending_.size())
    return;
  pending_ = {}; // gives the memory back
  pending_offset_ = 0;
  if (phase_ == phase::flushing)
    finish_close();
  else
    update_interest();
}

// Closing a socket whose peer still sends would reset it, and with it bytes
// that the peer has not read yet; so wait for the peer's end, but not for ever.
void connection::finish_close() {
  if (peer_done_) {
    quit();
    return;
  }
  phase_ = phase::lingering;
  ::shutdown(sock_.fd(), SHUT_WR);
  update_interest();
  home_.arm(*this, linger_limit);
}

void connection::on_timer() {
  perform([this] { quit(); }, reason_of);
}

// What a peer or the network does to a connection is no crash.
void connection::fail(int error) {
  auto* name = ::strerrorname_np(error);
  quit(actor::to_error(exit_reason::shutdown(name != nullptr ? name : "io")));
}

void connection::update_interest() {
  std::uint32_t wanted = 0;
  if (!pending_.empty())
    wanted = EPOLLOUT;
  else if (!peer_done_)
    wanted = EPOLLIN;
  if (wanted != interest_) {
    interest_ = wanted;
    home_.modify(sock_.fd(), wanted, *this);
  }
}

// -- the end ------------------------------------------------------------------

void connection::on_exit() {
  auto reason = actor::to_reason(fail_state_);
  if (!reason.clean())
    report_crash(reason);
  if (handler_) {
    try {
      handler_->on_close(*this);
    } catch (...) {
      report_crash(actor::to_reason(std::current_exception()));
    }
    handler_.reset();
  }
  home_.cancel(*this);
  sock_.close();
  leave();
  if (self_)
    home_.bury(std::move(self_));
}

void connection::leave() {
  if (auto table = std::exchange(table_, nullptr)) {
    table->remove(*this);
    owner_->connection_closed();
  }
}

void connection::report_crash(const exit_reason& reason) {
  observe::event ev;
  ev.kind = observe::event_kind::connection_crashed;
  ev.path = path();
  ev.reason = to_string(reason);
  ev.detail = "peer " + peer();
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
