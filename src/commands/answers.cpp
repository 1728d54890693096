// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"

#include "commands/command.hpp"
#include "commands/complaint.hpp"
#include "lab/bounded_json.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace coppice::commands {

using nlohmann::json;

json json_of(const std::string& body) {
  auto read = lab::parse_bounded<json>(body, lab::comments::refused);
  if (!read)
    throw foreign_answer{};
  return *std::move(read);
}

std::string in_ascii(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

bool answer_part::has(const char* key) const {
  return find(key).has_value();
}

bool answer_part::is_null() const {
  return value_->is_null();
}

answer_part answer_part::at(const char* key) const {
  if (!value_->is_object())
    throw foreign_answer{};
  auto found = value_->find(key);
  if (found == value_->end())
    throw foreign_answer{};
  return answer_part{*found};
}

std::optional<answer_part> answer_part::find(const char* key) const {
  if (!value_->is_object())
    throw foreign_answer{};
  auto found = value_->find(key);
  if (found == value_->end() || found->is_null())
    return {};
  return answer_part{*found};
}

std::vector<answer_part> answer_part::elements() const {
  if (!value_->is_array())
    throw foreign_answer{};
  std::vector<answer_part> result;
  for (auto& each : *value_)
    result.emplace_back(each);
  return result;
}

std::vector<std::pair<std::string, answer_part>> answer_part::members() const {
  if (!value_->is_object())
    throw foreign_answer{};
  std::vector<std::pair<std::string, answer_part>> result;
  for (auto& [name, value] : value_->items())
    result.emplace_back(observe::printable(name), answer_part{value});
  return result;
}

std::string answer_part::text() const {
  if (!value_->is_string())
    throw foreign_answer{};
  return value_->get<std::string>();
}

std::string answer_part::shown() const {
  // Lines of events hold several texts.
  constexpr std::size_t longest = 16 * observe::shown_at_most;
  return observe::printable(text(), longest);
}

std::string answer_part::shown_plain() const {
  if (value_->is_structured())
    throw foreign_answer{};
  return value_->is_string() ? shown() : value_->dump();
}

std::uint64_t answer_part::number() const {
  if (!value_->is_number_integer()
      || (!value_->is_number_unsigned() && value_->get<std::int64_t>() < 0))
    throw foreign_answer{};
  return value_->get<std::uint64_t>();
}

bool answer_part::flag() const {
  if (!value_->is_boolean())
    throw foreign_answer{};
  return value_->get<bool>();
}

int on_server(const session& options, const std::function<int()>& carry_out) {
  try {
    return carry_out();
  } catch (const foreign_answer&) {
    complain(admin::not_coppice(options.admin));
    return unreachable;
  }
}

} // namespace coppice::commands
