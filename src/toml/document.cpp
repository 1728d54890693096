// SPDX-License-Identifier: BSD-3-Clause

#include "toml/document.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <utility>

namespace coppice::toml_file {

[[noreturn]] static void refuse() {
  throw std::logic_error("no valid TOML");
}

} // namespace coppice::toml_file

// toml++ 3.3 asserts what some malformed files break, such as `[[ =`: they are
// to be refused, and not to end the program.
#define TOML_ASSERT(expression)                                                \
  (static_cast<bool>(expression) ? void() : ::coppice::toml_file::refuse())
// Tables in tables are read, and later destroyed, one in the other: what is
// very deep would use up the stack. See also `most_parts`.
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/toml.h>

namespace coppice::toml_file {

namespace {

table converted(const ::toml::table& from);

node converted(const ::toml::node& from) {
  node result;
  result.line = from.source().begin.line;
  result.column = from.source().begin.column;
  if (auto* all = from.as_table())
    result.value = converted(*all);
  else if (auto* list = from.as_array()) {
    array items;
    for (auto& each : *list)
      items.push_back(converted(each));
    result.value = std::move(items);
  } else if (auto* text = from.as_string())
    result.value = text->get();
  else if (auto* whole = from.as_integer())
    result.value = whole->get();
  else if (auto* number = from.as_floating_point())
    result.value = number->get();
  else if (auto* yes = from.as_boolean())
    result.value = yes->get();
  else
    result.value = date{};
  return result;
}

table converted(const ::toml::table& from) {
  table result;
  for (auto&& [key, value] : from)
    result.push_back({std::string{key.str()}, converted(value)});
  return result;
}

std::uint32_t line_of(std::string_view text, std::size_t offset) {
  auto before = text.substr(0, offset);
  return 1 + static_cast<std::uint32_t>(std::ranges::count(before, '\n'));
}

std::uint32_t column_of(std::string_view text, std::size_t offset) {
  auto begin = text.substr(0, offset).rfind('\n');
  return static_cast<std::uint32_t>(begin == text.npos ? offset + 1
                                                       : offset - begin);
}

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

// Of a key with dots, each of which stands for a table.
constexpr std::size_t most_parts = 32;

// A character of UTF-8; of length 0 if there is none.
struct character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};

character character_at(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  auto first = byte(0);
  std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  auto code = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t least[] = {0x80, 0x800, 0x10000};
  auto surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (first < 0xC0 || first > 0xF4 || code < least[length - 2]
      || code > 0x10FFFF || surrogate)
    return {};
  return {code, length};
}

// Rewrites a text in ASCII, line by line the same: letters beyond it are left
// out of comments, and escaped in texts in double quotes. Elsewhere they are
// refused. What toml++ 3.3 does with them is undefined, also where a text is
// so wrong that what looks like quotes is none.
// Source: TOML 1.0.0, "Comment" and "String".
class ascii_writer {
public:
  explicit ascii_writer(std::string_view text) : text_(text) {
    // nop
  }

  expected<std::string, problem> write() {
    result_.reserve(text_.size());
    while (at_ < text_.size() && !problem_) {
      auto c = text_[at_];
      if (c == '#')
        write_comment();
      else if (c == '"' || c == '\'')
        write_quoted(c);
      else if (has_too_many_parts(c))
        refuse("a key of more than 32 parts");
      else
        write_one(false);
    }
    if (problem_)
      return unexpected{std::move(*problem_)};
    return std::move(result_);
  }

private:
  bool at_end_of_line() const {
    return at_ == text_.size() || text_[at_] == '\n';
  }

  bool begins(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }

  // Between what cannot stand in a key, dots are those of a key, or of a number
  // or date, which has few.
  bool has_too_many_parts(char c) {
    constexpr std::string_view between = "=,[]{}\n";
    if (between.find(c) != between.npos)
      dots_ = 0;
    return c == '.' && ++dots_ >= most_parts;
  }

  void refuse(const char* why) {
    problem_ = problem{line_of(text_, at_), column_of(text_, at_), why};
    at_ = text_.size();
  }

  void write_comment() {
    for (; !at_end_of_line(); ++at_)
      if (is_ascii(text_[at_]))
        result_ += text_[at_];
  }

  // One character, which may be escaped.
  void write_one(bool escapes) {
    if (is_ascii(text_[at_])) {
      result_ += text_[at_++];
      return;
    }
    auto found = character_at(text_, at_);
    if (found.length == 0)
      return refuse("this is no UTF-8");
    if (!escapes)
      return refuse("a letter beyond ASCII has to be in double quotes or in a "
                    "comment");
    char escaped[16];
    std::snprintf(escaped, sizeof(escaped), "\\U%08x",
                  static_cast<unsigned>(found.code));
    result_ += escaped;
    at_ += found.length;
  }

  void write_quoted(char quote) {
    std::string end(1, quote);
    if (begins(std::string(3, quote)))
      end.assign(3, quote);
    auto several_lines = end.size() == 3;
    result_ += end;
    at_ += end.size();
    while (at_ < text_.size() && !begins(end)) {
      if (at_end_of_line() && !several_lines)
        return; // it is not closed
      if (text_[at_] == '\\' && quote == '"')
        write_one(false); // and what follows
      if (at_ < text_.size())
        write_one(quote == '"');
    }
    // Up to two quotes may stand before the last three.
    while (at_ < text_.size() && text_[at_] == quote) {
      write_one(false);
      if (!several_lines)
        return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t dots_ = 0;
  std::string result_;
  std::optional<problem> problem_;
};

} // namespace

std::string_view node::kind() const noexcept {
  struct namer {
    std::string_view operator()(const std::string&) const {
      return "a text";
    }
    std::string_view operator()(std::int64_t) const {
      return "a whole number";
    }
    std::string_view operator()(double) const {
      return "a number with a point";
    }
    std::string_view operator()(bool) const {
      return "true or false";
    }
    std::string_view operator()(const date&) const {
      return "a date or time";
    }
    std::string_view operator()(const array&) const {
      return "a list";
    }
    std::string_view operator()(const table&) const {
      return "a table";
    }
  };
  return std::visit(namer{}, value);
}

expected<table, problem> parse(std::string_view text) {
  auto ascii = ascii_writer{text}.write();
  if (!ascii)
    return unexpected{std::move(ascii.error())};
  try {
    return converted(::toml::parse(*ascii));
  } catch (const ::toml::parse_error& err) {
    auto& where = err.source().begin;
    return unexpected{
      problem{where.line, where.column, std::string{err.description()}}};
  } catch (const std::logic_error& err) {
    return unexpected{problem{0, 0, err.what()}};
  }
}

const node* find(const table& where, std::string_view key) noexcept {
  auto found = std::ranges::find(where, key, &member::key);
  return found == where.end() ? nullptr : &found->value;
}

} // namespace coppice::toml_file
