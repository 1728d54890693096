// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "supervision/command.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

/// Text as Erlang would print it, for traces.
namespace coppice::lab {

/// `name`, which is UTF-8, as an Erlang atom: quoted if it has to be, as up to
/// OTP 26, which has no word `maybe`.
std::string atom(std::string_view name);

/// What a value of a scenario stands for: a string is an atom, an array is a
/// tuple (a leading "$tuple" is left out), a number and a boolean themselves.
std::string term(const nlohmann::json& value);

/// `'a#2'`
std::string instance_name(std::string_view id, std::size_t n);

/// Gives the text for an instance in a reply, as `'a#2'`.
using name_instance = std::function<std::string(supervision::instance_id)>;

/// What a request was, as far as its reply depends on it.
struct asked {
  std::string op;
  bool dynamic = false; ///< Under simple_one_for_one.
  bool nested = false;  ///< About a child that is a supervisor.
  /// What the supervisor was started with.
  supervision::flags flags = {};
  /// start_child: the specification.
  std::optional<supervision::child_spec> spec = {};
};

/// The text of a reply as OTP's supervisor would have sent it.
std::string render(const supervision::reply& what, const asked& question,
                   const name_instance& name);

/// The error that OTP answers to a mistake in a specification or in flags.
std::string render(const supervision::spec_error& error,
                   const supervision::child_spec* spec,
                   const supervision::flags& flags);

/// How a report names its child: `1`, `"undefined"`, `"{restarting,1}"`,
/// `"restarting"` or `"{nb_children,3}"`. `n` is the number of the instance.
nlohmann::json render(const supervision::offender& who, std::size_t n);

} // namespace coppice::lab
