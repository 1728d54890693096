// SPDX-License-Identifier: BSD-3-Clause
//
// A server in a few lines: what its owner and its clients see.

#include "coppice/server.hpp"

#include "actor/actor_faults.hpp"
#include "actor/directory.hpp"
#include "admin/client.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/actor/spawns.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/application.hpp"
#include "coppice/testing/tcp_client.hpp"
#include "support/tls_files.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/spawn_options.hpp>
#include <httplib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace server_test {

using namespace coppice;
using namespace std::chrono_literals;
using coppice::testing::tcp_client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

void echo(net::connection& self, std::string_view data) {
  self.write(data);
}

server_settings quiet(const std::string& name) {
  return {.name = name,
          .handler = handled_by(echo),
          .bind = "127.0.0.1",
          .acceptors = 1,
          .drain_timeout = 200ms,
          .admin = {.where = "off"},
          .journal = {.file = "off"},
          .log = {.level = "off"}};
}

std::string why_not(expected<void, start_error> result) {
  return result ? "it started" : result.error().text;
}

std::string get(const std::string& url, const std::string& path) {
  httplib::Client http{url};
  auto answer = http.Get(path);
  return answer ? answer->body : "no answer";
}

// Says what starts and ends, in order.
class diary {
public:
  void write(std::string line) {
    std::lock_guard guard{mutex_};
    lines_.push_back(std::move(line));
  }

  std::vector<std::string> lines() const {
    std::lock_guard guard{mutex_};
    return lines_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_; // guarded by mutex_
};

class worker : public caf::event_based_actor {
public:
  worker(caf::actor_config& cfg, std::string name, diary* kept)
      : caf::event_based_actor(cfg), name_(std::move(name)), kept_(kept) {
    kept_->write(name_ + " starts");
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](int) {
      // nop
    }};
  }

  void on_exit() override {
    kept_->write(name_ + " ends");
  }

private:
  std::string name_;
  diary* kept_;
};

class upper final : public net::handler {
public:
  explicit upper(std::string mark) : mark_(std::move(mark)) {
    // nop
  }

  void on_data(net::connection& self, std::string_view data) override {
    self.write(mark_ + std::string{data});
  }

private:
  std::string mark_;
};

// Blocks its thread until it may go on, whatever it is told.
class stubborn : public caf::event_based_actor {
public:
  stubborn(caf::actor_config& cfg, std::shared_future<void> until)
      : caf::event_based_actor(cfg), until_(std::move(until)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {[this](int) { until_.wait(); }};
  }

private:
  std::shared_future<void> until_;
};

// Asks an admin API again and again, from a thread of its own.
class caller {
public:
  explicit caller(std::string url)
      : url_(std::move(url)), thread_([this] {
          while (!over_)
            if (get(url_, "/tree") != "no answer")
              ++answered_;
        }) {
    while (answered_ == 0)
      std::this_thread::yield();
  }

  ~caller() {
    over_ = true;
    thread_.join();
  }

  int answered() const {
    return answered_;
  }

private:
  std::string url_;
  std::atomic<bool> over_ = false;
  std::atomic<int> answered_ = 0;
  std::thread thread_;
};

