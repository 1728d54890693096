// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// What options take. Errors say what would be right; help shows it.
namespace coppice {

/// Whole numbers from `least` to `most`, all of the text, and nothing else.
CLI::Validator numbers(std::uint64_t least,
                       std::uint64_t most
                       = std::numeric_limits<std::int64_t>::max());

/// The same for shares, such as 0.5.
CLI::Validator shares(double least, double most);

/// One of `words`; what is like one gets a hint.
CLI::Validator one_of(std::vector<std::string> words);

/// What the values of an option are called that may be anything, also empty:
/// the words of somebody else's command.
inline constexpr auto any_word = "WORD";

/// Has all options of `cmd`, but those whose values are `any_word`, refuse an
/// empty text, which stands for nothing.
void refuse_empty_texts(CLI::App& cmd);

} // namespace coppice
