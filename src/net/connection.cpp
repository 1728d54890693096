// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/connection.hpp"

#include "net/connection_actor.hpp"

namespace coppice::net {

namespace {

connection_actor& actor_of(connection& self) noexcept {
  return static_cast<connection_actor&>(self);
}

const connection_actor& actor_of(const connection& self) noexcept {
  return static_cast<const connection_actor&>(self);
}

} // namespace

void connection::write(std::string_view data) {
  actor_of(*this).write(data);
}

void connection::close() {
  actor_of(*this).close();
}

void connection::abort(const supervision::exit_reason& reason) {
  actor_of(*this).abort(reason);
}

void connection::call_when_writable() {
  actor_of(*this).call_when_writable();
}

void connection::pause() {
  actor_of(*this).pause_reading();
}

void connection::resume() {
  actor_of(*this).resume_reading();
}

void connection::set_timeout(std::optional<std::chrono::milliseconds> idle) {
  actor_of(*this).set_timeout(idle);
}

std::size_t connection::waiting_bytes() const noexcept {
  return actor_of(*this).waiting_bytes();
}

void connection::start_tls() {
  actor_of(*this).start_tls();
}

const tls_info* connection::tls() const {
  return actor_of(*this).tls();
}

const proxy_info* connection::proxy() const noexcept {
  return actor_of(*this).proxy();
}

std::uint64_t connection::id() const noexcept {
  return actor_of(*this).id();
}

const observe::peer_address& connection::peer() const noexcept {
  return actor_of(*this).peer();
}

std::string connection::path() const {
  return actor_of(*this).path();
}

caf::actor connection::handle() {
  return actor_of(*this).handle();
}

} // namespace coppice::net
