// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_port.hpp"

#include "admin/responses.hpp"
#include "coppice/net/listener.hpp"
#include "net/peer.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace coppice::admin {

using namespace std::chrono_literals;

namespace {

constexpr int accepts_a_turn = 32;
constexpr auto pause_after_error = 100ms;
constexpr auto pause_without_room = 20ms;

// For the last answers when the server ends.
constexpr auto parting = 500ms;

// An IPv6 customer gets a /64 network.
constexpr std::size_t network_bytes = 8;

using peer_kind = observe::peer_address::kind;

http_visitor visitor_by_user(int fd) {
  http_visitor result{"uid:?", false, sender::other_user};
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return result;
  result.address = "uid:" + std::to_string(peer.uid);
  result.local = peer.uid == 0 || peer.uid == ::geteuid();
  if (result.local)
    result.from = sender::owner;
  return result;
}

bool is_loopback(const observe::peer_address& peer) {
  constexpr std::uint8_t loopback_net = 127;
  constexpr std::array<std::uint8_t, 16> loopback6{0, 0, 0, 0, 0, 0, 0, 0,
                                                   0, 0, 0, 0, 0, 0, 0, 1};
  return peer.family == peer_kind::ipv4 ? peer.bytes[0] == loopback_net
                                        : peer.bytes == loopback6;
}

http_visitor visitor_of(int fd, const sockaddr_storage& from) {
  auto peer = net::to_peer(from);
  if (peer.family == peer_kind::unix_socket || from.ss_family == AF_UNIX)
    return visitor_by_user(fd);
  http_visitor result;
  result.local = is_loopback(peer);
  auto* bytes = reinterpret_cast<const char*>(peer.bytes.data());
  if (result.local)
    result.address = "loopback";
  else if (peer.family == peer_kind::ipv4)
    result.address = "4" + std::string{bytes, 4};
  else
    result.address = "6" + std::string{bytes, network_bytes};
  return result;
}

using result = std::variant<response, event_feed>;

std::shared_ptr<result> answer_of(const http_service& service,
                                  const request& req) {
  try {
    return std::make_shared<result>(service.answer(req));
  } catch (const std::exception& problem) {
    return std::make_shared<result>(
      failure(500, std::string{"this failed: "} + problem.what()));
  }
}

} // namespace

