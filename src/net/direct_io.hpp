// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <span>

namespace coppice::net {

// libc's recv, send and epoll_wait are points where a thread may be cancelled.
// In a process of several threads that costs each call 30 instructions, more
// than all else that they do. coppice cancels no thread. Sanitizers watch
// libc's functions, so that they get those.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COPPICE_CALL_LIBC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COPPICE_CALL_LIBC 1
#endif
#endif

#ifdef COPPICE_CALL_LIBC

/// As recv(2) without flags.
inline ssize_t receive_directly(int fd, void* into, std::size_t size) {
  return ::recv(fd, into, size, 0);
}

/// As send(2) with MSG_NOSIGNAL.
inline ssize_t send_directly(int fd, const void* data, std::size_t size) {
  return ::send(fd, data, size, MSG_NOSIGNAL);
}

/// As epoll_wait(2) with `events` and their number.
inline int wait_directly(int fd, std::span<epoll_event> events, int timeout) {
  return ::epoll_wait(fd, events.data(), static_cast<int>(events.size()),
                      timeout);
}

#else

inline ssize_t receive_directly(int fd, void* into, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}

inline ssize_t send_directly(int fd, const void* data, std::size_t size) {
  return ::syscall(SYS_sendto, fd, data, size, MSG_NOSIGNAL, nullptr, 0);
}

// epoll_pwait, since newer architectures lack epoll_wait.
inline int wait_directly(int fd, std::span<epoll_event> events, int timeout) {
  return static_cast<int>(::syscall(SYS_epoll_pwait, fd, events.data(),
                                    events.size(), timeout, nullptr, 0));
}

#endif

} // namespace coppice::net
