// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "support/listener_fixture.hpp"

#include <poll.h>

#include <chrono>
#include <string>

namespace coppice::test {

/// Tests of toxics on the connections of a listener.
class toxic_fixture : public listener_fixture {
protected:
  void serve(net::limits limits = {}) {
    script.close
      = [this](net::connection&, const supervision::exit_reason& reason) {
          log.add(to_string(reason));
        };
    listener_fixture::serve(net::topology::linked, 1, 1000, limits);
  }

  // The handlers use `log` to the last.
  void TearDown() override {
    EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
    stop();
  }

  void add(net::toxic_effect effect,
           net::toxic_stream stream = net::toxic_stream::downstream) {
    auto added = listener->add_toxic({effect, stream});
    EXPECT_TRUE(added) << added.error().message;
  }

  void heal() {
    EXPECT_TRUE(listener->remove_all_toxics());
  }

  std::string reason() {
    return log.wait_for(1).at(0);
  }

  recorder log;
};

/// How long something took.
class stopwatch {
public:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::floor<std::chrono::milliseconds>(
      net::reactor::clock::now() - start_);
  }

private:
  net::reactor::clock::time_point start_ = net::reactor::clock::now();
};

/// Whether nothing comes on the connection for `span`.
inline bool silent(const client& peer, std::chrono::milliseconds span) {
  pollfd ready{peer.fd(), POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(span.count())) == 0;
}

} // namespace coppice::test
