// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

/// Where the parts of a server are in its tree.
namespace coppice_test::paths {

inline const std::string root = "coppice";
inline const std::string helpers = root + "/helpers";
inline const std::string journal = helpers + "/journal";
inline const std::string admin = helpers + "/admin";
inline const std::string listener = root + "/listener:echo";
inline const std::string connections = listener + "/connections";
inline const std::string accepting = listener + "/accepting";
inline const std::string port = accepting + "/port";
inline const std::string acceptors = accepting + "/acceptors";

inline std::string acceptor(int number) {
  return acceptors + "/acceptor:" + std::to_string(number);
}

/// The supervisor of one reactor's connections in the supervised topology.
inline std::string connection_hub(int number) {
  return connections + "/connections:" + std::to_string(number);
}

} // namespace coppice_test::paths
