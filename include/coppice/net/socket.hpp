#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::net {

/// Owns a file descriptor.
class socket {
public:
  socket() noexcept = default;

  explicit socket(int fd) noexcept : fd_(fd) {
    // nop
  }

  socket(socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {
    // nop
  }

  socket& operator=(socket&& other) noexcept;

  ~socket();

  /// The descriptor; -1 if there is none.
  int fd() const noexcept {
    return fd_;
  }

  explicit operator bool() const noexcept {
    return fd_ >= 0;
  }

  void close() noexcept;

private:
  int fd_ = -1;
};

/// Where a stream socket listens or is connected to: an IPv4 or IPv6 address
/// with a port, or the path of a Unix socket.
class endpoint {
public:
  endpoint() noexcept = default;

  /// Reads a numeric address or `localhost` (127.0.0.1); nothing if it is
  /// neither.
  static std::optional<endpoint> parse(std::string_view address,
                                       std::uint16_t port);

  /// The Unix socket at `path`; nothing if it is empty, has a NUL in it, or is
  /// too long for the kernel (107 bytes).
  static std::optional<endpoint> unix_path(std::string_view path);

  /// Where `fd` is bound.
  static endpoint local(int fd);

  int family() const noexcept {
    return storage_.ss_family;
  }

  bool is_unix() const noexcept {
    return family() == AF_UNIX;
  }

  /// 0 for a Unix socket.
  std::uint16_t port() const noexcept;

  /// The numeric address, or the path of a Unix socket.
  std::string address() const;

  /// Whether only this machine can reach it; so it is for Unix sockets.
  bool loopback() const noexcept;

  /// Whether this stands for all addresses of the machine.
  bool any() const noexcept;

  const sockaddr* data() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }

  socklen_t size() const noexcept {
    return size_;
  }

private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

/// `127.0.0.1:6000`, `[::1]:6000` or `unix:/run/echo.sock`.
std::string to_string(const endpoint& ep);

} // namespace coppice::net
