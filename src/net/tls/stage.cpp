// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/stage.hpp"

#include "net/tls/problem.hpp"
#include "net/try_later.hpp"

#include <sys/epoll.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

constexpr std::size_t largest_record = 16 * 1024;

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

// As in RFC 2253, in UTF-8, with control characters escaped.
std::string subject_of(X509* certificate) {
  std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), BIO_free};
  if (!out)
    throw std::bad_alloc{};
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

} // namespace

tls_stage::tls_stage(stage& below, stage_host& host, tls_context_ptr context)
    : stage(&below),
      host_(host),
      context_(std::move(context)),
      session_(context_->open()) {
  auto* bio = BIO_new(bio_method());
  if (bio == nullptr)
    throw std::bad_alloc{};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
}

tls_stage::~tls_stage() = default;

// Calls a function of OpenSSL that may call the stage below. To clear errors
// where there are none costs 8 % of the instructions of a short message.
template <class F>
int tls_stage::call(F fn) {
  if (ERR_peek_error() != 0) [[unlikely]]
    ERR_clear_error();
  auto result = fn(session_.get());
  if (thrown_) [[unlikely]]
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  return result;
}

// -- input --------------------------------------------------------------------

ssize_t tls_stage::receive(std::span<char> into) {
  if (ignores_input_)
    return below().receive(into);
  if (over_)
    return try_again();
  if (!shaken_)
    return shake_hands();
  dry_ = false;
  std::size_t n = 0;
  auto result = call([&](SSL* session) {
    return SSL_read_ex(session, into.data(), into.size(), &n);
  });
  return result == 1 ? static_cast<ssize_t>(n) : failed(result);
}

