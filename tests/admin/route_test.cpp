// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"
#include "admin/route.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace route_test {

using namespace coppice;
using namespace coppice::admin;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

TEST(RoutePattern, FitsItselfAlone) {
  EXPECT_THAT(match("/tree", "/tree"), Optional(IsEmpty()));
  for (auto path : {"", "/", "/tre", "/trees", "/tree/", "//tree", "tree"})
    EXPECT_THAT(match("/tree", path), Eq(std::nullopt)) << path;
}

TEST(RoutePattern, TakesOneSegmentForAName) {
  constexpr auto pattern = "/listeners/{listener}/limits";
  EXPECT_THAT(match(pattern, "/listeners/echo/limits"),
              Optional(ElementsAre("echo")));
  for (auto path : {"/listeners//limits", "/listeners/a/b/limits",
                    "/listeners/echo", "/listeners/echo/limit"})
    EXPECT_THAT(match(pattern, path), Eq(std::nullopt)) << path;
}

TEST(RoutePattern, TakesTheRestForANameThatSaysSo) {
  EXPECT_THAT(match("/faults/{point...}", "/faults/actor.start:top/a"),
              Optional(ElementsAre("actor.start:top/a")));
  EXPECT_THAT(match("/a/{b}/c/{d...}", "/a/1/c/2/3"),
              Optional(ElementsAre("1", "2/3")));
  EXPECT_THAT(match("/faults/{point...}", "/faults/"), Eq(std::nullopt));
  EXPECT_THAT(match("/faults/{point...}", "/faults"), Eq(std::nullopt));
}

TEST(RouteTable, IsWrittenALineARoute) {
  const std::vector<route> routes{
    {"GET", "/tree", permission::look, body_kind::none, "the actors", {}},
    {"PUT",
     "/faults/{point...}",
     permission::fault,
     body_kind::object,
     "arm it",
     {}}};

  auto text = to_text(routes);

  EXPECT_THAT(text, HasSubstr("\n  GET    /tree                                "
                              "the actors\n"
                              "  PUT    /faults/{point}                      "
                              "arm it *\n"));
}

namespace {

class Routes : public test::actor_fixture {
protected:
  response ask(std::string method, std::string path, std::string body = "{}",
               admin::access rules = {.allow_faults = true}) {
    return api{rt, {}, std::move(rules), {}}.handle(
      {.method = std::move(method),
       .path = std::move(path),
       .host = "localhost",
       .content_type = "application/json",
       .body = std::move(body)});
  }
};

} // namespace

TEST_F(Routes, AreListedInLinesThatFitATerminal) {
  std::istringstream lines{ask("GET", "/").body};

  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_LE(line.size(), 80U) << line;
  EXPECT_GT(count, 30U);
}

TEST_F(Routes, SayWhichMethodsAPathHas) {
  auto error = [&](const char* method, const char* path) {
    auto answer = ask(method, path);
    return std::to_string(answer.status) + " "
           + nlohmann::json::parse(answer.body).value("error", "");
  };

  EXPECT_EQ(error("GET", "/kill"), "405 use POST");
  EXPECT_EQ(error("PUT", "/tree"), "405 use GET");
  EXPECT_EQ(error("POST", "/"), "405 use GET");
  EXPECT_EQ(error("PUT", "/faults"), "405 use GET or DELETE");
  EXPECT_EQ(error("POST", "/faults/x"), "405 use GET, PUT or DELETE");
  EXPECT_EQ(error("GET", "/listeners/echo/limits"), "405 use POST");
}

TEST_F(Routes, AskForTheTokenBeforeAnythingElse) {
  admin::access rules{.token = "secret"};

  for (auto path : {"/kill", "/nowhere", "/tree", "/faults/seed"})
    EXPECT_EQ(ask("POST", path, "", rules).status, 401) << path;
  EXPECT_EQ(ask("GET", "/nowhere", "", rules).status, 404);
}

TEST_F(Routes, AskForAllowedFaultsBeforeABody) {
  for (auto path : {"/faults/seed", "/actors/flood", "/listeners/a/toxics"}) {
    auto answer = ask("POST", path, "no JSON", {});
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_THAT(answer.body, HasSubstr("--allow-faults"));
  }
}

} // namespace route_test