template <class F>
bool comes_true(F holds) {
  auto until = std::chrono::steady_clock::now() + 20s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace

TEST(Server, EchoesUntilItIsStopped) {
  server hello{quiet("hello")};
  EXPECT_EQ(hello.port(), 0);

  EXPECT_EQ(why_not(hello.start()), "it started");

  ASSERT_NE(hello.port(), 0);
  tcp_client client{*hello.local()};
  EXPECT_TRUE(client.echoes(100'000));
  client.close();
  hello.stop();
  EXPECT_EQ(hello.wait(), 0);
  EXPECT_FALSE(tcp_client{*hello.local()}.is_connected());
}

TEST(Server, MakesAHandlerForEachConnection) {
  auto settings = quiet("upper");
  settings.handler = handled_by<upper>("> ");
  server upper_server{std::move(settings)};
  ASSERT_TRUE(upper_server.start());

  tcp_client one{*upper_server.local()};
  tcp_client two{*upper_server.local()};
  EXPECT_TRUE(one.sends("a"));
  EXPECT_TRUE(one.receives("> a"));
  EXPECT_TRUE(two.sends("b"));
  EXPECT_TRUE(two.receives("> b"));
}

TEST(Server, IsEndedByItsDestructor) {
  net::endpoint where;
  {
    server hello{quiet("hello")};
    ASSERT_TRUE(hello.start());
    where = *hello.local();
  }

  EXPECT_FALSE(tcp_client{where}.is_connected());
}

TEST(Server, IsEndedByAnotherThreadThanTheOneThatStartedIt) {
  auto settings = quiet("hello");
  settings.log.level = "warning";
  ::testing::internal::CaptureStderr();
  auto hello = std::make_unique<server>(std::move(settings));
  ASSERT_TRUE(hello->start());

  std::thread{[&] { hello.reset(); }}.join();

  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::Not(HasSubstr("left behind")));
}

TEST(Server, ShowsItsTreeOnThePageAndByTheApi) {
  auto settings = quiet("hello");
  settings.admin.where = "127.0.0.1:0";
  server hello{std::move(settings)};
  ASSERT_TRUE(hello.start());

  EXPECT_THAT(get(hello.admin_url(), "/tree"), HasSubstr("listener:hello"));
  EXPECT_THAT(get(hello.admin_url(), "/metrics"),
              HasSubstr("coppice_connections"));
  httplib::Client browser{hello.admin_url()};
  auto page = browser.Get("/", {{"Accept", "text/html"}});
  ASSERT_TRUE(page);
  EXPECT_THAT(page->body, HasSubstr("<html"));
}

TEST(Server, ServesTheAdminApiByHttps) {
  const test::tls_files files;
  auto file = files.write("admin");
  auto settings = quiet("hello");
  settings.admin = {.where = "127.0.0.1:0", .tls_cert = file};
  server hello{settings};
  ASSERT_TRUE(hello.start());

  admin::client trusting{hello.admin_url(), {}, {.ca_file = file}};
  admin::client other{hello.admin_url(), {}};

  EXPECT_THAT(hello.admin_url(), ::testing::StartsWith("https://127.0.0.1:"));
  EXPECT_THAT(trusting.get("/tree").value_or(""), HasSubstr("listener:hello"));
  EXPECT_FALSE(other.get("/tree"));
}

TEST(Server, SaysThatTheCertificateOfItsAdminApiIsOfNoUse) {
  auto settings = quiet("hello");
  settings.admin = {.where = "127.0.0.1:0", .tls_cert = "/nowhere.pem"};
  server hello{settings};

  auto started = hello.start();

  ASSERT_FALSE(started);
  EXPECT_FALSE(started.error().usage);
  EXPECT_THAT(started.error().text,
              HasSubstr("/nowhere.pem: No such file or directory"));
}

TEST(Server, CanBeDrainedByTheApi) {
  auto settings = quiet("hello");
  settings.admin.where = "127.0.0.1:0";
  server hello{std::move(settings)};
  ASSERT_TRUE(hello.start());

  httplib::Client http{hello.admin_url()};
  auto answer = http.Post("/drain", "{}", "application/json");

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(hello.wait(), 0);
}

TEST(Server, StartsChildrenBeforeTheListenerAndStopsThemAfterIt) {
  diary kept;
  auto settings = quiet("hello");
  settings.children
    = {{{.id = "first"}, actor::spawns<worker>(std::string{"first"}, &kept)},
       {{.id = "second"}, actor::spawns<worker>(std::string{"second"}, &kept)}};
  server hello{std::move(settings)};

  ASSERT_TRUE(hello.start());
  EXPECT_THAT(kept.lines(), ElementsAre("first starts", "second starts"));
  hello.stop();

  EXPECT_THAT(kept.lines(), ElementsAre("first starts", "second starts",
                                        "second ends", "first ends"));
}

TEST(Server, LivesBesideOthersInOneProcess) {
  server one{quiet("one")};
  server two{quiet("two")};
  ASSERT_TRUE(one.start());
  ASSERT_TRUE(two.start());

  one.stop();

  tcp_client client{*two.local()};
  EXPECT_TRUE(client.echoes(1000));
}

TEST(Server, MayHaveSeveralListeners) {
  auto settings = quiet("hello");
  settings.listeners = {{.name = "loud",
                         .handler = handled_by<upper>("LOUD "),
                         .bind = "127.0.0.1",
                         .topology = net::topology::supervised,
                         .acceptors = 2}};
  server both{settings};
  ASSERT_EQ(why_not(both.start()), "it started");
  ASSERT_NE(both.listener("hello"), nullptr);
  ASSERT_NE(both.listener("loud"), nullptr);
  EXPECT_EQ(both.listener("quiet"), nullptr);
  EXPECT_EQ(both.listener(), both.listener("hello"));

  tcp_client first{*both.local()};
  EXPECT_TRUE(first.sends("x\n"));
  EXPECT_TRUE(first.receives("x\n"));
  tcp_client second{*both.listener("loud")->local()};
  EXPECT_TRUE(second.sends("x\n"));
  EXPECT_TRUE(second.receives("LOUD x\n"));
  EXPECT_EQ(both.listener("loud")->reactors().size(), 2U);
  EXPECT_TRUE(both.rt()->directory.find("hello/listener:loud/connections"));
}

TEST(Server, LivesInAnActorSystemThatIsThere) {
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system{config};
  auto settings = quiet("hello");
  settings.runtime = std::make_shared<actor::runtime>(system);
  server hello{std::move(settings)};

  ASSERT_TRUE(hello.start());

  EXPECT_EQ(&hello.rt()->system, &system);
  tcp_client client{*hello.local()};
  EXPECT_TRUE(client.echoes(1000));
}

TEST(Server, SaysWhyItCannotListen) {
  server one{quiet("one")};
  ASSERT_TRUE(one.start());
  auto settings = quiet("two");
  settings.port = one.port();
  server two{std::move(settings)};

  auto result = two.start();

  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().usage);
  EXPECT_THAT(result.error().text, HasSubstr(std::to_string(one.port())));
  EXPECT_THAT(result.error().text, HasSubstr("the port is taken"));
  EXPECT_EQ(two.rt(), nullptr);

  one.stop();

  EXPECT_EQ(why_not(two.start()), "it started");
}

TEST(Server, MayBeStartedAgainInARuntimeOfOthers) {
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system{config};
  server one{quiet("one")};
  ASSERT_TRUE(one.start());
  auto settings = quiet("two");
  settings.port = one.port();
  settings.runtime = std::make_shared<actor::runtime>(system);
  server two{std::move(settings)};
  EXPECT_THAT(why_not(two.start()), HasSubstr("the port is taken"));
  one.stop();

  EXPECT_EQ(why_not(two.start()), "it started");
}

TEST(Server, RefusesSettingsThatMakeNoSense) {
  auto bad_address = quiet("x");
  bad_address.bind = "nowhere";
  auto bad_admin = quiet("x");
  bad_admin.admin.where = "0.0.0.0:0";
  auto bad_level = quiet("x");
  bad_level.log.level = "loud";
  auto bad_name = quiet("a/b");
  auto no_handler = quiet("x");
  no_handler.handler = {};
  auto bad_listener = quiet("x");
  bad_listener.listeners = {{.name = "b c", .handler = handled_by(echo)}};
  auto same_name = quiet("x");
  same_name.listeners = {{.name = "x", .handler = handled_by(echo)}};

  EXPECT_THAT(why_not(server{bad_address}.start()), HasSubstr("nowhere"));
  EXPECT_THAT(why_not(server{bad_admin}.start()), HasSubstr("token"));
  EXPECT_THAT(why_not(server{bad_level}.start()), HasSubstr("loud"));
  EXPECT_THAT(why_not(server{bad_name}.start()), HasSubstr("a/b"));
  EXPECT_THAT(why_not(server{no_handler}.start()), HasSubstr("handled_by"));
  EXPECT_THAT(why_not(server{bad_listener}.start()), HasSubstr("\"b c\""));
  EXPECT_THAT(why_not(server{same_name}.start()), HasSubstr("two listeners"));
}

TEST(Server, CanBeStartedOnce) {
  server hello{quiet("hello")};
  ASSERT_TRUE(hello.start());

  EXPECT_EQ(why_not(hello.start()), "it was started already");
}

TEST(Server, EndsWithCodeFourWhenItsTreeGivesUp) {
  diary kept;
  auto settings = quiet("hello");
  settings.children
    = {{{.id = "bad"}, actor::spawns<worker>(std::string{"bad"}, &kept)}};
  server hello{std::move(settings)};
  ASSERT_TRUE(hello.start());
  auto code = std::async(std::launch::async, [&] { return hello.wait(); });

  // Again and again, until the root's budget of restarts is used up.
  auto until = std::chrono::steady_clock::now() + 20s;
  while (code.wait_for(1ms) != std::future_status::ready
         && std::chrono::steady_clock::now() < until)
    actor::crash(*hello.rt(), "hello/bad",
                 supervision::exit_reason::abnormal("bad"));

  EXPECT_EQ(code.get(), 4);
  EXPECT_GE(std::ssize(kept.lines()), 8);
}

// -- what does not end --------------------------------------------------------

TEST(Server, LeavesAnActorBehindThatNeverEnds) {
  std::promise<void> never;
  auto settings = quiet("hello");
  settings.admin.where = "127.0.0.1:0";
  actor::child_spec child{
    {.id = "stubborn", .shutdown = supervision::shutdown::within(10ms)},
    [until = never.get_future().share()](
      const actor::start_args& args) -> actor::start_result {
      auto handle = args.rt->system.spawn<stubborn, caf::detached>(until);
      actor::deliver(handle, 1);
      return actor::running{handle};
    }};
  settings.children
    = {actor::supervisor_child("own", {.kill_grace = 10ms}, {child})};
  auto hello = std::make_unique<server>(std::move(settings));
  ASSERT_TRUE(hello->start());
  auto rt = hello->rt();
  caller requests{hello->admin_url()};

  hello->stop();
  EXPECT_EQ(hello->wait(), 1);
  hello.reset();

  EXPECT_GT(requests.answered(), 0);
  EXPECT_THAT(rt->directory.abandoned(), ElementsAre("hello/own/stubborn"));
  never.set_value();
  EXPECT_TRUE(comes_true([&] { return rt->directory.abandoned().empty(); }));
}

TEST(Server, LeavesAReactorBehindWhoseHandlerDoesNotReturn) {
  std::promise<void> never;
  std::atomic<bool> is_blocked = false;
  auto settings = quiet("hello");
  settings.log.level = "warning";
  settings.limits.goodbye = 0ms;
  settings.handler
    = handled_by([&is_blocked, until = never.get_future().share()](
                   net::connection& self, std::string_view data) {
        is_blocked = true;
        until.wait();
        self.write(data);
      });
  ::testing::internal::CaptureStderr();
  auto hello = std::make_unique<server>(std::move(settings));
  ASSERT_TRUE(hello->start());
  tcp_client client{*hello->local()};
  ASSERT_TRUE(client.sends("x"));
  ASSERT_TRUE(comes_true([&] { return is_blocked.load(); }));

  auto since = std::chrono::steady_clock::now();
  hello->stop();
  hello.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - since, 20s);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("reactor:0 was held up: what it runs does not return; "
                        "its thread is left behind"));
  never.set_value();
  EXPECT_TRUE(client.receives("x")); // from that thread, which goes on …
  EXPECT_TRUE(client.is_closed());   // … to its end
}

