// SPDX-License-Identifier: BSD-3-Clause
//
// Preloaded into a server under test: makes accept4 and pthread_create fail,
// and turns the wall clock, as the files say whose names COPPICE_TEST_FAULTS
// begins. See faults.hpp.
//
// System calls are made directly: under a sanitizer, what dlsym would find may
// not be ready yet.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

namespace {

std::string fault_file(const char* name) {
  const char* prefix = std::getenv("COPPICE_TEST_FAULTS");
  return prefix == nullptr ? std::string() : std::string(prefix) + name;
}

// The text of a small file; empty if there is none.
std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return {};
  char buffer[128];
  const ssize_t count = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  return count > 0 ? std::string(buffer, static_cast<std::size_t>(count))
                   : std::string();
}

int local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return -1;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return -1;
}

// The error that this call is to fail with; 0 if with none. Each one injected
// is told by a byte more in the file that counts them.
int error_to_inject(int fd) {
  static std::mutex mutex;
  static std::string last_order;
  static int left = 0;
  static const std::string orders = fault_file("accept");
  static const std::string injected = fault_file("injected");
  const std::scoped_lock lock(mutex);
  const std::string order = read_file(orders);
  int number = 0;
  int port = 0;
  int error = 0;
  int count = 0;
  if (std::sscanf(order.c_str(), "%d %d %d %d", &number, &port, &error, &count)
      != 4)
    return 0;
  if (order != last_order) {
    last_order = order;
    left = count;
  }
  if (left == 0 || local_port(fd) != port)
    return 0;
  --left;
  const int told
    = ::open(injected.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  [[maybe_unused]] const ssize_t written = ::write(told, ".", 1);
  ::close(told);
  return error;
}

long wall_clock_offset() {
  static const std::string path = fault_file("clock");
  return std::atol(read_file(path).c_str());
}

bool threads_are_taken() {
  static const std::string path = fault_file("threads");
  return !path.empty() && ::access(path.c_str(), F_OK) == 0;
}

using thread_maker
  = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

} // namespace

extern "C" {

int pthread_create(pthread_t* made, const pthread_attr_t* how,
                   void* (*fn)(void*), void* argument) {
  if (threads_are_taken())
    return EAGAIN;
  static const auto next
    = reinterpret_cast<thread_maker>(::dlsym(RTLD_NEXT, "pthread_create"));
  return next(made, how, fn, argument);
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (const int error = error_to_inject(fd); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto result
    = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  if (result == 0 && clock == CLOCK_REALTIME)
    now->tv_sec += wall_clock_offset();
  return result;
}
}
