// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace coppice::test {

/// A server of echo that answers what a function makes of each piece that it
/// reads, which is called on its thread; nothing instead of it ends the
/// connection.
class flawed_server {
public:
  /// `sent` is how many bytes of the connection were read before.
  using flaw = std::function<bool(std::string& data, std::size_t sent)>;

  explicit flawed_server(flaw what)
      : what_(std::move(what)),
        listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&where);
    socklen_t length = sizeof where;
    if (::bind(listening_.fd(), address, length) != 0
        || ::listen(listening_.fd(), 128) != 0
        || ::getsockname(listening_.fd(), address, &length) != 0)
      throw std::runtime_error("cannot listen");
    authority_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread{[this] { run(); }};
  }

  ~flawed_server() {
    ::eventfd_write(stop_.fd(), 1);
    thread_.join();
  }

  const std::string& authority() const {
    return authority_;
  }

private:
  struct connection {
    net::socket sock;
    std::size_t read = 0;
  };

  void run() {
    std::vector<connection> all;
    for (;;) {
      std::vector<pollfd> ready{{stop_.fd(), POLLIN, 0},
                                {listening_.fd(), POLLIN, 0}};
      for (auto& each : all)
        ready.push_back({each.sock.fd(), POLLIN, 0});
      ::poll(ready.data(), ready.size(), -1);
      if (ready[0].revents != 0)
        return;
      for (std::size_t i = 0; i < all.size(); ++i)
        if (ready[i + 2].revents != 0 && !serve(all[i]))
          all[i].sock.close();
      std::erase_if(all, [](auto& each) { return !each.sock; });
      if (ready[1].revents != 0)
        all.push_back({net::socket{
          ::accept4(listening_.fd(), nullptr, nullptr, SOCK_CLOEXEC)}});
    }
  }

  bool serve(connection& with) {
    char chunk[4096];
    auto n = ::recv(with.sock.fd(), chunk, sizeof chunk, 0);
    if (n <= 0)
      return false;
    std::string data{chunk, static_cast<std::size_t>(n)};
    auto before = std::exchange(with.read, with.read + data.size());
    if (!what_(data, before))
      return false;
    return ::send(with.sock.fd(), data.data(), data.size(), MSG_NOSIGNAL)
           == static_cast<ssize_t>(data.size());
  }

  flaw what_;
  std::string authority_;
  net::socket listening_;
  net::socket stop_;
  std::thread thread_;
};

} // namespace coppice::test
