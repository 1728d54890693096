// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/words.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace coppice::programs {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view for_shells = "|<>&;`";
constexpr auto npos = std::string_view::npos;

unexpected<std::string> wrong(std::string text) {
  return unexpected{std::move(text)};
}

bool is_variable(std::string_view name) {
  constexpr std::string_view letters
    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !name.empty() && name.find_first_not_of(letters) == npos
         && (name.front() < '0' || name.front() > '9');
}

// What stands between the braces.
expected<std::string, std::string> value_of(std::string_view inside,
                                            const variables& values) {
  auto colon = inside.find(":-");
  std::string name{inside.substr(0, colon)};
  if (!is_variable(name))
    return wrong(
      "\"${" + std::string{inside}
      + "}\" is no variable: ${NAME} or ${NAME:-DEFAULT}, and \"$$\" "
        "stands for \"$\"");
  auto value = values(name);
  if (value && (colon == npos || !value->empty()))
    return *std::move(value);
  if (colon == npos)
    return wrong("${" + name + "} is not set, and has no default");
  std::string result;
  for (auto rest = inside.substr(colon + 2); !rest.empty();) {
    if (rest.starts_with("${"))
      return wrong("the default of ${" + name + "} cannot have a variable");
    result += rest.front();
    rest.remove_prefix(rest.starts_with("$$") ? 2 : 1);
  }
  return result;
}

class splitter {
public:
  explicit splitter(std::string_view text) : text_(text) {
    // nop
  }

  expected<std::vector<std::string>, std::string> split() {
    while (!text_.empty() && problem_.empty())
      take_one();
    end_word();
    if (!problem_.empty())
      return wrong(std::move(problem_));
    return std::move(words_);
  }

private:
  void take_one() {
    auto c = text_.front();
    if (blanks.find(c) != npos) {
      end_word();
      text_.remove_prefix(1);
    } else if (c == '\'') {
      take_single_quoted();
    } else if (c == '"') {
      take_double_quoted();
    } else if (c == '\\') {
      take_escaped();
    } else if (!refuse_shell(for_shells)) {
      take_plain();
    }
  }

  void end_word() {
    if (std::exchange(in_word_, false))
      words_.push_back(std::exchange(word_, {}));
  }

  void put(std::string_view what) {
    word_ += what;
    in_word_ = true;
  }

  void fail(std::string text) {
    problem_ = std::move(text);
    text_ = {};
  }

  bool refuse_shell(std::string_view which) {
    auto c = text_.front();
    std::string what;
    if (text_.starts_with("$("))
      what = "$(";
    else if (which.find(c) != npos)
      what = text_.substr(0, text_.find_first_not_of(c));
    else
      return false;
    fail("\"" + what + R"(" needs a shell: command = ["sh", "-c", "…"])");
    return true;
  }

  // A character, or all of a variable.
  void take_plain() {
    std::size_t length = 1;
    if (text_.starts_with("$$"))
      length = 2;
    else if (text_.starts_with("${"))
      length = std::min(text_.find('}'), text_.size() - 1) + 1;
    put(text_.substr(0, length));
    text_.remove_prefix(length);
  }

  void put_literally(char c) {
    put(c == '$' ? std::string_view{"$$"} : std::string_view{&c, 1});
  }

  void take_escaped() {
    if (text_.size() == 1)
      return fail("a \\ at the end stands before nothing");
    if (text_[1] != '\n') // else the line goes on
      put_literally(text_[1]);
    text_.remove_prefix(2);
  }

  void take_single_quoted() {
    auto end = text_.find('\'', 1);
    if (end == npos)
      return fail("a ' is not closed");
    put(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
  }

  void take_double_quoted() {
    text_.remove_prefix(1);
    put("");
    while (!text_.empty() && text_.front() != '"') {
      constexpr std::string_view escapable = "\"\\$`";
      if (text_.front() == '\\' && text_.size() > 1
          && escapable.find(text_[1]) != npos)
        take_escaped();
      else if (!refuse_shell("`"))
        take_plain();
    }
    if (!problem_.empty())
      return;
    if (text_.empty())
      return fail("a \" is not closed");
    text_.remove_prefix(1);
  }

  std::string_view text_;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
  std::string problem_;
};

} // namespace

expected<std::string, std::string> expanded(std::string_view text,
                                            const variables& values) {
  std::string result;
  for (;;) {
    auto dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == npos)
      return result;
    text.remove_prefix(dollar);
    if (!text.starts_with("${")) {
      result += '$';
      text.remove_prefix(text.starts_with("$$") ? 2 : 1);
      continue;
    }
    auto end = text.find('}');
    if (end == npos)
      return wrong("\"${\" without \"}\"; \"$$\" stands for \"$\"");
    auto value = value_of(text.substr(2, end - 2), values);
    if (!value)
      return value;
    result += *value;
    text.remove_prefix(end + 1);
  }
}

expected<std::vector<std::string>, std::string>
split_words(std::string_view text) {
  return splitter{text}.split();
}

} // namespace coppice::programs
