// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "deadline.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coppice_test {

/// A client on loopback that speaks TLS by OpenSSL and believes any server.
/// Each wait has a limit. Throws if there is no connection or no handshake.
class tls_talk {
public:
  explicit tls_talk(std::uint16_t port, milliseconds limit = patience)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        session_(SSL_new(context_.get()), SSL_free) {
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL's own way to write asks for none
    timeval time{limit.count() / 1000, limit.count() % 1000 * 1000};
    for (auto which : {SO_RCVTIMEO, SO_SNDTIMEO})
      ::setsockopt(fd_.get(), SOL_SOCKET, which, &time, sizeof time);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where)
        != 0)
      throw std::runtime_error("no connection");
    SSL_set_fd(session_.get(), fd_.get());
    if (SSL_connect(session_.get()) != 1)
      throw std::runtime_error("no handshake");
  }

  bool send(std::string_view data) {
    return SSL_write(session_.get(), data.data(), static_cast<int>(data.size()))
           == static_cast<int>(data.size());
  }

  /// Up to the end, or until nothing comes for as long as the limit.
  std::string receive_rest() {
    std::string result;
    char piece[4096];
    int n = 0;
    while ((n = SSL_read(session_.get(), piece, sizeof piece)) > 0)
      result.append(piece, static_cast<std::size_t>(n));
    return result;
  }

  bool echoes(std::string_view line = "still there?\n") {
    if (!send(line))
      return false;
    std::string got(line.size(), 0);
    std::size_t have = 0;
    while (have < got.size()) {
      auto n = SSL_read(session_.get(), got.data() + have,
                        static_cast<int>(got.size() - have));
      if (n <= 0)
        return false;
      have += static_cast<std::size_t>(n);
    }
    return got == line;
  }

private:
  class descriptor {
  public:
    explicit descriptor(int fd) : fd_(fd) {
      // nop
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
      ::close(fd_);
    }
    int get() const {
      return fd_;
    }

  private:
    int fd_;
  };

  descriptor fd_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

} // namespace coppice_test
