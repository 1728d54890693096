#include "server_fixture.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace coppice_test {

namespace {

constexpr int many = 10'000;
constexpr rlim_t files_needed = many + 500;
constexpr milliseconds load_patience{80'000};

// A crowd of clients in one thread: each says a line of its own and waits for
// it to come back; then, when all are connected and served, again.
class epoll_crowd {
public:
  epoll_crowd(const server_process& server, int size)
      : server_(server),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        members_(static_cast<std::size_t>(size)) {}
  ~epoll_crowd();
  epoll_crowd(const epoll_crowd&) = delete;
  epoll_crowd& operator=(const epoll_crowd&) = delete;

  /// Connects all; each has echoed once afterwards.
  void connect_all();
  /// All say a line at once; each has come back afterwards.
  void another_round();

private:
  struct member {
    int fd = -1;
    std::string expected;
    std::string got;
  };

  void start(std::size_t number);
  void say(std::size_t number);
  void hear(std::size_t number);
  void watch(std::size_t number, std::uint32_t events, int operation);
  void handle_events();
  [[noreturn]] void fail(std::size_t number, int error);

  const server_process& server_;
  int epoll_;
  std::vector<member> members_;
  int round_ = 0;
  std::size_t answered_ = 0;
  deadline end_{load_patience};
};

epoll_crowd::~epoll_crowd() {
  for (const auto& entry : members_) {
    // A reset: ten thousand sockets in TIME_WAIT would disturb other tests.
    const linger at_once{1, 0};
    setsockopt(entry.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(entry.fd);
  }
  ::close(epoll_);
}

void epoll_crowd::fail(std::size_t number, int error) {
  throw std::system_error(error, std::generic_category(),
                          "client " + std::to_string(number) + " in round "
                            + std::to_string(round_));
}

void epoll_crowd::watch(std::size_t number, std::uint32_t events,
                        int operation) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  if (::epoll_ctl(epoll_, operation, members_[number].fd, &event) != 0)
    fail(number, errno);
}

void epoll_crowd::start(std::size_t number) {
  members_[number].fd = start_connect(server_.host(), server_.port());
  if (members_[number].fd < 0)
    fail(number, errno);
  watch(number, EPOLLOUT, EPOLL_CTL_ADD);
}

void epoll_crowd::say(std::size_t number) {
  member& self = members_[number];
  self.expected = "client " + std::to_string(number) + " round "
                  + std::to_string(round_) + "\n";
  self.got.clear();
  const auto sent
    = ::send(self.fd, self.expected.data(), self.expected.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(self.expected.size()))
    fail(number, errno);
  watch(number, EPOLLIN, EPOLL_CTL_MOD);
}

void epoll_crowd::hear(std::size_t number) {
  member& self = members_[number];
  char buffer[256];
  const ssize_t count = ::recv(self.fd, buffer, sizeof buffer, 0);
  if (count <= 0)
    fail(number, count == 0 ? ECONNABORTED : errno);
  self.got.append(buffer, static_cast<std::size_t>(count));
  if (self.got.size() < self.expected.size())
    return;
  EXPECT_EQ(self.got, self.expected);
  ++answered_;
}

void epoll_crowd::handle_events() {
  epoll_event events[512];
  const int count
    = ::epoll_wait(epoll_, events, std::size(events), end_.poll_timeout());
  if (count <= 0 && end_.passed())
    throw std::runtime_error(std::to_string(answered_) + " of "
                             + std::to_string(members_.size())
                             + " answered in round " + std::to_string(round_));
  for (int at = 0; at < count; ++at) {
    const auto number = static_cast<std::size_t>(events[at].data.u64);
    if ((events[at].events & EPOLLOUT) != 0)
      say(number);
    else
      hear(number);
  }
}

void epoll_crowd::connect_all() {
  // So many under way that the server is busy and its backlog is not full.
  constexpr std::size_t at_a_time = 100;
  std::size_t started = 0;
  while (answered_ < members_.size()) {
    for (; started < members_.size() && started < answered_ + at_a_time;
         ++started)
      start(started);
    handle_events();
  }
}

void epoll_crowd::another_round() {
  ++round_;
  answered_ = 0;
  for (std::size_t number = 0; number < members_.size(); ++number)
    say(number);
  while (answered_ < members_.size())
    handle_events();
}

// The soft limit of this process as high as it may be; false if too low.
bool enough_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < files_needed)
    return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

using Load = topology_test;
INSTANTIATE_TEST_SUITE_P(, Load, every_topology, topology_name);

TEST_P(Load, TenThousandConcurrentConnectionsEcho) {
  if (!enough_files())
    GTEST_SKIP() << "the hard limit of open files is below " << files_needed;
  serve_options options{{"--acceptors", "2"}};
  options.max_open_files = files_needed;
  auto& server = serve_topology(options);
  admin_api admin(server.admin_port());
  {
    epoll_crowd crowd(server, many);
    crowd.connect_all();
    EXPECT_TRUE(admin.await_connections(many));
    crowd.another_round();
    crowd.another_round();
    EXPECT_TRUE(admin.await_connections(many));
  }
  EXPECT_TRUE(admin.await_connections(0));
  EXPECT_TRUE(serves(server));
}

TEST_P(Load, BurstOfConnectionsIsServed) {
  constexpr int burst = 500;
  auto& server = serve_topology({{"--acceptors", "2"}});
  std::vector<tcp_client> clients;
  for (int count = 0; count < burst; ++count) {
    clients.push_back(connect_to(server));
    clients.back().send_all("served?\n");
  }
  for (auto& client : clients)
    EXPECT_EQ(client.receive(8), "served?\n");
}

} // namespace

} // namespace coppice_test
