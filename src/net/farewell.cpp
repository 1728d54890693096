// SPDX-License-Identifier: BSD-3-Clause

#include "net/farewell.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace coppice::net {

namespace {

// A client that sends without an end must not keep the reactor.
constexpr int discards_a_turn = 16;

} // namespace

class farewells::farewell final : private io_handler, private timer {
public:
  farewell(farewells& all, event_loop& loop, socket sock,
           std::function<void()> done)
      : all_(all), loop_(loop), sock_(std::move(sock)), done_(std::move(done)) {
    // nop
  }

  /// Where this is in the list; to be set before it begins.
  std::list<farewell>::iterator place;

  /// Returns whether it takes longer than this call.
  bool begin(std::chrono::milliseconds limit) {
    ::shutdown(sock_.fd(), SHUT_WR);
    if (ended() || !loop_.add(sock_.fd(), EPOLLIN | EPOLLRDHUP, *this))
      return false;
    loop_.arm(*this, limit);
    return true;
  }

  std::function<void()> close() {
    loop_.cancel(*this);
    sock_ = {};
    return std::move(done_);
  }

private:
  // Reads what there is; returns whether the client has ended its side.
  bool ended() {
    auto into = loop_.buffer();
    for (int i = 0; i < discards_a_turn; ++i) {
      auto n = ::recv(sock_.fd(), into.data(), into.size(), MSG_DONTWAIT);
      if (n > 0)
        continue;
      return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return false;
  }

  void on_io(std::uint32_t) override {
    if (ended())
      all_.end(*this);
  }

  void on_timer() override {
    all_.end(*this);
  }

  farewells& all_;
  event_loop& loop_;
  socket sock_;
  std::function<void()> done_;
};

farewells::farewells() = default;

farewells::~farewells() = default;

void farewells::add(event_loop& loop, socket sock,
                    std::chrono::milliseconds limit,
                    std::function<void()> done) {
  if (there_.size() >= capacity)
    end(there_.front());
  auto place = there_.emplace(there_.end(), *this, loop, std::move(sock),
                              std::move(done));
  place->place = place;
  if (!place->begin(limit))
    end(*place);
}

void farewells::end(farewell& which) {
  auto done = which.close();
  there_.erase(which.place);
  done();
}

} // namespace coppice::net