TEST(Server, LeavesAnActorSystemBehindThatAnActorOutsideItsTreeKeeps) {
  std::promise<void> never;
  auto settings = quiet("hello");
  settings.log.level = "warning";
  ::testing::internal::CaptureStderr();
  auto hello = std::make_unique<server>(std::move(settings));
  ASSERT_TRUE(hello->start());
  auto until = never.get_future().share();
  actor::deliver(hello->rt()->system.spawn<stubborn>(until), 1);

  auto since = std::chrono::steady_clock::now();
  hello.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - since, 20s);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("hello was held up: an actor outside its tree"));
  never.set_value(); // and the system ends by itself
}

// Takes as long as a server waits for its tree: ten seconds.
TEST(Server, LeavesAnAdminApiBehindThatStillAnswers) {
  auto settings = quiet("hello");
  settings.admin.where = "127.0.0.1:0";
  settings.limits.goodbye = 0ms;
  auto hello = std::make_unique<server>(std::move(settings));
  ASSERT_TRUE(hello->start());
  auto rt = hello->rt();
  auto url = hello->admin_url();
  auto root = hello->root(); // CAF ends what nobody refers to
  ASSERT_EQ(actor::suspend(*rt, "hello"), actor::fault_outcome::done);

  hello->stop(); // which the root does not obey
  EXPECT_EQ(hello->wait(), 1);
  caller requests{url};
  hello.reset();

  httplib::Client http{url};
  auto answer = http.Post("/drain", "{}", "application/json");
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(get(url, "/tree"), HasSubstr("listener:hello"));
  EXPECT_THAT(get(url, "/listeners"), HasSubstr("hello"));
  // What is left stays until the process ends: its reactors have stopped.
}