ssize_t tls_stage::shake_hands() {
  auto result = call(SSL_do_handshake);
  if (result == 1) {
    shaken_ = true;
    dry_ = false;
    return try_again(); // the handler is to be told before it gets bytes
  }
  auto why = SSL_get_error(session_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
    return try_again();
  over_ = true;
  auto reset = io_error_ == ECONNRESET || io_error_ == EPIPE;
  if (io_error_ != 0 && !reset) {
    errno = io_error_;
    return -1;
  }
  refuse(reset || ended_);
  return try_again();
}

void tls_stage::refuse(bool left) {
  auto [what, text] = last_handshake_problem();
  // Who connects and leaves without a word looks whether somebody listens.
  if (left && BIO_number_read(SSL_get_rbio(session_.get())) == 0)
    host_.refuse(refusal::tls_left, "");
  else if (left)
    host_.refuse(refusal::tls_left, "the client left during the handshake");
  else
    host_.refuse(what, text);
}

// SSL_read has not given bytes.
ssize_t tls_stage::failed(int result) {
  switch (SSL_get_error(session_.get(), result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    dry_ = true;
    return try_again();
  case SSL_ERROR_ZERO_RETURN:
    return 0;
  default:
    over_ = true;
    if (io_error_ != 0) {
      errno = io_error_;
      return -1;
    }
    host_.end_with(
      exit_reason::shutdown(ended_ ? "tls_truncated" : "tls_error"));
    return try_again();
  }
}

bool tls_stage::has_input() const noexcept {
  if (over_ || ignores_input_)
    return false;
  return (shaken_ && !dry_ && SSL_has_pending(session_.get()) == 1)
         || below().has_input();
}

// The end of the stage below is the peer's only if it has said goodbye.
bool tls_stage::take_input_end() {
  if (!below().take_input_end())
    return false;
  if (ignores_input_)
    return true;
  ended_ = true;
  if (!shaken_ && !over_) {
    over_ = true;
    refuse(true);
  } else if ((SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN) == 0) {
    over_ = true;
    host_.end_with(exit_reason::shutdown("tls_truncated"));
  }
  return false;
}

void tls_stage::schedule() {
  if (has_input() && host_.wants_input())
    host_.call_soon();
  below().schedule();
}

// -- output -------------------------------------------------------------------

ssize_t tls_stage::transmit(std::string_view data) {
  if (!takes_output())
    return try_again();
  std::size_t taken = 0;
  while (taken < data.size() && held_.empty()) {
    auto piece = data.substr(taken, largest_record);
    std::size_t n = 0;
    auto result = call([&](SSL* session) {
      return SSL_write_ex(session, piece.data(), piece.size(), &n);
    });
    if (result != 1) {
      errno = io_error_ != 0 ? io_error_ : EPROTO;
      return -1;
    }
    taken += n;
  }
  if (!held_.empty())
    host_.update_interest();
  return static_cast<ssize_t>(taken);
}

// Sends what the stage below takes, and holds the rest; returns an errno.
int tls_stage::send(std::string_view data) {
  while (held_.empty() && !data.empty()) {
    auto n = below().transmit(data);
    if (n >= 0)
      data.remove_prefix(static_cast<std::size_t>(n));
    else if (!try_later(errno))
      return io_error_ = errno;
    else
      break;
  }
  auto was_blocked = !held_.empty();
  held_.append(data);
  if (!was_blocked && !held_.empty())
    host_.on_output_blocked();
  return 0;
}

int tls_stage::send_held() {
  while (!held_.empty()) {
    auto n = below().transmit(held_);
    if (n < 0)
      return try_later(errno) ? 0 : errno;
    host_.on_output_moved();
    held_.erase(0, static_cast<std::size_t>(n));
  }
  if (held_.capacity() > 0)
    std::string{}.swap(held_);
  return 0;
}

int tls_stage::advance() {
  if (auto error = below().advance(); error != 0)
    return error;
  return send_held();
}

std::uint32_t tls_stage::interest(std::uint32_t wanted) const noexcept {
  // A peer that does not read its answers is not read from either.
  if (!held_.empty())
    wanted = EPOLLOUT;
  else if (!shaken_)
    wanted = EPOLLIN;
  return below().interest(wanted);
}

stage::progress tls_stage::finish() {
  if (shaken_ && !over_ && !std::exchange(said_goodbye_, true))
    call(SSL_shutdown); // sends close_notify
  if (auto error = send_held(); error != 0) {
    errno = error;
    return progress::failed;
  }
  return held_.empty() ? below().finish() : progress::waits;
}

// -- the handshake ------------------------------------------------------------

std::string_view tls_stage::version() const noexcept {
  return shaken_ ? SSL_get_version(session_.get()) : "handshake";
}

bool tls_stage::resumed() const noexcept {
  return SSL_session_reused(session_.get()) == 1;
}

// Most handlers never ask, and idle connections are many.
const tls_info& tls_stage::info() {
  if (info_)
    return *info_;
  auto* session = session_.get();
  tls_info result;
  result.version = SSL_get_version(session);
  result.cipher = SSL_get_cipher_name(session);
  result.server_name
    = text_or_empty(SSL_get_servername(session, TLSEXT_NAMETYPE_host_name));
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session, &alpn, &size);
  if (size > 0)
    result.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  if (auto* client = SSL_get0_peer_certificate(session))
    result.client = subject_of(client);
  result.resumed = resumed();
  info_ = std::make_unique<const tls_info>(std::move(result));
  return *info_;
}

// -- what OpenSSL reads from and writes to ------------------------------------

BIO_METHOD* tls_stage::bio_method() {
  static auto* const result = [] {
    auto* made
      = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coppice");
    if (made == nullptr)
      throw std::bad_alloc{};
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return result;
}

int tls_stage::bio_read(BIO* bio, char* into, int size) {
  auto& self = *static_cast<tls_stage*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t n = -1;
  try {
    n = self.below().receive({into, static_cast<std::size_t>(size)});
  } catch (...) {
    self.thrown_ = std::current_exception();
    return -1;
  }
  if (n == 0)
    self.ended_ = true;
  if (n >= 0)
    return static_cast<int>(n);
  if (try_later(errno))
    BIO_set_retry_read(bio);
  else
    self.io_error_ = errno;
  return -1;
}

int tls_stage::bio_write(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<tls_stage*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  try {
    return self.send({data, static_cast<std::size_t>(size)}) == 0 ? size : -1;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return -1;
  }
}

long tls_stage::bio_control(BIO* bio, int what, long, void*) {
  switch (what) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_EOF:
    return static_cast<tls_stage*>(BIO_get_data(bio))->ended_ ? 1 : 0;
  default:
    return 0;
  }
}

} // namespace coppice::net
