// SPDX-License-Identifier: BSD-3-Clause
//
/// An echo server on libuv: what one would write without coppice. Prints the
/// port that it listens on.

#include <netinet/in.h>
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct connection {
  uv_tcp_t tcp;
  uv_write_t request;
  std::string pending; // at most one write is under way
};

char buffer[64 * 1024]; // of the connection that is being read from

connection* owner(void* of) {
  return static_cast<connection*>(of);
}

void demand(int result, const char* what) {
  if (result >= 0)
    return;
  std::fprintf(stderr, "uv-echo: %s: %s\n", what, uv_strerror(result));
  std::exit(1);
}

void end(connection* c) {
  uv_close(reinterpret_cast<uv_handle_t*>(&c->tcp),
           [](uv_handle_t* handle) { delete owner(handle->data); });
}

void read(connection* c);

void on_written(uv_write_t* request, int status) {
  auto* c = owner(request->data);
  c->pending = {};
  if (status == 0)
    read(c);
  else if (status != UV_ECANCELED)
    end(c);
}

void write(connection* c, char* data, std::size_t size) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&c->tcp);
  auto all = uv_buf_init(data, static_cast<unsigned>(size));
  auto n = uv_try_write(stream, &all, 1);
  if (n < 0 && n != UV_EAGAIN)
    return end(c);
  auto sent = n < 0 ? 0 : static_cast<std::size_t>(n);
  if (sent == size)
    return;
  uv_read_stop(stream);
  c->pending.assign(data + sent, size - sent);
  auto rest
    = uv_buf_init(c->pending.data(), static_cast<unsigned>(c->pending.size()));
  c->request.data = c;
  demand(uv_write(&c->request, stream, &rest, 1, on_written), "uv_write");
}

void read(connection* c) {
  auto lend = [](uv_handle_t*, std::size_t, uv_buf_t* into) {
    *into = uv_buf_init(buffer, sizeof(buffer));
  };
  auto take = [](uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
    auto* who = owner(stream->data);
    if (n > 0)
      write(who, buffer, static_cast<std::size_t>(n));
    else if (n < 0)
      end(who);
  };
  uv_read_start(reinterpret_cast<uv_stream_t*>(&c->tcp), lend, take);
}

void on_connection(uv_stream_t* server, int status) {
  demand(status, "accept");
  auto* c = new connection{};
  uv_tcp_init(server->loop, &c->tcp);
  c->tcp.data = c;
  demand(uv_accept(server, reinterpret_cast<uv_stream_t*>(&c->tcp)), "accept");
  uv_tcp_nodelay(&c->tcp, 1);
  read(c);
}

} // namespace

int main() {
  auto* loop = uv_default_loop();
  uv_tcp_t server;
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &server);
  auto* where = reinterpret_cast<sockaddr*>(&address);
  demand(uv_tcp_bind(&server, where, 0), "bind");
  demand(uv_listen(reinterpret_cast<uv_stream_t*>(&server), SOMAXCONN,
                   on_connection),
         "listen");
  int size = sizeof(address);
  demand(uv_tcp_getsockname(&server, where, &size), "getsockname");
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