// -- run ----------------------------------------------------------------------

TEST(ServerRun, RefusesAnOptionThatItDoesNotKnow) {
  ::testing::internal::CaptureStderr();
  const char* argv[] = {"./hello", "--nonsense"};

  EXPECT_EQ(server{quiet("hello")}.run(2, argv), 2);

  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::AllOf(HasSubstr("hello: "), HasSubstr("--nonsense"),
                               HasSubstr("hello --help")));
}

TEST(ServerRun, HasHelpInGroupsWithItsOwnDefaults) {
  auto settings = quiet("hello");
  settings.port = 7000;
  settings.description = "say hello";
  ::testing::internal::CaptureStdout();
  const char* argv[] = {"./hello", "--help"};

  EXPECT_EQ(server{std::move(settings)}.run(2, argv), 0);

  EXPECT_THAT(
    ::testing::internal::GetCapturedStdout(),
    ::testing::AllOf(HasSubstr("say hello"), HasSubstr("Network:\n"),
                     HasSubstr("Limits:\n"), HasSubstr("default: 7000"),
                     HasSubstr("--keepalive TIME"), HasSubstr("default: 5m"),
                     HasSubstr("default: 0660")));
}

TEST(ServerRun, SaysWhyItCannotListen) {
  server one{quiet("one")};
  ASSERT_TRUE(one.start());
  auto port = std::to_string(one.port());
  ::testing::internal::CaptureStderr();
  const char* argv[] = {"./hello", port.c_str()};

  EXPECT_EQ(server{quiet("hello")}.run(2, argv), 1);

  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("the port is taken"));
}

} // namespace server_test
