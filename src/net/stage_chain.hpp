// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/fault_points.hpp"
#include "net/fault_stage.hpp"
#include "net/proxy_stage.hpp"
#include "net/rate_stage.hpp"
#include "net/socket.hpp"
#include "net/socket_stage.hpp"
#include "net/stage.hpp"
#include "net/tls/stage.hpp"
#include "net/toxic/link.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace coppice::net {

/// The stages of one connection: its socket, and what was put above that, in a
/// fixed order: faults, toxics, the header of a proxy, TLS, rates. Many
/// connections have the socket alone, which is called directly.
class stage_chain {
public:
  stage_chain(socket sock, traffic_counters& traffic) noexcept
      : socket_(std::move(sock), traffic) {
    // nop
  }

  stage_chain(const stage_chain&) = delete;
  stage_chain& operator=(const stage_chain&) = delete;

  /// Whether there is nothing but the socket.
  bool only_socket() const noexcept {
    return top_ == &socket_;
  }

  ssize_t receive(std::span<char> into) {
    return only_socket() ? socket_.receive(into) : top_->receive(into);
  }

  ssize_t transmit(std::string_view data) {
    return only_socket() ? socket_.transmit(data) : top_->transmit(data);
  }

  /// The highest stage, for all other questions.
  stage& top() noexcept {
    return *top_;
  }

  const stage& top() const noexcept {
    return *top_;
  }

  socket_stage& socket_end() noexcept {
    return socket_;
  }

  const socket_stage& socket_end() const noexcept {
    return socket_;
  }

  /// The stage of faults, which is put in if there is none.
  fault_stage& faults(stage_host& host, const fault_points& points) {
    if (!faults_) {
      faults_ = std::make_unique<fault_stage>(socket_, host, points.recv,
                                              points.send);
      connect();
    }
    return *faults_;
  }

  /// The stage of toxics; null: there is none.
  toxic_link* toxics() noexcept {
    return toxics_.get();
  }

  /// Puts in a stage of toxics, or takes it out.
  void set_toxics(std::unique_ptr<toxic_link> value) {
    toxics_ = std::move(value);
    connect();
  }

  /// The stage that waits for the header of a proxy; null: there is none.
  const proxy_stage* proxy() const noexcept {
    return proxy_.get();
  }

  /// Puts it in, or takes it out.
  void set_proxy(std::unique_ptr<proxy_stage> value) {
    proxy_ = std::move(value);
    connect();
  }

  /// The stage of TLS; null: there is none.
  tls_stage* tls() const noexcept {
    return tls_.get();
  }

  /// Puts it in, with faults of its own above it.
  void set_tls(std::unique_ptr<tls_stage> value, stage_host& host,
               const fault_points& points) {
    tls_ = std::move(value);
    tls_faults_ = std::make_unique<fault_stage>(*tls_, host, points.tls_read,
                                                points.tls_write);
    connect();
  }

  /// The stage of rates; null: there is none.
  const rate_stage* rates() const noexcept {
    return rates_.get();
  }

  /// Puts it in, or takes it out.
  void set_rates(std::unique_ptr<rate_stage> value) {
    rates_ = std::move(value);
    connect();
  }

private:
  void connect() noexcept {
    top_ = &socket_;
    for (stage* next :
         {static_cast<stage*>(faults_.get()),
          static_cast<stage*>(toxics_.get()), static_cast<stage*>(proxy_.get()),
          static_cast<stage*>(tls_.get()),
          static_cast<stage*>(tls_faults_.get()),
          static_cast<stage*>(rates_.get())}) {
      if (next == nullptr)
        continue;
      next->set_below(*top_);
      top_ = next;
    }
  }

  socket_stage socket_;
  std::unique_ptr<fault_stage> faults_;
  std::unique_ptr<toxic_link> toxics_;
  std::unique_ptr<proxy_stage> proxy_;
  std::unique_ptr<tls_stage> tls_;
  std::unique_ptr<fault_stage> tls_faults_;
  std::unique_ptr<rate_stage> rates_;
  stage* top_ = &socket_;
};

} // namespace coppice::net
