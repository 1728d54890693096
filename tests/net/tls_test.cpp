// SPDX-License-Identifier: BSD-3-Clause
//
// What a handler sees of TLS and of the header of a proxy.

#include "coppice/net/proxy.hpp"
#include "coppice/net/tls.hpp"
#include "support/listener_fixture.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

namespace tls_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using observe::event_kind;

namespace {

class Tls : public listener_fixture {
protected:
  Tls() {
    settings.certificates = {{files.write("first")}};
  }

  void serve(proxy_settings proxy = {}, net::limits limits = {}) {
    listener_fixture::serve({.where = *endpoint::parse("127.0.0.1", 0),
                             .limits = limits,
                             .proxy = std::move(proxy),
                             .tls = settings});
  }

  tls_client secure() {
    return tls_client{*listener->local()};
  }

  // What a handler is told as soon as it is.
  std::future<tls_info> told() {
    auto promise = std::make_shared<std::promise<tls_info>>();
    script.connect = [promise](connection& self) {
      promise->set_value(self.tls() == nullptr ? tls_info{} : *self.tls());
    };
    return promise->get_future();
  }

  std::future<std::string> reason() {
    auto promise = std::make_shared<std::promise<std::string>>();
    script.close = [promise](connection&, auto& why) {
      promise->set_value(to_string(why));
    };
    return promise->get_future();
  }

  tls_files files;
  tls_settings settings;
};

template <class T>
T get(std::future<T> what) {
  EXPECT_EQ(what.wait_for(20s), std::future_status::ready);
  return what.get();
}

} // namespace

