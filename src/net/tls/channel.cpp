// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/channel.hpp"

#include "net/tls/problem.hpp"
#include "net/try_later.hpp"

#include <sys/socket.h>

#include <openssl/err.h>

#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

namespace coppice::net {

tls_channel::tls_channel(tls_context::session session, int fd,
                         tls_context_ptr context)
    : fd_(fd), context_(std::move(context)), session_(std::move(session)) {
  auto* bio = BIO_new(method());
  if (bio == nullptr)
    throw std::bad_alloc{};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
  // Bytes that were not taken may stand elsewhere when they are sent again.
  SSL_set_mode(session_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE
                                 | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// What a call of OpenSSL came to, as an errno; 0: it was done.
int tls_channel::result_of(int result) {
  if (result > 0)
    return 0;
  switch (SSL_get_error(session_.get(), result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    return EAGAIN;
  default:
    break;
  }
  if (ended_) // whatever became of OpenSSL's alert about that
    return ECONNABORTED;
  if (io_error_ != 0)
    return io_error_;
  problem_ = last_problem();
  return EPROTO;
}

tls_channel::handshake tls_channel::shake_hands() {
  if (ready_)
    return handshake::done;
  ERR_clear_error();
  output_blocked_ = false;
  auto error = result_of(SSL_do_handshake(session_.get()));
  if (error == EAGAIN)
    return handshake::waits;
  if (error == 0) {
    ready_ = true;
    return handshake::done;
  }
  if (problem_.empty())
    problem_ = "it left during the handshake";
  return handshake::failed;
}

ssize_t tls_channel::receive(std::span<char> into) {
  ERR_clear_error();
  std::size_t n = 0;
  dry_ = false;
  auto result = SSL_read_ex(session_.get(), into.data(), into.size(), &n);
  if (result == 1)
    return static_cast<ssize_t>(n);
  if (SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN)
    return 0;
  auto error = result_of(result);
  dry_ = error == EAGAIN;
  errno = error;
  return -1;
}

ssize_t tls_channel::transmit(std::string_view data) {
  ERR_clear_error();
  output_blocked_ = false;
  std::size_t n = 0;
  auto result = SSL_write_ex(session_.get(), data.data(), data.size(), &n);
  if (result == 1)
    return static_cast<ssize_t>(n);
  errno = result_of(result);
  return -1;
}

bool tls_channel::has_input() const noexcept {
  return ready_ && !dry_ && SSL_has_pending(session_.get()) == 1;
}

void tls_channel::finish() noexcept {
  if (!ready_ || io_error_ != 0 || !problem_.empty()
      || std::exchange(finished_, true))
    return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
}

bool tls_channel::resumed() const noexcept {
  return SSL_session_reused(session_.get()) == 1;
}

// -- what OpenSSL reads from and writes to ------------------------------------

// Its own for sockets would raise SIGPIPE.
BIO_METHOD* tls_channel::method() {
  static auto* const result = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                              "coppice channel");
    if (made == nullptr)
      throw std::bad_alloc{};
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return result;
}

int tls_channel::read_socket(BIO* bio, char* into, int size) {
  auto& self = *static_cast<tls_channel*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  auto n = ::recv(self.fd_, into, static_cast<std::size_t>(size), 0);
  if (n == 0)
    self.ended_ = true;
  self.heard_ = self.heard_ || n > 0;
  if (n >= 0)
    return static_cast<int>(n);
  if (try_later(errno))
    BIO_set_retry_read(bio);
  else
    self.io_error_ = errno;
  return -1;
}

int tls_channel::write_socket(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<tls_channel*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  auto n = ::send(self.fd_, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n >= 0)
    return static_cast<int>(n);
  if (try_later(errno)) {
    self.output_blocked_ = true;
    BIO_set_retry_write(bio);
  } else {
    self.io_error_ = errno;
  }
  return -1;
}

long tls_channel::control(BIO* bio, int what, long, void*) {
  switch (what) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_EOF:
    return static_cast<tls_channel*>(BIO_get_data(bio))->ended_ ? 1 : 0;
  default:
    return 0;
  }
}

} // namespace coppice::net
