// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_connection.hpp"

#include "admin/responses.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace coppice::admin {

namespace {

// For a request that is on its way when another process takes over.
constexpr std::chrono::milliseconds hearing_out{300};

// A client that goes on sending after its last answer is not read for ever.
constexpr std::size_t most_forgotten_bytes = 1024 * 1024;

constexpr std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";

// A program may read `tls`.
response no_tls_spoken() {
  return {400, written({{"error", "this admin API speaks TLS: ask https://, "
                                  "with --admin https://HOST:PORT"},
                        {"tls", true}})};
}

} // namespace

http_connection::http_connection(http_connection_owner& owner, std::uint64_t id,
                                 net::socket sock, http_visitor visitor,
                                 const net::tls_context_ptr& tls)
    : owner_(owner),
      id_(id),
      sock_(std::move(sock)),
      visitor_(std::move(visitor)),
      reader_(owner.limits().bounds),
      since_(clock::now()) {
  if (tls)
    tls_ = std::make_unique<net::tls_channel>(tls->open(), sock_.fd(), tls);
}

http_connection::~http_connection() = default;

bool http_connection::start() {
  watched_ = EPOLLIN;
  if (!owner_.loop().add(sock_.fd(), watched_, *this))
    return false;
  enter(tls_ ? phase::handshake : phase::head);
  return true;
}

// -- where it is --------------------------------------------------------------

std::optional<std::chrono::milliseconds>
http_connection::limit_of(phase which) const {
  auto& limits = owner_.limits();
  switch (which) {
  case phase::handshake:
    return limits.handshake;
  case phase::idle:
    return limits.idle;
  case phase::head:
    return limits.head;
  case phase::body:
    return limits.body;
  case phase::sending:
    return limits.send;
  case phase::lingering:
    return limits.linger;
  case phase::working:
  case phase::streaming: // from when it is held
  case phase::closed:
    break;
  }
  return {};
}

void http_connection::enter(phase next) {
  phase_ = next;
  since_ = clock::now();
  if (auto limit = limit_of(next))
    owner_.loop().arm(*this, *limit);
  else
    owner_.loop().cancel(*this);
}

void http_connection::on_timer() {
  auto waits_for_request = phase_ == phase::head || phase_ == phase::body;
  if (!waits_for_request || !reader_.begun())
    return close();
  reply(failure(408, "the request did not come in time"), after_answer::close);
  run();
}

// Goes on as far as it can without waiting.
void http_connection::run() {
  for (;;) {
    switch (phase_) {
    case phase::sending:
      if (!flush())
        return watch();
      after_sent();
      continue;
    case phase::handshake:
    case phase::streaming:
    case phase::working:
    case phase::lingering:
      return watch();
    case phase::closed:
      return;
    case phase::idle:
    case phase::head:
    case phase::body:
      break;
    }
    switch (reader_.now()) {
    case http_reader::stage::head:
      if (eof_ || (finishing_ && !reader_.begun()))
        return close();
      if (phase_ == phase::idle && reader_.begun())
        enter(phase::head);
      return watch();
    case http_reader::stage::judging:
      judge();
      break;
    case http_reader::stage::body:
      if (eof_)
        return close();
      if (phase_ != phase::body)
        enter(phase::body);
      flush(); // what tells the client to go ahead
      return watch();
    case http_reader::stage::done:
      pass_on();
      break;
    case http_reader::stage::failed:
      reply(failure(reader_.error().status, reader_.error().message),
            after_answer::close);
      break;
    }
  }
}

// A request that is not permitted is refused before the body is read. Other
// errors are answered after it, so that the connection can stay.
void http_connection::judge() {
  auto& head = reader_.head();
  then_ = !head.keep_alive   ? after_answer::close
          : head.version_1_0 ? after_answer::keep_1_0
                             : after_answer::keep;
  head_only_ = head.method == "HEAD";
  auto req = to_request(head);
  req.from = visitor_.from;
  if (req.path.empty())
    return reply(failure(400, "the target of a request is a path"),
                 after_answer::close);
  auto refused = owner_.refuse(req);
  auto forbidden
    = refused && (refused->status == 401 || refused->status == 403);
  if (refused && (forbidden || !head.has_body()))
    return reply(*refused, head.has_body() ? after_answer::close : then_);
  reader_.accept_body();
  if (reader_.now() == http_reader::stage::body && head.expects_continue
      && reader_.buffered() == 0)
    out_.push(go_ahead);
}

void http_connection::pass_on() {
  auto req = to_request(reader_.head());
  req.from = visitor_.from;
  req.body = reader_.take_body();
  enter(phase::working);
  owner_.on_request(*this, std::move(req));
}

// -- answers ------------------------------------------------------------------

void http_connection::reply(const response& what, after_answer then) {
  then_ = finishing_ ? after_answer::close : then;
  auto head_only = std::exchange(head_only_, false);
  out_.push(to_bytes(what, then_, head_only));
  enter(phase::sending);
}

void http_connection::answer(const response& what) {
  if (phase_ != phase::working)
    return;
  ticket.reset();
  reply(what, then_);
  run();
}

void http_connection::begin_stream() {
  if (phase_ != phase::working)
    return;
  ticket.reset();
  chunked_ = !reader_.head().version_1_0;
  if (!chunked_) // its end is that of the connection
    then_ = after_answer::close;
  out_.push(stream_head(chunked_, then_ == after_answer::close));
  if (std::exchange(head_only_, false)) {
    enter(phase::sending);
    return run();
  }
  enter(phase::streaming);
  stream({});
}

