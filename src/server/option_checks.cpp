// SPDX-License-Identifier: BSD-3-Clause

#include "server/option_checks.hpp"

#include "fault/names.hpp"
#include "server/joined.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <type_traits>
#include <utility>

namespace coppice {

namespace {

std::string in_words(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

// Takes numbers within a range, all of the text, and nothing else.
template <class T>
CLI::Validator number_check(T least, T most, const std::string& first,
                            const std::string& last, const char* kind) {
  auto range = first + " to " + last;
  if constexpr (std::is_integral_v<T>)
    if (most == std::numeric_limits<std::int64_t>::max())
      range = first + " on";
  return CLI::Validator{
    [=](const std::string& text) -> std::string {
      T value{};
      auto* end = text.data() + text.size();
      auto [rest, err] = std::from_chars(text.data(), end, value);
      if (err == std::errc{} && rest == end && value >= least && value <= most)
        return {};
      return "\"" + text + "\" is no " + kind + " from " + range;
    },
    "NUMBER in [" + range + "]"};
}

} // namespace

CLI::Validator numbers(std::uint64_t least, std::uint64_t most) {
  return number_check(least, most, std::to_string(least), std::to_string(most),
                      "whole number");
}

CLI::Validator shares(double least, double most) {
  return number_check(least, most, in_words(least), in_words(most), "number");
}

CLI::Validator one_of(std::vector<std::string> words) {
  auto shown = "{" + joined(words, ",") + "}";
  auto check = [words = std::move(words)](const std::string& text) {
    if (std::ranges::find(words, text) != words.end())
      return std::string{};
    return "\"" + text + "\" is none of " + joined(words, ", ")
           + fault::did_you_mean(text, words);
  };
  return CLI::Validator{std::move(check), std::move(shown)};
}

void refuse_empty_texts(CLI::App& cmd) {
  auto check = [](const std::string& text) {
    return text.empty() ? std::string{"an empty text is no value"}
                        : std::string{};
  };
  for (auto* each : cmd.get_options({}))
    if (each->get_items_expected_max() > 0 && each->get_type_name() != any_word)
      each->check(CLI::Validator{check, ""});
}

} // namespace coppice
