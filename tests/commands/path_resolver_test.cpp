// SPDX-License-Identifier: BSD-3-Clause

#include "commands/path_resolver.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace path_resolver_test {

using namespace coppice::commands;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

const std::vector<std::string> tree{
  "coppice",
  "coppice/helpers/journal",
  "coppice/listener:echo",
  "coppice/listener:echo/accepting",
  "coppice/listener:echo/accepting/port",
  "coppice/listener:echo/accepting/acceptors",
  "coppice/listener:echo/accepting/acceptors/acceptor:0",
  "coppice/listener:echo/accepting/acceptors/acceptor:1",
  "coppice/listener:chat",
  "coppice/listener:chat/accepting",
  "coppice/listener:chat/accepting/port",
};

std::string resolved(const std::string& wanted) {
  return resolve_path(wanted, tree).value_or("none");
}

path_error error_of(const std::string& wanted) {
  auto result = resolve_path(wanted, tree);
  EXPECT_FALSE(result) << wanted;
  return coppice::test::error_of(result);
}

} // namespace

TEST(PathResolver, TakesAFullPath) {
  for (auto& each : tree)
    EXPECT_EQ(resolved(each), each);
}

TEST(PathResolver, TakesAnEndThatFitsOneAlone) {
  EXPECT_EQ(resolved("acceptor:0"), tree[6]);
  EXPECT_EQ(resolved("acceptors/acceptor:1"), tree[7]);
  EXPECT_EQ(resolved("listener:echo/accepting/port"), tree[4]);
  EXPECT_EQ(resolved("journal"), tree[1]);
}

TEST(PathResolver, TakesWholeSegmentsAlone) {
  for (auto part : {"ceptor:0", "or:0", "ournal", "/journal", "journal/", ""})
    EXPECT_EQ(resolved(part), "none") << part;
}

TEST(PathResolver, TakesAPatternThatFitsOneAlone) {
  EXPECT_EQ(resolved("acceptor*:1"), tree[7]);
  EXPECT_EQ(resolved("listener:echo/*/port"), tree[4]);
  EXPECT_TRUE(error_of("acceptor:*").ambiguous);
  EXPECT_FALSE(error_of("nothing*").ambiguous);
}

TEST(PathResolver, PrefersAFullPathToAnEnd) {
  const std::vector<std::string> paths{"top/x/a", "top/y/b", "top/x/b", "b"};
  auto of = [&](const char* wanted) { return resolve_path(wanted, paths); };

  EXPECT_EQ(of("b").value(), "b");
  EXPECT_EQ(of("a").value(), "top/x/a");
  EXPECT_EQ(of("top/x/a").value(), "top/x/a");
  EXPECT_THAT(coppice::test::error_of(of("top/*/b")).candidates,
              ElementsAre("top/x/b", "top/y/b"));
  EXPECT_FALSE(coppice::test::error_of(of("?/b")).ambiguous);
}

TEST(PathResolver, ListsTenCandidatesAtMost) {
  std::vector<std::string> many;
  for (char c = 'a'; c < 'l'; ++c)
    many.push_back(std::string{c} + "/worker");

  auto text
    = coppice::test::error_of(resolve_path("worker", many)).text("worker");

  EXPECT_THAT(text, AllOf(HasSubstr("one of 11 actors"),
                          testing::EndsWith("\n  j/worker\n  ...")));
}

TEST(PathResolver, ListsWhatAnEndMayStandFor) {
  auto error = error_of("accepting/port");

  EXPECT_TRUE(error.ambiguous);
  EXPECT_THAT(error.candidates, ElementsAre(tree[10], tree[4]));
  EXPECT_EQ(error.text("accepting/port"),
            "\"accepting/port\" may be one of 2 actors; write more of its "
            "path:\n"
            "  coppice/listener:chat/accepting/port\n"
            "  coppice/listener:echo/accepting/port");
}

TEST(PathResolver, SuggestsThePathsThatAreMostAlike) {
  auto error = error_of("acceptr:0");

  EXPECT_FALSE(error.ambiguous);
  ASSERT_THAT(error.candidates, testing::Not(IsEmpty()));
  EXPECT_EQ(error.candidates.front(), tree[6]);
  EXPECT_THAT(error.text("acceptr:0"),
              AllOf(HasSubstr("there is no actor at \"acceptr:0\"; did you "
                              "mean coppice/listener:echo/"),
                    testing::EndsWith("?")));
  EXPECT_EQ(error_of("coppice/jurnal").candidates.front(), tree[1]);
}

TEST(PathResolver, SuggestsThreeAtMost) {
  std::vector<std::string> many;
  for (auto n : {"0", "1", "2", "3", "4"})
    many.push_back("top/worker:" + std::string{n});

  auto result = resolve_path("worker:9", many);

  EXPECT_THAT(coppice::test::error_of(result).candidates, SizeIs(3));
}

TEST(PathResolver, SaysWhereThePathsAreIfNoneIsAlike) {
  EXPECT_EQ(path_error{}.text("x"), "there is no actor at \"x\"; coppice tree "
                                    "--json shows the paths");
}

} // namespace path_resolver_test
