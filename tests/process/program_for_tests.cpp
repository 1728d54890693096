// SPDX-License-Identifier: BSD-3-Clause

// A program that behaves as a test wants: a list of steps, each with its
// arguments, one after the other.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using arguments = std::vector<std::string>;

int number(const std::string& text) {
  return std::atoi(text.c_str());
}

// What follows in the list belongs to the child.
void in_child(const std::function<void()>& first) {
  auto pid = ::fork();
  if (pid != 0)
    std::_Exit(pid < 0 ? 99 : 0);
  first();
}

int notify_socket(sockaddr_un& to, socklen_t& size) {
  const auto* address = std::getenv("NOTIFY_SOCKET");
  if (address == nullptr)
    std::_Exit(98);
  to = {};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, address, sizeof to.sun_path - 1);
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path)
                                + std::strlen(address));
  if (to.sun_path[0] == '@')
    to.sun_path[0] = '\0';
  return ::socket(AF_UNIX, SOCK_DGRAM, 0);
}

void notify(const std::string& text) {
  sockaddr_un to;
  socklen_t size;
  auto fd = notify_socket(to, size);
  ::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to),
           size);
  ::close(fd);
}

// Ends with 97 unless the other side closes its descriptor within 5 s.
void barrier() {
  int ends[2];
  if (::pipe(ends) < 0)
    std::_Exit(99);
  sockaddr_un to;
  socklen_t size;
  auto fd = notify_socket(to, size);
  std::string text = "BARRIER=1";
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &ends[1], sizeof(int));
  ::sendmsg(fd, &message, 0);
  ::close(fd);
  ::close(ends[1]);
  ::alarm(5);
  char byte;
  if (::read(ends[0], &byte, 1) != 0)
    std::_Exit(97);
  ::alarm(0);
}

// What coppice promises about the surroundings, a line each.
void surroundings() {
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  int blocked = 0;
  int ignored = 0;
  for (int i = 1; i < 65; ++i) {
    blocked += sigismember(&mask, i) == 1;
    struct sigaction now {};
    if (::sigaction(i, nullptr, &now) == 0)
      ignored += now.sa_handler == SIG_IGN;
  }
  int beyond = 0;
  for (int fd = 3; fd < 4096; ++fd)
    beyond += ::fcntl(fd, F_GETFD) >= 0;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::printf("blocked %d\nignored %d\nbeyond %d\nnofile %llu\nnotify %s\n",
              blocked, ignored, beyond,
              static_cast<unsigned long long>(files.rlim_cur),
              std::getenv("NOTIFY_SOCKET") == nullptr ? "no" : "yes");
  std::printf("leader %d\n", ::getsid(0) == ::getpid());
}

const std::map<std::string,
               std::pair<int, std::function<void(const arguments&)>>>
  steps{
    {"exit", {1, [](auto& a) { std::_Exit(number(a[0])); }}},
    {"crash",
     {1,
      [](auto& a) {
        ::signal(number(a[0]), SIG_DFL);
        ::raise(number(a[0]));
      }}},
    {"ignore", {1, [](auto& a) { ::signal(number(a[0]), SIG_IGN); }}},
    {"exit-on",
     {2,
      [](auto& a) {
        static int code;
        code = number(a[1]);
        ::signal(number(a[0]), [](int) { std::_Exit(code); });
      }}},
    {"wait",
     {0,
      [](auto&) {
        for (;;)
          ::pause();
      }}},
    {"say",
     {1,
      [](auto& a) {
        std::puts(a[0].c_str());
        std::fflush(stdout);
      }}},
    {"complain",
     {1, [](auto& a) { std::fputs((a[0] + "\n").c_str(), stderr); }}},
    {"print",
     {1,
      [](auto& a) {
        std::fputs(a[0].c_str(), stdout);
        std::fflush(stdout);
      }}},
    {"flood",
     {2,
      [](auto& a) { // LINES BYTES
        std::string line(static_cast<std::size_t>(number(a[1])), 'x');
        line += '\n';
        for (int i = 0; i < number(a[0]); ++i)
          std::fwrite(line.data(), 1, line.size(), stdout);
        std::fflush(stdout);
      }}},
    {"touch",
     {1,
      [](auto& a) {
        ::close(::open(a[0].c_str(), O_CREAT | O_WRONLY, 0600));
      }}},
    // Waits until a file is there.
    {"until",
     {1,
      [](auto& a) {
        while (::access(a[0].c_str(), F_OK) != 0)
          ::usleep(1000);
      }}},
    {"write-pid",
     {1,
      [](auto& a) {
        auto* file = std::fopen((a[0] + ".new").c_str(), "w");
        std::fprintf(file, "%d", static_cast<int>(::getpid()));
        std::fclose(file);
        std::rename((a[0] + ".new").c_str(), a[0].c_str());
      }}},
    {"line-to",
     {1,
      [](auto& a) {
        (void)!::write(number(a[0]), "ok\n", 3);
        ::close(number(a[0]));
      }}},
    // A child goes on with what follows; its parent exits or, with "fork",
    // waits
    // for a signal.
    {"orphan", {0, [](auto&) { in_child([] {}); }}},
    {"orphan-session", {0, [](auto&) { in_child([] { ::setsid(); }); }}},
    {"background",
     {0,
      [](auto&) { // the child does what follows up to "--"
      }}},
    {"notify", {1, [](auto& a) { notify(a[0]); }}},
    {"notify-times",
     {2,
      [](auto& a) {
        for (int i = 0; i < number(a[0]); ++i)
          notify(a[1]);
      }}},
    {"barrier", {0, [](auto&) { barrier(); }}},
    {"surroundings",
     {0,
      [](auto&) {
        surroundings();
        std::fflush(stdout);
      }}},
    {"no-core",
     {0,
      [](auto&) {
        rlimit none{};
        ::setrlimit(RLIMIT_CORE, &none);
      }}},
    {"uid",
     {1, [](auto& a) { (void)!::setuid(static_cast<uid_t>(number(a[0]))); }}},
    {"session", {0, [](auto&) { ::setsid(); }}},
  };

} // namespace

int main(int argc, char** argv) {
  int i = 1;
  while (i < argc) {
    std::string name = argv[i++];
    if (name == "background") { // up to "--" in a child
      int end = i;
      while (end < argc && std::strcmp(argv[end], "--") != 0)
        ++end;
      if (::fork() == 0)
        argc = end;
      else
        i = end + 1;
      continue;
    }
    auto step = steps.find(name);
    if (step == steps.end() || argc - i < step->second.first) {
      std::fprintf(stderr, "bad step %s\n", name.c_str());
      return 100;
    }
    arguments given(argv + i, argv + i + step->second.first);
    i += step->second.first;
    step->second.second(given);
  }
  return 0;
}
