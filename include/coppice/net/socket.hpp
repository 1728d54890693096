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

/// An IPv4 or IPv6 address with a port.
class endpoint {
public:
  endpoint() noexcept = default;

  /// Reads a numeric address or `localhost` (127.0.0.1); nothing if it is
  /// neither.
  static std::optional<endpoint> parse(std::string_view address,
                                       std::uint16_t port);

  /// Where `fd` is bound.
  static endpoint local(int fd);

  /// Whom `fd` is connected to.
  static endpoint peer(int fd);

  int family() const noexcept {
    return storage_.ss_family;
  }

  std::uint16_t port() const noexcept;
  std::string address() const;
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
  friend struct endpoint_access;

  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

/// `127.0.0.1:6000` or `[::1]:6000`.
std::string to_string(const endpoint& ep);

/// A socket, or why there is none.
struct open_result {
  socket sock;
  int error = 0;            ///< errno of the call that failed; 0: none did.
  std::string message = {}; ///< For a person: what happened, what to do.
};

/// Opens a listening TCP socket, non-blocking, with SO_REUSEADDR; `::` takes
/// IPv4, too. Falls back from `::` to `0.0.0.0` where there is no IPv6.
open_result listen_tcp(const endpoint& where, int backlog);

} // namespace coppice::net
