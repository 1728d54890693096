// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <random>
#include <sstream>

namespace coppice_test {

namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// UBSan looks at an object's type through a pipe. Without descriptors for one
// every object seems to be of a wrong type, and no option says otherwise: to
// read its options UBSan needs a descriptor too.
bool complains(const std::string& line, bool descriptors_run_out) {
  if (contains(line, "runtime error:"))
    return !descriptors_run_out
           || !contains(line, "does not point to an object of type");
  return contains(line, "Sanitizer");
}

bool sanitizer_complained(const std::string& text, bool descriptors_run_out) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (complains(line, descriptors_run_out))
      return true;
  }
  return false;
}

} // namespace

server_process& server_test::serve(const serve_options& options) {
  servers_.push_back(std::make_unique<server_process>(options));
  return *servers_.back();
}

void server_test::end(server_process& server) {
  if (!server.running())
    return;
  // Two different signals: two equal ones may be delivered as one.
  server.signal(SIGTERM);
  server.signal(SIGINT);
  EXPECT_EQ(server.wait_exit(), 0) << "after SIGTERM and SIGINT";
}

void server_test::TearDown() {
  for (auto& server : servers_) {
    end(*server);
    const std::string err = server->err();
    EXPECT_FALSE(sanitizer_complained(err, descriptors_run_out_));
    if (HasFailure())
      std::cerr << "--- standard error of the server ---\n"
                << err << "--- end ---\n";
  }
  servers_.clear();
}

server_process& topology_test::serve_topology(serve_options options) {
  options.args.insert(options.args.end(), {"--topology", GetParam()});
  return serve(options);
}

::testing::AssertionResult same_bytes(std::string_view got,
                                      std::string_view wanted) {
  const auto [left, right]
    = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
  if (left == got.end() && right == wanted.end())
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << got.size() << " bytes for " << wanted.size()
         << ", the first difference at " << left - got.begin();
}

::testing::AssertionResult echoes(tcp_client& client, std::string_view line) {
  try {
    return same_bytes(client.echo(line), line);
  } catch (const std::exception& problem) {
    return ::testing::AssertionFailure() << problem.what();
  }
}

::testing::AssertionResult serves(const server_process& server) {
  try {
    tcp_client client(server.host(), server.port());
    return echoes(client, "anyone there?\n");
  } catch (const std::exception& problem) {
    return ::testing::AssertionFailure() << problem.what();
  }
}

::testing::AssertionResult stays_silent(tcp_client& client, milliseconds span) {
  const received got = client.receive_rest(span);
  if (got.end == ending::deadline && got.data.empty())
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << to_string(got.end) << " after " << got.data.size() << " bytes";
}

::testing::AssertionResult ends(tcp_client& client, milliseconds budget) {
  const ending end = client.receive_rest(budget).end;
  if (end == ending::eof || end == ending::reset)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << to_string(end);
}

int count_of(std::string_view part, std::string_view text) {
  int result = 0;
  for (auto at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++result;
  return result;
}

std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::string result(count, '\0');
  std::generate(result.begin(), result.end(),
                [&] { return static_cast<char>(generator() & 0xffU); });
  return result;
}

std::string numbered_lines(int first, int count) {
  std::string result;
  char line[16];
  for (int number = first; number < first + count; ++number) {
    std::snprintf(line, sizeof line, "%09d\n", number);
    result += line;
  }
  return result;
}

} // namespace coppice_test
