// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace coppice_test::admin_security_test {

namespace {

const std::string token = "correct-horse-battery-staple";

std::string read_all(const std::string& file) {
  std::ifstream input(file);
  return {std::istreambuf_iterator<char>(input), {}};
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find_first_of(" \r\n"));
}

http_headers bearing(const std::string& value) {
  return {{"Authorization", "Bearer " + value}};
}

class AdminSecurity : public server_test {
protected:
  server_process& serve_with_token() {
    serve_options options;
    options.env = {{"COPPICE_ADMIN_TOKEN", token}};
    return serve(options);
  }

  static std::string order() {
    return json{{"path", paths::acceptor(0)}}.dump();
  }

  // A kill that was refused has not happened either.
  static void expect_unharmed(const server_process& server) {
    admin_api admin(server.admin_port());
    EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1);
    EXPECT_TRUE(serves(server));
  }

  static bool await_incarnation(const server_process& server, int wanted) {
    admin_api admin(server.admin_port());
    return eventually([&] {
      const auto now = admin.try_lineage_at(paths::acceptor(0));
      return now && now->back() == wanted;
    });
  }
};

TEST_F(AdminSecurity, ForeignHostIsForbidden) {
  auto& server = serve();
  for (const std::string host :
       {"evil.example", "evil.example:6060", "127.0.0.1.evil.example",
        "localhost.evil.example", "192.0.2.1", "user@127.0.0.1"}) {
    SCOPED_TRACE(host);
    http_client http(server.admin_port());
    EXPECT_EQ(http.post("/kill", order(), {{"Host", host}}).status, 403);
  }
  expect_unharmed(server);
}

TEST_F(AdminSecurity, ForeignHostCannotReadTheTree) {
  http_client http(serve().admin_port());
  EXPECT_EQ(http.get("/tree", {{"Host", "evil.example"}}).status, 403);
}

TEST_F(AdminSecurity, OwnHostIsAllowed) {
  auto& server = serve();
  const std::string port = std::to_string(server.admin_port());
  for (const std::string host : {"127.0.0.1:", "localhost:"}) {
    http_client http(server.admin_port());
    EXPECT_EQ(http.get("/tree", {{"Host", host + port}}).status, 200) << host;
  }
}

TEST_F(AdminSecurity, ForeignOriginIsForbidden) {
  auto& server = serve();
  const std::string port = std::to_string(server.admin_port());
  for (const std::string& origin :
       {std::string("http://evil.example"), std::string("null"),
        "https://evil.example:" + port,
        "http://127.0.0.1.evil.example:" + port}) {
    SCOPED_TRACE(origin);
    http_client http(server.admin_port());
    EXPECT_EQ(http.post("/kill", order(), {{"Origin", origin}}).status, 403);
  }
  expect_unharmed(server);
}

TEST_F(AdminSecurity, OwnOriginIsAllowed) {
  auto& server = serve();
  http_client http(server.admin_port());
  const std::string origin = "http://" + server.admin_address();
  EXPECT_EQ(http.post("/kill", order(), {{"Origin", origin}}).status, 200);
}

TEST_F(AdminSecurity, OtherContentTypesAreRefused) {
  auto& server = serve();
  http_client http(server.admin_port());
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "text/json", "application/jsonx", "json", ""}) {
    SCOPED_TRACE(type);
    EXPECT_EQ(http.post("/kill", order(), {{"Content-Type", type}}).status,
              415);
  }
  EXPECT_EQ(http.request("POST", "/kill", {}, order()).status, 415);
  // Not even the parts of a form are there: malformed and the wrong type.
  const http_headers form{{"Content-Type", "multipart/form-data"}};
  EXPECT_THAT(http.post("/kill", order(), form).status,
              ::testing::AnyOf(400, 415));
  expect_unharmed(server);
}

TEST_F(AdminSecurity, ContentTypeMayNameACharset) {
  http_client http(serve().admin_port());
  const http_headers headers{
    {"Content-Type", "application/json; charset=utf-8"}};
  EXPECT_EQ(http.post("/kill", order(), headers).status, 200);
}