TEST_F(Tls, EchoesWhatIsLongerThanARecord) {
  serve();
  auto client = secure();
  std::string data;
  for (int i = 0; data.size() < 100'000; ++i)
    data += std::to_string(i) + "\n";

  EXPECT_EQ(client.shake_hands(), "");

  EXPECT_EQ(client.ask("hello"), "hello");
  EXPECT_TRUE(client.ask(data) == data);
}

TEST_F(Tls, AHandlerSeesWhatWasAgreedOnWhenItIsConnected) {
  settings.alpn = {"h2", "echo/1"};
  auto seen = told();
  serve();
  auto client = secure();

  EXPECT_EQ(
    client.shake_hands({.server_name = "localhost", .alpn = "\6echo/1\2h2"}),
    "");

  auto info = get(std::move(seen));
  EXPECT_EQ(info.version, "TLSv1.3");
  EXPECT_EQ(info.server_name, "localhost");
  EXPECT_EQ(info.alpn, "h2");
  EXPECT_EQ(info.client, "");
  EXPECT_FALSE(info.resumed);
  EXPECT_FALSE(info.cipher.empty());
}

TEST_F(Tls, AHandlerSeesTheSubjectOfAClient) {
  auto client_file = files.write("someone");
  settings.client = client_certificate::required;
  settings.client_ca_file = client_file;
  auto seen = told();
  serve();
  auto client = secure();

  EXPECT_EQ(client.shake_hands({.certificate = client_file}), "");

  EXPECT_EQ(get(std::move(seen)).client, "CN=someone");
}

TEST_F(Tls, AHandlerNeverSeesAClientWhoseHandshakeFails) {
  auto connected = false;
  script.connect = [&](connection&) { connected = true; };
  serve();
  auto client = connect();

  EXPECT_TRUE(client.sends("GET / HTTP/1.1\r\n\r\n"));

  EXPECT_EQ(client.receive_all(), "");
  auto told = wait_for(event_kind::client_refused);
  EXPECT_EQ(told.find("top/listener:test refused a client: not_tls: peer "
                      "127.0.0.1:"),
            0U)
    << told;
  stop();
  EXPECT_FALSE(connected);
  EXPECT_EQ(listener->counters().refused.of(refusal::not_tls), 1U);
  EXPECT_EQ(listener->counters().handshakes, 0U);
}

TEST_F(Tls, PicksTheCertificateForTheName) {
  settings.certificates.push_back(
    {files.write("second", {.names = "DNS:*.second.example"})});
  serve();
  auto a = secure();
  auto b = secure();
  auto c = secure();

  EXPECT_EQ(a.shake_hands({.server_name = "a.second.example"}), "");
  EXPECT_EQ(b.shake_hands({.server_name = "elsewhere.example"}), "");
  EXPECT_EQ(c.shake_hands(), "");

  EXPECT_EQ(a.server(), "second");
  EXPECT_EQ(b.server(), "first");
  EXPECT_EQ(c.server(), "first");
}

TEST_F(Tls, ResumesASessionAlsoWhenCertificatesWereReadAgain) {
  for (auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    stop();
    reactors.clear();
    serve();
    auto first = secure();
    EXPECT_EQ(first.shake_hands({.newest = version}), "");
    EXPECT_EQ(first.ask("x"), "x"); // the ticket of TLS 1.3 comes with it
    auto* session = first.session();
    EXPECT_TRUE(listener->reload_certificates());

    auto second = secure();
    EXPECT_EQ(second.shake_hands({.newest = version, .resumed = session}), "");

    EXPECT_EQ(second.ask("x"), "x");
    EXPECT_EQ(listener->counters().handshakes, 2U);
    EXPECT_EQ(listener->counters().resumed, 1U) << version;
    SSL_SESSION_free(session);
  }
}

TEST_F(Tls, EndsWithAGoodbyeOnBothSides) {
  auto why = reason();
  script.data = [](connection& self, auto bytes) {
    self.write(bytes);
    self.close();
  };
  serve();
  auto client = secure();
  EXPECT_EQ(client.shake_hands(), "");

  EXPECT_EQ(client.ask("last"), "last");

  EXPECT_EQ(client.ending(), "goodbye");
  client.say_goodbye();
  client.close();
  EXPECT_EQ(get(std::move(why)), "normal");
}

TEST_F(Tls, AGoodbyeOfTheClientIsAHalfClose) {
  auto why = reason();
  serve();
  auto client = secure();
  EXPECT_EQ(client.shake_hands(), "");
  client.send("last");
  client.say_goodbye();

  EXPECT_EQ(client.receive(4), "last");

  EXPECT_EQ(client.ending(), "goodbye");
  EXPECT_EQ(get(std::move(why)), "normal");
}

TEST_F(Tls, AnEndWithoutAGoodbyeIsSeenAsSuch) {
  auto why = reason();
  serve();
  auto client = secure();
  EXPECT_EQ(client.shake_hands(), "");
  EXPECT_EQ(client.ask("x"), "x");

  client.close();

  EXPECT_EQ(get(std::move(why)), "{shutdown,tls_truncated}");
}

TEST_F(Tls, AHandshakeHasALimitOfItsOwn) {
  settings.handshake_timeout = 50ms;
  serve();
  auto client = connect();

  EXPECT_TRUE(client.is_closed());

  auto told = wait_for(event_kind::client_refused);
  EXPECT_NE(told.find("tls_late"), told.npos) << told;
}

TEST_F(Tls, HandshakesAreLimitedInNumber) {
  settings.max_handshakes = 1;
  serve();
  auto first = connect();
  EXPECT_TRUE(wait_until([&] { return listener->active() == 1; }));
  auto second = connect();

  EXPECT_TRUE(second.is_closed());

  EXPECT_EQ(listener->counters().refused.of(refusal::tls_limit), 1U);
  first.close();
  EXPECT_TRUE(wait_until([&] { return listener->active() == 0; }));
  auto third = secure();
  EXPECT_EQ(third.shake_hands(), "");
}

TEST_F(Tls, ABadFileLeavesTheCertificatesInForce) {
  serve();
  std::filesystem::rename(settings.certificates.front().file,
                          files.path("kept.pem"));

  auto done = listener->reload_certificates();

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error(),
            settings.certificates.front().file + ": No such file or directory");
  auto client = secure();
  EXPECT_EQ(client.shake_hands(), "");
  EXPECT_EQ(client.server(), "first");
}

// -- STARTTLS -----------------------------------------------------------------

TEST_F(Tls, AHandlerCanBeginTlsInTheMiddle) {
  settings.from_start = false;
  script.connect = [](connection& self) { self.write("220 ready\r\n"); };
  script.data = [](connection& self, auto bytes) {
    if (bytes == "STARTTLS\r\n") {
      self.write("220 go\r\n");
      self.start_tls();
      self.write("first in secret\r\n");
    } else {
      self.write(bytes);
    }
  };
  script.tls
    = [](connection& self) { self.write(self.tls()->version + "\r\n"); };
  serve();
  auto client = secure();
  EXPECT_EQ(client.hear_in_the_clear(), "220 ready\r\n");
  EXPECT_EQ(client.ask_in_the_clear("STARTTLS\r\n"), "220 go\r\n");

  EXPECT_EQ(client.shake_hands(), "");

  EXPECT_EQ(client.receive(26), "first in secret\r\nTLSv1.3\r\n");
  EXPECT_EQ(client.ask("x"), "x");
}

