// SPDX-License-Identifier: BSD-3-Clause

#include "lab/json_place.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace coppice::lab {

namespace {

// Walks through text that is known to be JSON.
class walker {
public:
  explicit walker(std::string_view text) : text_(text) {
    // nop
  }

  // Where the rest of the pointer leads from the value that comes next, which
  // is passed over in any case.
  std::optional<std::size_t> find(std::optional<std::string_view> rest) {
    skip_blanks();
    auto begin = at_;
    auto here = rest && rest->empty() ? std::optional{begin} : std::nullopt;
    switch (peek()) {
    case '{': {
      auto found = find_in('{', '}', rest);
      return here ? here : found;
    }
    case '[': {
      auto found = find_in('[', ']', rest);
      return here ? here : found;
    }
    case '"':
      skip_string();
      return here;
    default:
      while (at_ < text_.size()
             && std::string_view{",]} \t\r\n/"}.find(text_[at_])
                  == std::string_view::npos)
        ++at_;
      return here;
    }
  }

private:
  char peek() const {
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void skip_blanks() {
    for (;;) {
      while (at_ < text_.size()
             && std::string_view{" \t\r\n\xEF\xBB\xBF"}.find(text_[at_])
                  != std::string_view::npos)
        ++at_;
      auto rest = text_.substr(at_);
      auto end = rest.starts_with("//")   ? rest.find('\n')
                 : rest.starts_with("/*") ? rest.find("*/", 2)
                                          : 0;
      if (end == 0)
        return;
      at_ = end == rest.npos ? text_.size() : at_ + end + 2 - (rest[1] == '/');
    }
  }

  std::string_view skip_string() {
    auto begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"')
      at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(begin, at_ - begin);
  }

  // What is left of the pointer behind that name, if it begins with it.
  static std::optional<std::string_view>
  behind(std::optional<std::string_view> rest, const std::string& name) {
    if (!rest || !rest->starts_with('/') || !rest->substr(1).starts_with(name))
      return {};
    auto left = rest->substr(name.size() + 1);
    return left.empty() || left.front() == '/' ? std::optional{left}
                                               : std::nullopt;
  }

  std::optional<std::size_t> find_in(char open, char close,
                                     std::optional<std::string_view> rest) {
    std::optional<std::size_t> result;
    ++at_;
    for (std::size_t index = 0;; ++index) {
      skip_blanks();
      if (at_ >= text_.size() || peek() == close) {
        at_ = std::min(at_ + 1, text_.size());
        return result;
      }
      auto begin = at_;
      auto name = std::to_string(index);
      if (open == '{') {
        name = nlohmann::json::parse(skip_string()).get<std::string>();
        skip_blanks();
        ++at_; // the colon
      }
      auto left = behind(rest, name);
      if (auto found = find(left))
        result = left->empty() && open == '{' ? begin : found;
      skip_blanks();
      if (peek() == ',')
        ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace

std::optional<text_place> find_place(std::string_view text,
                                     std::string_view pointer) {
  auto at = walker{text}.find(pointer == "/" ? "" : pointer);
  if (!at)
    return {};
  auto before = text.substr(0, *at);
  auto line_begin = before.rfind('\n');
  auto line = before.substr(line_begin == before.npos ? 0 : line_begin + 1);
  // Characters of UTF-8: all bytes but those that continue one.
  auto is_first = [](char c) { return (c & 0xC0) != 0x80; };
  return text_place{
    static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
    static_cast<std::size_t>(std::ranges::count_if(line, is_first)) + 1};
}

scenario_error with_place(scenario_error error, std::string_view text) {
  if (!error.path.empty())
    error.place = find_place(text, error.path);
  return error;
}

} // namespace coppice::lab
