// SPDX-License-Identifier: BSD-3-Clause
//
/// An echo server on Asio, one thread: what one would write without coppice.
/// Prints the port that it listens on.

#include <asio.hpp>

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

using asio::ip::tcp;

namespace {

class session : public std::enable_shared_from_this<session> {
public:
  explicit session(tcp::socket socket) : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay{true});
  }

  void read() {
    socket_.async_read_some(
      asio::buffer(buffer_),
      [self = shared_from_this()](asio::error_code error, std::size_t n) {
        if (!error)
          self->write(n);
      });
  }

private:
  void write(std::size_t size) {
    asio::async_write(
      socket_, asio::buffer(buffer_, size),
      [self = shared_from_this()](asio::error_code error, std::size_t) {
        if (!error)
          self->read();
      });
  }

  tcp::socket socket_;
  std::array<char, 16 * 1024> buffer_;
};

void accept(tcp::acceptor& from) {
  from.async_accept([&from](asio::error_code error, tcp::socket socket) {
    if (!error)
      std::make_shared<session>(std::move(socket))->read();
    accept(from);
  });
}

} // namespace

int main() {
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::printf("%d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  accept(acceptor);
  context.run();
}
