// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>

namespace coppice_test::startup_errors_test {

namespace {

using arguments = std::vector<std::string>;

constexpr int failed = 1;
constexpr int usage_error = 2;

std::uint16_t port_that_was_free() {
  return listening_socket().port();
}

std::string port_of(const listening_socket& taken) {
  return std::to_string(taken.port());
}

std::optional<int> read_number(const char* file) {
  int number = 0;
  if (std::ifstream(file) >> number)
    return number;
  return std::nullopt;
}

// One clear line that the caller can tell from the output of others.
void expect_one_line(const std::string& err) {
  EXPECT_EQ(err.rfind("coppice: ", 0), 0U) << err;
  EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
  EXPECT_TRUE(!err.empty() && err.back() == '\n') << err;
}

void expect_refusal(const command_result& result, int exit_code) {
  EXPECT_EQ(result.exit_code, exit_code);
  EXPECT_EQ(result.out, "");
  expect_one_line(result.err);
}

// On loopback and without admin page, unless `args` say otherwise.
command_result serve_command(arguments args) {
  launch_options options;
  options.args = {"serve"};
  const auto names = [&](const char* option) {
    return std::find(args.begin(), args.end(), option) != args.end();
  };
  if (!names("--bind"))
    options.args.insert(options.args.end(), {"--bind", "127.0.0.1"});
  if (!names("--admin"))
    options.args.insert(options.args.end(), {"--admin", "off"});
  options.args.insert(options.args.end(), args.begin(), args.end());
  return run_coppice(options);
}

using StartupErrors = server_test;

TEST_F(StartupErrors, TakenPortIsAFailure) {
  const listening_socket taken;
  expect_refusal(serve_command({port_of(taken)}), failed);
}

TEST_F(StartupErrors, PortOfAnotherCoppiceIsAFailure) {
  const auto& other = serve();
  expect_refusal(serve_command({std::to_string(other.port())}), failed);
  EXPECT_TRUE(serves(other));
}

TEST_F(StartupErrors, PortTakenOnIpv4IsAFailureForDualStack) {
  const listening_socket taken;
  expect_refusal(serve_command({port_of(taken), "--bind", "::"}), failed);
}

TEST_F(StartupErrors, PrivilegedPortIsAFailureForAnUnprivilegedUser) {
  if (geteuid() != 0)
    GTEST_SKIP() << "only root can become the unprivileged user";
  constexpr int privileged = 7;
  const auto first_free
    = read_number("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (first_free.value_or(1024) <= privileged)
    GTEST_SKIP() << "every port is unprivileged on this machine";
  launch_options options;
  options.args
    = {"serve", std::to_string(privileged), "--bind", "127.0.0.1", "--admin",
       "off"};
  options.as_nobody = true;
  const command_result result = run_coppice(options);
  if (result.exit_code == 127)
    GTEST_SKIP() << "the unprivileged user cannot run it: " << result.err;
  expect_refusal(result, failed);
}

TEST_F(StartupErrors, AddressOfAnotherMachineIsAFailure) {
  if (read_number("/proc/sys/net/ipv4/ip_nonlocal_bind").value_or(0) != 0)
    GTEST_SKIP() << "every address is local on this machine";
  constexpr const char* documentation_address = "192.0.2.1";
  expect_refusal(serve_command({"0", "--bind", documentation_address}), failed);
}

TEST_F(StartupErrors, BadAddressIsAUsageError) {
  for (const char* address :
       {"nowhere", "999.0.0.1", "127.0.0.1.1", ":::", "::g", "", "1:2",
        "127.0.0.1:6000", "example.org"}) {
    SCOPED_TRACE(address);
    expect_refusal(serve_command({"0", "--bind", address}), usage_error);
  }
}

TEST_F(StartupErrors, AddressInBracketsOrWithAScopeIsTaken) {
  for (const char* address : {"[::1]", "::1%lo", "[::1%1]", "fe80::1%lo"}) {
    SCOPED_TRACE(address);
    // This machine need not have it; that is another error.
    const command_result result
      = serve_command({"0", "--bind", address, "--admin", "999"});
    EXPECT_EQ(result.err.find("--bind"), std::string::npos) << result.err;
  }
  for (const char* address : {"[127.0.0.1]", "[::1", "::1]", "[]", "::1%",
                              "::1%nosuch0", "127.0.0.1%lo"}) {
    SCOPED_TRACE(address);
    expect_refusal(serve_command({"0", "--bind", address}), usage_error);
  }
}

TEST_F(StartupErrors, PortOutOfRangeIsAUsageError) {
  for (const char* port : {"70000", "65536", "-1", "99999999999999999999",
                           "six", "60x0", "6000.5", "", " "}) {
    SCOPED_TRACE(port);
    expect_refusal(serve_command({port}), usage_error);
  }
}

TEST_F(StartupErrors, SecondPortIsAUsageError) {
  expect_refusal(serve_command({"0", "0"}), usage_error);
}

TEST_F(StartupErrors, UnknownTopologyIsAUsageError) {
  for (const char* topology : {"foo", "", "LINKED", "link"}) {
    SCOPED_TRACE(topology);
    expect_refusal(serve_command({"0", "--topology", topology}), usage_error);
  }
}

TEST_F(StartupErrors, UnknownOptionIsAUsageError) {
  for (const char* option : {"--frobnicate", "--frobnicate=1", "-x"}) {
    SCOPED_TRACE(option);
    expect_refusal(serve_command({"0", option}), usage_error);
  }
}

TEST_F(StartupErrors, OptionWithoutItsValueIsAUsageError) {
  for (const char* option :
       {"--bind", "--topology", "--acceptors", "--max-restarts",
        "--max-seconds", "--admin", "--admin-token-file", "--drain-timeout"}) {
    SCOPED_TRACE(option);
    expect_refusal(serve_command({"0", option}), usage_error);
  }
}

TEST_F(StartupErrors, ValueThatIsNoNumberIsAUsageError) {
  for (const char* option :
       {"--acceptors", "--max-restarts", "--max-seconds"}) {
    for (const char* value : {"x", "1x", "-1", ""}) {
      SCOPED_TRACE(std::string(option) + " " + value);
      expect_refusal(serve_command({"0", option, value}), usage_error);
    }
  }
}

TEST_F(StartupErrors, NoAcceptorsIsAUsageError) {
  expect_refusal(serve_command({"0", "--acceptors", "0"}), usage_error);
}

TEST_F(StartupErrors, BadDurationIsAUsageError) {
  for (const char* duration : {"soon", "5parsecs", "-1s", "s", "", "1 s"}) {
    SCOPED_TRACE(duration);
    expect_refusal(serve_command({"0", "--drain-timeout", duration}),
                   usage_error);
  }
}

TEST_F(StartupErrors, UnknownSubcommandIsAUsageError) {
  launch_options options;
  options.args = {"grow"};
  expect_refusal(run_coppice(options), usage_error);
}

TEST_F(StartupErrors, TakenAdminPortIsAFailureThatLeavesTheEchoPortClosed) {
  const listening_socket taken;
  const std::uint16_t port = port_that_was_free();
  expect_refusal(serve_command({std::to_string(port), "--admin",
                                "127.0.0.1:" + port_of(taken)}),
                 failed);
  EXPECT_EQ(connect_error("127.0.0.1", port), ECONNREFUSED);
}

TEST_F(StartupErrors, BadAdminAddressIsAUsageError) {
  for (const char* address : {"nowhere", "127.0.0.1", "127.0.0.1:70000",
                              "127.0.0.1:x", "127.0.0.1:", ":", ""}) {
    SCOPED_TRACE(address);
    expect_refusal(serve_command({"0", "--admin", address}), usage_error);
  }
}

TEST_F(StartupErrors, AdminBeyondLoopbackWithoutTokenIsAUsageError) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0"}) {
    SCOPED_TRACE(address);
    expect_refusal(serve_command({"0", "--admin", address}), usage_error);
  }
}

TEST_F(StartupErrors, EmptyTokenIsNoToken) {
  launch_options options;
  options.args = {"serve", "0", "--bind", "127.0.0.1", "--admin", "0.0.0.0:0"};
  options.env = {{"COPPICE_ADMIN_TOKEN", ""}};
  expect_refusal(run_coppice(options), usage_error);
}

TEST_F(StartupErrors, TokenFileThatCannotBeMadeIsAFailure) {
  expect_refusal(
    serve_command({"0", "--admin", "127.0.0.1:0", "--admin-token-file",
                   "/no/such/directory/token"}),
    failed);
}

} // namespace

} // namespace coppice_test::startup_errors_test