TEST_F(AdminSecurity, MissingOrWrongTokenIsUnauthorized) {
  auto& server = serve_with_token();
  http_client http(server.admin_port());
  EXPECT_EQ(http.post("/kill", order()).status, 401);
  for (const std::string& wrong :
       {std::string("wrong"), std::string(), token + "x",
        token.substr(0, token.size() - 1), std::string(4000, 'x')})
    EXPECT_EQ(http.post("/kill", order(), bearing(wrong)).status, 401);
  for (const std::string& value : {token, "Basic " + token})
    EXPECT_EQ(http.post("/kill", order(), {{"Authorization", value}}).status,
              401);
  expect_unharmed(server);
}

TEST_F(AdminSecurity, RightTokenIsAccepted) {
  http_client http(serve_with_token().admin_port());
  EXPECT_EQ(http.post("/kill", order(), bearing(token)).status, 200);
}

TEST_F(AdminSecurity, TreeNeedsNoToken) {
  http_client http(serve_with_token().admin_port());
  EXPECT_EQ(http.get("/tree").status, 200);
}

TEST_F(AdminSecurity, TokenFileIsCreatedForItsOwnerOnly) {
  const temporary_directory directory;
  const std::string file = directory.file("token");
  const mode_t old_mask = ::umask(0);
  auto& server = serve({{"--admin-token-file", file}});
  ::umask(old_mask);

  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const std::string made = first_word(read_all(file));
  EXPECT_GE(made.size(), 16U);
  http_client http(server.admin_port());
  EXPECT_EQ(http.post("/kill", order()).status, 401);
  EXPECT_EQ(http.post("/kill", order(), bearing(made)).status, 200);
}

TEST_F(AdminSecurity, EachCreatedTokenIsAnother) {
  const temporary_directory directory;
  serve({{"--admin-token-file", directory.file("one")}});
  serve({{"--admin-token-file", directory.file("two")}});
  EXPECT_NE(read_all(directory.file("one")), read_all(directory.file("two")));
}

TEST_F(AdminSecurity, ExistingTokenFileIsUsedAndKept) {
  const temporary_directory directory;
  const std::string file = directory.file("token");
  std::ofstream(file) << token << "\n";
  ::chmod(file.c_str(), 0600);
  auto& server = serve({{"--admin-token-file", file}});
  http_client http(server.admin_port());
  EXPECT_EQ(http.post("/kill", order()).status, 401);
  EXPECT_EQ(http.post("/kill", order(), bearing(token)).status, 200);
  EXPECT_EQ(read_all(file), token + "\n");
}

TEST_F(AdminSecurity, TokenIsNotShown) {
  const temporary_directory directory;
  const std::string file = directory.file("token");
  auto& server = serve({{"--admin-token-file", file}});
  const std::string made = first_word(read_all(file));
  ASSERT_NE(made, "");
  EXPECT_EQ(server.out().find(made), std::string::npos);
  EXPECT_EQ(server.err().find(made), std::string::npos);
}

TEST_F(AdminSecurity, CommandKillsWithTheTokenOnly) {
  const temporary_directory directory;
  const std::string file = directory.file("token");
  std::ofstream(file) << token << "\n";
  ::chmod(file.c_str(), 0600);
  serve_options options;
  options.env = {{"COPPICE_ADMIN_TOKEN_FILE", file}};
  auto& server = serve(options);
  const std::vector<std::string> kill{"kill", paths::acceptor(0)};

  const command_result refused = server.cli(kill);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err.rfind("coppice: ", 0), 0U) << refused.err;
  expect_unharmed(server);

  auto with_file = kill;
  with_file.insert(with_file.end(), {"--token-file", file});
  EXPECT_EQ(server.cli(with_file).exit_code, 0);
  EXPECT_TRUE(await_incarnation(server, 2));
  EXPECT_EQ(server.cli(kill, {{"COPPICE_ADMIN_TOKEN", token}}).exit_code, 0);
  EXPECT_TRUE(await_incarnation(server, 3));
  EXPECT_EQ(server.cli(kill, {{"COPPICE_ADMIN_TOKEN_FILE", file}}).exit_code,
            0);
  EXPECT_TRUE(await_incarnation(server, 4));
}

} // namespace

} // namespace coppice_test::admin_security_test
