// SPDX-License-Identifier: BSD-3-Clause

#include "fault/parser.hpp"
#include "fault/errno_names.hpp"
#include "fault/names.hpp"
#include "fault/vocabulary.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace coppice::fault {

namespace {

constexpr std::chrono::nanoseconds longest = std::chrono::days{365};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_letter_or_digit(char c) {
  return is_letter(c) || is_digit(c);
}

bool is_digit_or_point(char c) {
  return is_digit(c) || c == '.';
}

std::vector<std::string> names_of(const auto& table) {
  std::vector<std::string> result;
  for (auto& each : table)
    result.emplace_back(each.name);
  return result;
}

std::string actions() {
  std::string result = "an action: ";
  for (auto& word : words)
    result += (&word == words ? "" : ", ") + std::string{word.name};
  return result;
}

} // namespace

term parser::read_term() {
  term result;
  do
    result.steps.push_back(read_step());
  while (take("->"));
  return result;
}

step parser::read_step() {
  std::optional<double> percent;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> skip;
  auto set = [this](auto& into, std::size_t at, auto value) {
    if (into)
      fail(at, "each of %, * and @ once at most");
    into = value;
  };
  for (;;) {
    auto number = take_number();
    auto at = offset_of(number);
    if (number.empty() && take("@"))
      set(skip, at, whole(take_number(), 0));
    else if (number.empty())
      break;
    else if (take("%"))
      set(percent, at, percentage(number));
    else if (take("*"))
      set(count, at, whole(number, 1));
    else
      fail("% after a probability or * after a count");
  }
  return {percent.value_or(100), count, skip.value_or(0), read_action()};
}

action parser::read_action() {
  auto name = take_while(is_letter_or_digit);
  auto found = std::ranges::find(words, name, &word::name);
  if (found == std::end(words)) {
    fail(offset_of(name), actions(), did_you_mean(name, names_of(words)));
    return {};
  }
  action result{found->kind};
  if (found->takes == argument::none)
    return result;
  if (!take("(")) {
    if (!found->optional)
      fail("(");
    return result;
  }
  read_argument(*found, result);
  expect(")");
  return result;
}

void parser::read_argument(const word& of, action& into) {
  switch (of.takes) {
  case argument::none:
    break;
  case argument::text:
    into.text = read_text();
    if (into.text.empty() && !of.optional)
      fail("a text");
    break;
  case argument::errno_name:
    into.error_code = read_errno();
    break;
  case argument::time:
    into.time = read_time();
    break;
  }
}

std::string parser::read_text() {
  std::string result;
  for (; at_ < text_.size() && text_[at_] != ')'; ++at_) {
    if (text_[at_] == '\\' && ++at_ == text_.size()) {
      fail("a character after \\");
      break;
    }
    result += text_[at_];
  }
  return result;
}

int parser::read_errno() {
  auto name = take_while(is_letter_or_digit);
  auto number = errno_number(name);
  if (!number)
    fail(offset_of(name), "the name of an errno, such as ECONNRESET",
         did_you_mean(name, all_errno_names()));
  return number.value_or(0);
}

std::chrono::nanoseconds parser::read_time() {
  auto number = take_number();
  auto count = whole(number, 0);
  auto name = take_while(is_letter);
  auto found = std::ranges::find(units, name, &unit::name);
  if (found == std::end(units)) {
    fail(offset_of(name), "a unit: ns, us, ms, s, m",
         did_you_mean(name, names_of(units)));
    return {};
  }
  if (count > static_cast<std::uint64_t>(longest / found->length)) {
    fail(offset_of(number), "a time of at most 365 days");
    return {};
  }
  return static_cast<std::int64_t>(count) * found->length;
}

std::string_view parser::take_number() {
  return take_while(is_digit_or_point);
}

std::uint64_t parser::whole(std::string_view number, std::uint64_t lowest) {
  std::uint64_t result = 0;
  auto* last = number.data() + number.size();
  auto [rest, error] = std::from_chars(number.data(), last, result);
  if (error != std::errc{} || rest != last || result < lowest)
    fail(offset_of(number),
         lowest == 0 ? "a whole number" : "a whole number of at least 1");
  return result;
}

double parser::percentage(std::string_view number) {
  double result = 0;
  auto* last = number.data() + number.size();
  auto [rest, error]
    = std::from_chars(number.data(), last, result, std::chars_format::fixed);
  if (error != std::errc{} || rest != last || result > 100)
    fail(offset_of(number), "a number from 0 to 100");
  return result;
}

std::string_view parser::take_while(bool (*belongs)(char)) {
  skip_spaces();
  auto begin = at_;
  while (at_ < text_.size() && belongs(text_[at_]))
    ++at_;
  return text_.substr(begin, at_ - begin);
}

bool parser::take(std::string_view token) {
  skip_spaces();
  if (!text_.substr(at_).starts_with(token))
    return false;
  at_ += token.size();
  return true;
}

void parser::expect(std::string_view token) {
  if (!take(token))
    fail(std::string{token});
}

bool parser::at_end() {
  skip_spaces();
  return at_ == text_.size();
}

void parser::fail(const std::string& expected) {
  skip_spaces();
  fail(at_, expected);
}

void parser::fail(std::size_t at, const std::string& expected,
                  const std::string& hint) {
  if (error_)
    return;
  auto rest = text_.substr(at);
  auto word = std::ranges::find_if_not(
    rest, [](char c) { return is_name_character(c) || (c & 0x80) != 0; });
  auto length = std::max<std::size_t>(word - rest.begin(), 1);
  auto found = rest.empty() ? "the end"
                            : '"' + std::string{rest.substr(0, length)} + '"';
  error_ = term_error{at, "expected " + expected + ", found " + found + hint};
  at_ = text_.size();
}

void parser::skip_spaces() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
    ++at_;
}

std::size_t parser::offset_of(std::string_view part) const {
  return static_cast<std::size_t>(part.data() - text_.data());
}

} // namespace coppice::fault