http_port::http_port(actor::runtime_ptr rt, std::shared_ptr<net::port> open,
                     std::shared_ptr<const http_service> service,
                     worker_pool& workers, const http_limits& limits)
    : rt_(std::move(rt)),
      limits_(limits),
      service_(std::move(service)),
      workers_(workers),
      loop_(rt_->system, 0),
      port_(std::move(open)) {
  // Connections inherit it. The kernel would keep megabytes for a client that
  // does not read, and it would take long until that is noticed.
  int room = static_cast<int>(limits_.unsent_of_stream);
  ::setsockopt(listening_fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
  pump_ = std::make_unique<stream_pump>([this](auto id, auto text) {
    loop_.run_soon([this, id, text = std::move(text)] {
      if (auto* to = find(id)) {
        to->stream(text);
        limit_unsent();
      }
    });
  });
}

http_port::~http_port() {
  end();
}

void http_port::end() {
  close();
  {
    std::unique_lock guard{mutex_};
    auto former = std::exchange(state_, state::over);
    if (former == state::over)
      return;
    if (former == state::idle) {
      guard.unlock();
      return do_close(false); // there is no thread, and will be none
    }
    changed_.wait_for(guard, parting, [this] { return nothing_is_open_; });
  }
  loop_.stop_thread();
}

void http_port::start(std::function<void(std::string)> broken) {
  std::lock_guard guard{mutex_};
  if (state_ != state::idle)
    return;
  broken_ = std::move(broken);
  loop_.run_soon([this] {
    ::pthread_setname_np(::pthread_self(), "admin");
    watch();
    tick();
  });
  loop_.start_thread();
  state_ = state::serving;
}

void http_port::tick() {
  if (!service_->each_second || closing_)
    return;
  service_->each_second();
  loop_.run_after(1s, [this] { tick(); });
}

void http_port::close(bool hears_out) {
  loop_.run_soon([this, hears_out] { do_close(hears_out); });
}

void http_port::do_close(bool hears_out) {
  if (std::exchange(closing_, true))
    return;
  if (std::exchange(watching_, false))
    loop_.remove(listening_fd());
  port_->shut();
  port_.reset();
  waiting_.reset();
  std::vector<http_connection*> all;
  for (auto& [id, each] : connections_)
    all.push_back(each.get());
  for (auto* each : all)
    each->finish(hears_out);
  if (connections_.empty()) {
    std::lock_guard guard{mutex_};
    nothing_is_open_ = true;
    changed_.notify_all();
  }
}

http_connection* http_port::find(std::uint64_t id) const {
  auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

// -- clients ------------------------------------------------------------------

void http_port::watch() {
  if (watching_ || paused_ || closing_)
    return;
  watching_ = loop_.add(listening_fd(), EPOLLIN, acceptor_);
  if (!watching_)
    broken_(std::string{"cannot watch the admin port: "}
            + std::strerror(errno));
}

void http_port::pause(std::chrono::milliseconds length) {
  if (std::exchange(watching_, false))
    loop_.remove(listening_fd());
  if (std::exchange(paused_, true))
    return;
  loop_.run_after(length, [this] {
    paused_ = false;
    accept_waiting();
    watch();
  });
}

// It has one acceptor, and so all of its sockets: one.
int http_port::listening_fd() const {
  return port_->of(0, 1).front();
}

void http_port::accept_some() {
  int failed = 0;
  for (int i = 0; i < accepts_a_turn && watching_; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    net::socket sock{::accept4(listening_fd(),
                               reinterpret_cast<sockaddr*>(&from), &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (sock) {
      auto visitor = visitor_of(sock.fd(), from);
      if (!take_in(sock, visitor)) {
        waiting_.emplace(std::move(sock), std::move(visitor));
        return pause(pause_without_room);
      }
      continue;
    }
    auto error = errno;
    if (error == EAGAIN)
      return;
    if (++failed == accepts_a_turn) // the same client, again and again
      return pause(pause_after_error);
    on_accept_error(error);
  }
}

void http_port::accept_waiting() {
  if (!waiting_)
    return;
  if (take_in(waiting_->first, waiting_->second))
    waiting_.reset();
  else
    pause(pause_without_room);
}

void http_port::on_accept_error(int error) {
  switch (net::classify(error)) {
  case net::accept_error::transient:
    return;
  case net::accept_error::exhausted:
    return pause(pause_after_error);
  case net::accept_error::fatal:
    if (std::exchange(watching_, false))
      loop_.remove(listening_fd());
    paused_ = true; // for good
    return broken_(std::string{"cannot accept: "} + std::strerror(error));
  }
}

// False if the client has to wait. One of another machine does so only where
// all places are taken: else its address would hold up everybody.
bool http_port::take_in(net::socket& sock, const http_visitor& visitor) {
  auto tls = service_->tls ? service_->tls() : nullptr;
  if (connections_.size() >= limits_.places && !make_room(nullptr))
    return false;
  auto taken = std::ranges::count_if(connections_, [&](auto& each) {
    return each.second->visitor().address == visitor.address;
  });
  auto places
    = visitor.local ? limits_.places_of_loopback : limits_.places_of_address;
  if (static_cast<std::size_t>(taken) >= places
      && !make_room(&visitor.address)) {
    if (visitor.local)
      return false;
    if (tls) // it could not read an answer
      return true;
    auto text = to_bytes(failure(503, "there are too many clients of your "
                                      "address"),
                         after_answer::close, false);
    [[maybe_unused]] auto n
      = ::send(sock.fd(), text.data(), text.size(), MSG_NOSIGNAL);
    return true;
  }
  auto id = ++last_id_;
  http_connection_owner& owner = *this;
  auto made = std::make_unique<http_connection>(owner, id, std::move(sock),
                                                visitor, tls);
  if (made->start())
    connections_.emplace(id, std::move(made));
  return true;
}

// Closes the connection without progress for longest, if that is long enough:
// one of that address, or any. False if there is none.
bool http_port::make_room(const std::string* address) {
  auto before = http_connection::clock::now() - limits_.patience;
  std::vector<http_connection*> all;
  for (auto& [id, each] : connections_)
    if (each->since() < before && !each->is_stream()
        && (address == nullptr || each->visitor().address == *address))
      all.push_back(each.get());
  std::ranges::sort(all, {}, &http_connection::since);
  auto leaves = std::ranges::find_if(all, &http_connection::may_go);
  if (leaves == all.end())
    return false;
  (*leaves)->make_room();
  return true;
}

void http_port::on_closed(http_connection& which) {
  pump_->remove(which.id());
  auto found = connections_.find(which.id());
  if (found == connections_.end())
    return;
  // Something may still be running in it, or in a batch of events.
  gone_.push_back(std::move(found->second));
  connections_.erase(found);
  loop_.run_soon([this] { gone_.clear(); });
  if (closing_ && connections_.empty()) {
    std::lock_guard guard{mutex_};
    nothing_is_open_ = true;
    changed_.notify_all();
  }
}

// -- requests -----------------------------------------------------------------

std::optional<response> http_port::refuse(const request& req) {
  return service_->refuse(req);
}

void http_port::on_request(http_connection& from, request req) {
  auto where = service_->lane_of(req);
  auto work = [weak = weak_from_this(), service = service_, id = from.id(),
               req = std::move(req)] {
    auto made = answer_of(*service, req);
    if (auto port = weak.lock())
      port->loop_.run_soon(
        [self = port.get(), id, made] { self->on_answer(id, *made); });
  };
  from.ticket = workers_.submit(where, std::move(work));
}

void http_port::on_answer(std::uint64_t id, result& what) {
  auto* to = find(id);
  if (to == nullptr)
    return;
  auto* feed = std::get_if<event_feed>(&what);
  if (feed == nullptr) {
    to->answer(std::get<response>(what));
    return limit_unsent();
  }
  auto streams = static_cast<std::size_t>(std::ranges::count_if(
    connections_, [](auto& each) { return each.second->is_stream(); }));
  if (closing_ || streams >= limits_.streams)
    return to->answer(failure(503, std::to_string(limits_.streams)
                                     + " event streams are open already; "
                                       "close one"));
  to->begin_stream();
  if (to->is_stream()) // and has not gone meanwhile
    pump_->add(id, std::move(*feed));
}

// Clients that do not read must not fill the memory, however many they are.
void http_port::limit_unsent() {
  for (;;) {
    std::size_t all = 0;
    http_connection* first = nullptr;
    for (auto& [id, each] : connections_) {
      all += each->unsent();
      if (each->unsent() > 0
          && (first == nullptr || each->since() < first->since()))
        first = each.get();
    }
    if (all <= limits_.unsent_bytes || first->unsent() == all)
      return;
    first->close();
  }
}

void http_port::on_stream_held(http_connection& from, bool held) {
  pump_->hold(from.id(), held);
}

} // namespace coppice::admin
