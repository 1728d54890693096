// SPDX-License-Identifier: BSD-3-Clause

#include <gmock/gmock.h>

#include <filesystem>
#include <iostream>
#include <set>
#include <string>

namespace {

// What a person calls a source file of tests: toxic, for net/toxic_test.cpp.
std::string file_of(const testing::TestInfo& test) {
  auto stem = std::filesystem::path{test.file()}.stem().string();
  return stem.substr(0, stem.rfind("_test"));
}

// Has all tests of these files run, and no other. Returns what is not the name
// of a file, or nothing.
std::string choose(const std::set<std::string>& files) {
  auto missing = files;
  std::string filter;
  auto& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    auto& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      auto& test = *suite.GetTestInfo(j);
      auto file = file_of(test);
      if (files.count(file) == 0)
        continue;
      missing.erase(file);
      filter += std::string{suite.name()} + "." + test.name() + ":";
    }
  }
  if (!missing.empty())
    return *missing.begin();
  GTEST_FLAG_SET(filter, filter);
  return {};
}

} // namespace

// The tests of a room: all of them, or those of the files that are named
// (`net-test toxic peer`), or those of a filter (`--gtest_filter`).
int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  std::set<std::string> files{argv + 1, argv + argc};
  if (!files.empty()) {
    if (auto wrong = choose(files); !wrong.empty()) {
      std::cerr << argv[0] << ": no test is in a file " << wrong
                << "_test.cpp of this room\n";
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}