void http_connection::stream(std::string_view text) {
  if (phase_ != phase::streaming)
    return;
  if (unsent() == 0) // it has waited for us, not we for it
    since_ = clock::now();
  if (!text.empty())
    out_.push(chunked_ ? to_chunk(text) : std::string{text});
  auto waited = armed();
  auto before = unsent();
  auto all_taken = flush();
  if (phase_ != phase::streaming)
    return;
  if (all_taken)
    owner_.loop().cancel(*this);
  else if (!waited || unsent() < before) // it is slow, but it reads
    owner_.loop().arm(*this, owner_.limits().stream);
  if (auto held = unsent() > owner_.limits().unsent_of_stream; held != held_) {
    held_ = held;
    owner_.on_stream_held(*this, held);
  }
  watch();
}

void http_connection::after_sent() {
  if (then_ == after_answer::close)
    return linger();
  reader_.next();
  enter(reader_.begun() ? phase::head : phase::idle);
}

// -- the socket ---------------------------------------------------------------

void http_connection::on_io(std::uint32_t events) {
  if (phase_ == phase::closed)
    return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0)
    return close();
  if (phase_ == phase::handshake)
    shake_hands();
  else if ((events & EPOLLIN) != 0)
    read_some();
  if (phase_ == phase::streaming)
    stream({});
  else
    run();
}

// What comes with the last bytes of the handshake is read at once: the socket
// does not show it any more.
void http_connection::shake_hands() {
  if (speaks_plainly()) {
    tls_.reset();
    return reply(no_tls_spoken(), after_answer::close);
  }
  switch (tls_->shake_hands()) {
  case net::tls_channel::handshake::waits:
    return;
  case net::tls_channel::handshake::failed:
    return close();
  case net::tls_channel::handshake::done:
    enter(phase::head);
    return read_some();
  }
}

// Whether the client begins with the method of a request.
bool http_connection::speaks_plainly() const {
  char first = 0;
  return !tls_->has_heard() && ::recv(sock_.fd(), &first, 1, MSG_PEEK) == 1
         && ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'));
}

ssize_t http_connection::receive(std::span<char> into) {
  return tls_ ? tls_->receive(into)
              : ::recv(sock_.fd(), into.data(), into.size(), 0);
}

ssize_t http_connection::transmit(std::string_view data) {
  return tls_ ? tls_->transmit(data)
              : ::send(sock_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
}

void http_connection::read_some() {
  do
    read_once();
  while (phase_ != phase::closed && tls_ && tls_->has_input());
}

void http_connection::read_once() {
  auto room = owner_.loop().buffer();
  auto got = receive(room);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR)
      close();
    return;
  }
  auto n = static_cast<std::size_t>(got);
  if (phase_ == phase::lingering) {
    forgotten_bytes_ += n;
    if (n == 0 || forgotten_bytes_ > most_forgotten_bytes)
      close();
    return;
  }
  if (n == 0)
    eof_ = true;
  else
    reader_.feed({room.data(), n});
}

// Closing at once would make the kernel reset a connection on which something
// has come that nobody read, and the client would lose the answer.
void http_connection::linger() {
  if (tls_)
    tls_->finish();
  if (eof_ || ::shutdown(sock_.fd(), SHUT_WR) != 0)
    return close();
  enter(phase::lingering);
}

// Sends what it can; whether that was all.
bool http_connection::flush() {
  while (unsent() > 0) {
    auto rest = out_.front();
    auto took = transmit(rest);
    if (took < 0 && errno == EINTR)
      continue;
    if (took < 0 && errno == EAGAIN)
      return false;
    if (took < 0) {
      close();
      return false;
    }
    out_.pop(static_cast<std::size_t>(took));
    if (phase_ == phase::sending || phase_ == phase::streaming)
      since_ = clock::now();
  }
  return true;
}

// Bytes that cannot be taken now stay in the kernel.
void http_connection::watch() {
  if (phase_ == phase::closed)
    return;
  auto reads
    = phase_ == phase::idle || phase_ == phase::head || phase_ == phase::body;
  std::uint32_t wanted = 0;
  if (phase_ == phase::handshake)
    wanted = tls_->output_blocked() ? EPOLLOUT : EPOLLIN;
  if ((reads && !eof_) || phase_ == phase::lingering)
    wanted |= EPOLLIN;
  if (unsent() > 0)
    wanted |= EPOLLOUT;
  if (wanted != watched_)
    owner_.loop().modify(sock_.fd(), wanted, *this);
  watched_ = wanted;
}

// -- the end ------------------------------------------------------------------

bool http_connection::may_go() const noexcept {
  return phase_ != phase::streaming
         && (phase_ != phase::working || (ticket && ticket->cancel()));
}

void http_connection::make_room() {
  auto text
    = to_bytes(failure(503, "too many clients; this one waited longest"),
               after_answer::close, false);
  auto asks
    = phase_ == phase::working
      || (reader_.begun() && (phase_ == phase::head || phase_ == phase::body));
  if (asks) {
    [[maybe_unused]] auto n = transmit(text);
  }
  close();
}

void http_connection::finish(bool hears_out) {
  finishing_ = true;
  then_ = after_answer::close;
  switch (phase_) {
  case phase::streaming:
    if (chunked_)
      out_.push("0\r\n\r\n");
    flush();
    if (tls_)
      tls_->finish();
    return close();
  case phase::handshake:
  case phase::head:
  case phase::body:
    if (hears_out)
      return owner_.loop().arm(*this, hearing_out);
    return close();
  case phase::idle:
  case phase::lingering:
    return close();
  case phase::working:
  case phase::sending:
  case phase::closed:
    return;
  }
}

void http_connection::close() {
  if (phase_ == phase::closed)
    return;
  if (ticket) { // nobody waits for the answer any more
    ticket->cancel();
    ticket.reset();
  }
  owner_.loop().remove(sock_.fd());
  sock_.close();
  enter(phase::closed);
  owner_.on_closed(*this);
}

} // namespace coppice::admin
