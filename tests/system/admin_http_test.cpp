// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "tree_paths.hpp"

namespace coppice_test::admin_http_test {

namespace {

// What the admin page makes of requests that are odd, broken or too large.
class AdminHttp : public server_test {
protected:
  void SetUp() override {
    server_ = &serve();
  }

  void TearDown() override {
    // Whatever was sent, nothing was killed and the page still answers.
    admin_api admin(server_->admin_port());
    EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1);
    EXPECT_EQ(admin.incarnation(paths::admin), 1);
    server_test::TearDown();
  }

  // The status, or 0 when the page closes without an answer.
  int status_of(std::string_view bytes) {
    http_client http(server_->admin_port());
    const auto response = http.exchange(bytes);
    return response ? response->status : 0;
  }

  std::string host_line() const {
    return "Host: " + server_->admin_address() + "\r\n";
  }

  server_process* server_ = nullptr;
};

TEST_F(AdminHttp, MalformedOrdersAreBadRequests) {
  http_client http(server_->admin_port());
  for (const char* body :
       {"", "{", "}", "[]", "null", "42", "\"coppice\"", "{}", R"({"path":})",
        R"({"path":42})", R"({"path":null})",
        R"({"path":["coppice/helpers/journal"]})", R"({"reason":"boom"})",
        R"({"path":"coppice/nothing","reason":42})",
        R"({"path":"coppice/nothing"} and more)", "path=coppice",
        "{\"path\":\"coppice\xff\"}"}) {
    EXPECT_EQ(http.post("/kill", body).status, 400) << body;
  }
}

TEST_F(AdminHttp, DeeplyNestedJsonIsABadRequest) {
  http_client http(server_->admin_port());
  const int status = http.post("/kill", std::string(50'000, '[')).status;
  EXPECT_TRUE(status == 400 || status == 413) << status;
}

TEST_F(AdminHttp, TooLargeBodyIsRefusedBeforeItIsSent) {
  const int status = status_of("POST /kill HTTP/1.1\r\n" + host_line()
                               + "Content-Type: application/json\r\n"
                                 "Content-Length: 1000000000\r\n\r\n");
  EXPECT_TRUE(status == 400 || status == 413) << status;
}

TEST_F(AdminHttp, BadLengthIsABadRequest) {
  for (const char* length : {"x", "-1", "1x", "99999999999999999999999"}) {
    SCOPED_TRACE(length);
    const int status = status_of("POST /kill HTTP/1.1\r\n" + host_line()
                                 + "Content-Type: application/json\r\n"
                                   "Content-Length: "
                                 + length + "\r\n\r\n{}");
    EXPECT_TRUE(status == 400 || status == 413) << status;
  }
}

TEST_F(AdminHttp, EndlessHeaderIsCutOff) {
  const int status = status_of("GET /tree HTTP/1.1\r\n" + host_line()
                               + "X-Long: " + std::string(2'000'000, 'x'));
  EXPECT_TRUE(status == 0 || (status >= 400 && status < 500)) << status;
}

TEST_F(AdminHttp, GarbageIsABadRequest) {
  for (const char* bytes :
       {"hello\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n",
        "GET /tree\r\n\r\n", "GET /tree HTTP/9.9\r\n\r\n"}) {
    SCOPED_TRACE(bytes);
    const int status = status_of(bytes);
    EXPECT_TRUE(status == 0 || (status >= 400 && status < 600)) << status;
  }
}

TEST_F(AdminHttp, RequestWithoutHostIsRefused) {
  const int status = status_of("GET /tree HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(status == 400 || status == 403) << status;
}

TEST_F(AdminHttp, UnknownPagesAreNotFound) {
  http_client http(server_->admin_port());
  for (const char* page : {"/nothing", "/tree/x", "/treex", "/../etc/passwd"})
    EXPECT_EQ(http.get(page).status, 404) << page;
}

TEST_F(AdminHttp, OtherMethodsAreRefused) {
  http_client http(server_->admin_port());
  const std::string order = json{{"path", paths::acceptor(0)}}.dump();
  for (const char* method : {"PUT", "DELETE", "GET"}) {
    const int status
      = http
          .request(method, "/kill", {{"Content-Type", "application/json"}},
                   std::string(method) == "GET" ? "" : order)
          .status;
    EXPECT_TRUE(status == 404 || status == 405 || status == 501)
      << method << " " << status;
  }
  EXPECT_NE(http.post("/tree", "{}").status, 200);
}

TEST_F(AdminHttp, IndexIsShortPlainText) {
  http_client http(server_->admin_port());
  const http_response response = http.get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type").rfind("text/plain", 0), 0U);
  EXPECT_NE(response.body.find("/tree"), std::string::npos);
  EXPECT_LT(response.body.size(), 4096U);
}

TEST_F(AdminHttp, ManyRequestsOnOneConnectionAreAnswered) {
  http_client http(server_->admin_port());
  for (int count = 0; count < 200; ++count)
    ASSERT_EQ(http.get("/tree").status, 200);
}

TEST_F(AdminHttp, RequestInPiecesIsAnswered) {
  const std::string request
    = "GET /tree HTTP/1.1\r\n" + host_line() + "Connection: close\r\n\r\n";
  tcp_client client("127.0.0.1", server_->admin_port());
  for (const char byte : request)
    client.send_all({&byte, 1});
  const received got = client.receive_rest();
  EXPECT_EQ(got.data.rfind("HTTP/1.1 200", 0), 0U) << got.data;
  EXPECT_EQ(got.end, ending::eof);
}

TEST_F(AdminHttp, SilentClientsDoNotBlockOthers) {
  std::vector<tcp_client> silent;
  for (int count = 0; count < 20; ++count)
    silent.emplace_back("127.0.0.1", server_->admin_port());
  silent.front().send_all("POST /kill HTTP/1.1\r\n");
  http_client http(server_->admin_port());
  EXPECT_EQ(http.get("/tree").status, 200);
}

} // namespace

} // namespace coppice_test::admin_http_test
