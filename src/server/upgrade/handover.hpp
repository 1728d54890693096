// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "net/socket.hpp"
#include "server/upgrade/channel.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice::upgrade {

/// What a process gives to the one that is to replace it.
struct handover {
  /// A socket that a service manager passed, with its name.
  struct passed {
    std::string name;
    net::socket sock;
  };

  struct listener {
    std::string name;
    std::string where;                     ///< As it was configured.
    std::uint16_t port = 0;                ///< That it really has, of TCP.
    std::vector<net::socket> sockets = {}; ///< None: its port is closed.
    bool suspended = false;                ///< By an operator.
    std::string limits = {}; ///< JSON: those that somebody has changed.
  };

  struct admin_port {
    std::string where;
    net::socket sock;
  };

  int pid = 0;
  std::string version;
  std::chrono::milliseconds limit{0}; ///< Until it has to be ready.
  std::vector<passed> sockets = {};
  std::vector<listener> listeners = {};
  std::optional<admin_port> admin = {};
};

/// Whether `with` has it, within a second; the descriptors are copied on the
/// way.
bool send(channel& with, const handover& what);

/// The error says what is wrong with it: it may come from another version.
expected<handover, std::string> read_handover(message from);

// -- what is said after that, a word each ------------------------------------

/// A message without descriptors: what it is about, and texts.
struct word {
  std::string what;
  std::vector<std::string> texts = {};

  /// The first of them; empty: there is none.
  std::string text() const {
    return texts.empty() ? std::string{} : texts.front();
  }
};

namespace words {

/// Of the new one: it is up, but for accepting. Its texts are the listeners
/// whose sockets it uses, and `admin` after an empty one if that, too.
constexpr auto ready = "ready";
/// … it ends; the text says why.
constexpr auto failed = "failed";
/// … it accepts.
constexpr auto serves = "serves";
/// … it wants to know `numbers`.
constexpr auto ask = "ask";

/// Of the old one: accept.
constexpr auto go = "go";
/// … end at once: this process goes on. The text says why.
constexpr auto abort = "abort";
/// … the sockets are yours alone.
constexpr auto yours = "yours";
/// … what it has counted, as JSON.
constexpr auto numbers = "numbers";

} // namespace words

bool send(channel& with, const word& what);

expected<word, std::string> read_word(const message& from);

} // namespace coppice::upgrade
