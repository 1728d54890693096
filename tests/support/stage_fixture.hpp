// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"
#include "coppice/net/proxy.hpp"
#include "net/counters.hpp"
#include "net/fault_points.hpp"
#include "net/socket.hpp"
#include "net/stage.hpp"

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace coppice::test {

using namespace net;

/// A connection without an actor, whose time is in the hands of the test.
class fake_stage_host final : public stage_host {
public:
  bool wants_input() const noexcept override {
    return true;
  }

  void on_stage_due() override {
    // nop
  }

  void update_interest() override {
    ++updates;
  }

  void on_heard() override {
    ++heard;
  }

  void on_output_moved() override {
    // nop
  }

  void on_output_blocked() override {
    // nop
  }

  void run_after(std::chrono::nanoseconds, std::function<void()> fn) override {
    later.push_back(std::move(fn));
  }

  void apply_fault(const fault::decision& decision) override {
    applied.push_back(decision.kind);
  }

  void call_soon() override {
    ++called;
  }

  void refuse(refusal what, const std::string& why) override {
    refused.emplace_back(what, why);
  }

  void end_with(const supervision::exit_reason& reason) override {
    ends.push_back(to_string(reason));
  }

  void on_proxy_header(proxy_info info) override {
    headers.push_back(std::move(info));
  }

  int updates = 0;
  int heard = 0;
  std::vector<std::function<void()>> later;
  std::vector<fault::action_kind> applied;
  int called = 0;
  std::vector<std::pair<refusal, std::string>> refused;
  std::vector<std::string> ends;
  std::vector<proxy_info> headers;
};

/// Two ends of a stream, and what a stage needs besides.
class stage_fixture : public ::testing::Test {
protected:
  stage_fixture() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    ours = net::socket{fds[0]};
    peer = net::socket{fds[1]};
  }

  void peer_sends(std::string_view data) {
    ASSERT_EQ(::send(peer.fd(), data.data(), data.size(), 0),
              static_cast<ssize_t>(data.size()));
  }

  /// What the peer has got by now, at most `limit` bytes.
  std::string peer_gets(std::size_t limit = 64) {
    std::string buffer(limit, 0);
    auto n = ::recv(peer.fd(), buffer.data(), buffer.size(), 0);
    buffer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return buffer;
  }

  fault::registry registry{{.seed = 1}};
  fault_points points{registry};
  traffic_counters traffic;
  fake_stage_host host;
  net::socket ours;
  net::socket peer;
};

} // namespace coppice::test