TEST_F(Tls, ABehaviorHearsThatTlsHasBegun) {
  settings.from_start = false;
  listener_fixture::serve(
    {.where = *endpoint::parse("127.0.0.1", 0),
     .make_handler = from_behavior([](connection& self) {
       return caf::behavior{
         [&self](received& what) {
           if (what.bytes != "STARTTLS\r\n")
             return self.write(what.bytes);
           self.write("220 go\r\n");
           self.start_tls();
         },
         [&self](secured) { self.write(self.tls()->version + "\r\n"); }};
     }),
     .tls = settings});
  auto client = secure();
  EXPECT_EQ(client.ask_in_the_clear("STARTTLS\r\n"), "220 go\r\n");

  EXPECT_EQ(client.shake_hands(), "");

  EXPECT_EQ(client.receive(9), "TLSv1.3\r\n");
  EXPECT_EQ(client.ask("x"), "x");
}

TEST_F(Tls, StartTlsIsForListenersThatHaveIt) {
  script.data = [](connection& self, auto) { self.start_tls(); };
  listener_fixture::serve(topology::linked);
  auto client = connect();
  EXPECT_TRUE(client.sends("x"));

  auto told = wait_for(event_kind::connection_crashed);

  EXPECT_NE(told.find("start_tls: the listener has no TLS"), told.npos) << told;
}

// -- the header of a proxy ----------------------------------------------------

TEST_F(Tls, AHeaderComesBeforeTheHandshake) {
  std::promise<std::pair<std::string, std::optional<proxy_info>>> seen;
  script.connect = [&](connection& self) {
    seen.set_value({to_string(self.peer()), self.proxy()
                                              ? std::optional{*self.proxy()}
                                              : std::nullopt});
  };
  serve({.from = {*network::parse("127.0.0.0/8")}});
  auto client = secure();
  std::string header = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
  EXPECT_EQ(::send(client.fd(), header.data(), header.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(header.size()));

  EXPECT_EQ(client.shake_hands(), "");

  auto [peer, proxy] = get(seen.get_future());
  EXPECT_EQ(peer, "192.0.2.7:4711");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->version, 1);
  EXPECT_EQ(client.ask("x"), "x");
}

// -- faults -------------------------------------------------------------------

// A handshake is larger than that burst, and waits for no token.
TEST_F(Tls, RatesCountWhatTheHandlerGets) {
  serve({}, {.first_byte = 20s, .read_rate = 1});
  auto client = secure();
  std::string data(10'000, 'x');
  EXPECT_EQ(client.shake_hands(), "");
  client.send(data);
  EXPECT_EQ(client.receive(2), "xx");

  listener->set_limits({.read_rate = 100'000});

  EXPECT_EQ(client.receive(data.size() - 2), data.substr(2));
}

TEST_F(Tls, RatesOfAddressesCountTrueClients) {
  listener_fixture::serve(
    {.where = *endpoint::parse("127.0.0.1", 0),
     .limits = {.accept_rate_per_address = 1, .accept_burst_per_address = 1},
     .proxy = {.from = {*network::parse("127.0.0.0/8")}}});
  auto one = connect();
  EXPECT_TRUE(one.sends("PROXY TCP4 192.0.2.7 198.51.100.1 1 443\r\nx"));
  EXPECT_EQ(one.receive(1), "x");

  // The second within a second.
  EXPECT_TRUE(wait_until([this] {
    auto next = connect();
    return next.sends("PROXY TCP4 192.0.2.7 198.51.100.1 2 443\r\nx")
           && next.receive(1).empty() && next.ending() == "eof";
  }));
  auto other = connect();
  EXPECT_TRUE(other.sends("PROXY TCP4 192.0.2.8 198.51.100.1 3 443\r\nx"));
  EXPECT_EQ(other.receive(1), "x");

  EXPECT_EQ(listener->counters().rejected_by_rate, 1U);
}

TEST_F(Tls, FaultsReachTheHandshakeAndWhatItCarries) {
  serve();
  auto arm = [this](const char* text) {
    ASSERT_TRUE(rt->faults.arm(*fault::parse_plan(text)));
  };
  {
    arm("tls.handshake=1*error(ECONNRESET)");
    auto client = secure();
    EXPECT_NE(client.shake_hands(), "");
  }
  auto client = secure();
  EXPECT_EQ(client.shake_hands(), "");
  EXPECT_EQ(client.ask("x"), "x"); // the server has done so, too
  arm("tls.read=1*dup");
  client.send("ab");
  EXPECT_EQ(client.receive(4), "abab");
  (void)new_events();
  arm("tls.write=1*drop");
  client.send("lost");
  auto fired = wait_for(event_kind::fault_fired);
  EXPECT_NE(fired.find("tls."), fired.npos) << fired;
  EXPECT_EQ(client.ask("x"), "x");
  arm("tls.write=1*throw(boom)");
  client.send("y");
  auto told = wait_for(event_kind::connection_crashed);
  EXPECT_NE(told.find("boom"), told.npos) << told;
}

} // namespace tls_test
