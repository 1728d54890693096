// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin_api.hpp"
#include "server_process.hpp"
#include "tcp_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coppice_test {

/// A test with servers of its own. Afterwards those that still run must end
/// as told, and their standard error is shown if the test failed.
class server_test : public ::testing::Test {
protected:
  server_process& serve(const serve_options& options = {});
  void TearDown() override;

  static tcp_client connect_to(const server_process& server) {
    return tcp_client(server.host(), server.port());
  }

  /// To be said by a test in which the server's descriptors do.
  void descriptors_run_out() {
    descriptors_run_out_ = true;
  }

private:
  void end(server_process& server);

  std::vector<std::unique_ptr<server_process>> servers_;
  bool descriptors_run_out_ = false;
};

/// The same in each topology.
class topology_test : public server_test,
                      public ::testing::WithParamInterface<const char*> {
protected:
  server_process& serve_topology(serve_options options = {});
  bool linked() const {
    return std::string_view(GetParam()) == "linked";
  }
};

inline const auto every_topology = ::testing::Values("linked", "supervised");

inline std::string
topology_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

/// All connections in the hands of one reactor.
inline serve_options one_reactor() {
  return {{"--acceptors", "1"}};
}

/// Equality of data too long to be shown.
::testing::AssertionResult same_bytes(std::string_view got,
                                      std::string_view wanted);

/// Passes when both directions work on this connection.
::testing::AssertionResult echoes(tcp_client& client,
                                  std::string_view line = "still there?\n");

/// Passes when a new connection is made and echoes.
::testing::AssertionResult serves(const server_process& server);

/// Passes when the connection is still open after `span`, and nothing came on
/// it meanwhile.
::testing::AssertionResult stays_silent(tcp_client& client,
                                        milliseconds span = milliseconds(300));

/// Passes when the server ends the connection, in whatever way.
::testing::AssertionResult ends(tcp_client& client,
                                milliseconds budget = patience);

/// How often `part` is in `text`.
int count_of(std::string_view part, std::string_view text);

/// Bytes of every value without order, the same for the same seed.
std::string random_bytes(std::size_t count, unsigned seed = 1);

/// The numbers from `first` on, one a line.
std::string numbered_lines(int first, int count);

} // namespace coppice_test
