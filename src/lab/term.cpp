// SPDX-License-Identifier: BSD-3-Clause

#include "lab/term.hpp"
#include "supervision/overloaded.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::lab {

using namespace supervision;

namespace {

std::string list(const std::vector<std::string>& items) {
  std::string result = "[";
  for (auto& item : items)
    result += (result.size() > 1 ? "," : "") + item;
  return result + "]";
}

std::string error(const std::string& what) {
  return "{error," + what + "}";
}

std::string render_child(const child_info& child, const asked& question,
                         const name_instance& name) {
  auto id = question.dynamic ? std::string{"undefined"} : atom(child.id);
  auto state = child.state == child_state::running
                 ? name(child.instance)
                 : std::string{to_string(child.state)};
  return "{" + id + "," + state + "}";
}

std::string render_children(std::vector<child_info> children,
                            const asked& question, const name_instance& name) {
  // A map of processes has no order of its own: running ones come first here,
  // the oldest at the front.
  if (question.dynamic)
    std::sort(children.begin(), children.end(), [](auto& a, auto& b) {
      return std::pair{a.instance == 0, a.instance}
             < std::pair{b.instance == 0, b.instance};
    });
  std::vector<std::string> items;
  for (auto& child : children)
    items.push_back(render_child(child, question, name));
  return list(items);
}

std::string render_counts(const child_counts& counts) {
  return "[{specs," + std::to_string(counts.specs) + "},{active,"
         + std::to_string(counts.active) + "},{supervisors,"
         + std::to_string(counts.supervisors) + "},{workers,"
         + std::to_string(counts.workers) + "}]";
}

std::string render_spec(const child_spec& spec, bool nested) {
  return "{ok,#{id => " + atom(spec.id) + ",modules => '$mods',restart => "
         + std::string{to_string(spec.restart)} + ",shutdown => "
         + to_string(spec.effective_shutdown()) + ",significant => "
         + (spec.significant ? "true" : "false") + ",start => {'$m',"
         + (nested ? "start_sup" : "start_worker") + ",'$args'},type => "
         + std::string{to_string(spec.type)} + "}}";
}

std::string render_refusal(const refused& what, const asked& question,
                           const name_instance& name) {
  switch (what.why) {
  case refusal::already_started:
    return error("{already_started," + name(what.instance) + "}");
  case refusal::start_failed: {
    auto reason = to_string(*what.reason);
    if (question.op == "start_child" && !question.dynamic)
      return error("{" + reason + ",'$child_record'}");
    return error(reason);
  }
  case refusal::invalid_spec:
    return error(lab::render(
      *what.spec, question.spec ? &*question.spec : nullptr, question.flags));
  case refusal::already_present:
  case refusal::running:
  case refusal::restarting:
  case refusal::not_found:
  case refusal::simple_one_for_one:
  case refusal::max_children:
  case refusal::noproc:
  case refusal::ended:
  case refusal::timeout:
    return error(std::string{to_string(what.why)});
  }
  return {};
}

// Erlang's own words up to 26; `maybe` came with 27.
bool is_word_of_erlang(std::string_view name) {
  constexpr std::string_view words[]
    = {"after",  "and", "andalso", "band", "begin", "bnot", "bor",
       "bsl",    "bsr", "bxor",    "case", "catch", "cond", "div",
       "end",    "fun", "if",      "let",  "not",   "of",   "or",
       "orelse", "rem", "receive", "try",  "when",  "xor"};
  return std::find(std::begin(words), std::end(words), name) != std::end(words);
}

// How many bytes the first character takes if an atom may have it without
// quotes: letters of Latin-1, digits, _ and @, at its start a small letter.
std::size_t plain_length(std::string_view text, bool at_start) {
  auto c = static_cast<unsigned char>(text[0]);
  if (c == 0xc3 && text.size() > 1) { // U+00C0 to U+00FF
    auto next = static_cast<unsigned char>(text[1]);
    auto is_letter = next != 0x97 && next != 0xb7; // no × and ÷
    return is_letter && (!at_start || next >= 0x9f) ? 2 : 0;
  }
  if (at_start)
    return std::islower(c) != 0 ? 1 : 0;
  return std::isalnum(c) != 0 || c == '_' || c == '@' ? 1 : 0;
}

bool is_plain(std::string_view name) {
  for (auto rest = name; !rest.empty();) {
    auto length = plain_length(rest, rest.size() == name.size());
    if (length == 0)
      return false;
    rest.remove_prefix(length);
  }
  return !name.empty() && !is_word_of_erlang(name);
}

std::string quoted_atom(std::string_view name) {
  constexpr std::string_view special = "\n\r\t\v\b\f\x1b\x7f'\\";
  constexpr std::string_view letters = "nrtvbfed'\\";
  std::string result = "'";
  for (auto c : name) {
    if (auto at = special.find(c); at != std::string_view::npos)
      result += {'\\', letters[at]};
    else if (static_cast<unsigned char>(c) < 0x20) // in octal
      result += {'\\', '0', static_cast<char>('0' + c / 8),
                 static_cast<char>('0' + c % 8)};
    else
      result += c;
  }
  return result + "'";
}

} // namespace

std::string atom(std::string_view name) {
  return is_plain(name) ? std::string{name} : quoted_atom(name);
}

std::string term(const nlohmann::json& value) {
  if (value.is_string())
    return atom(value.get_ref<const std::string&>());
  if (!value.is_array())
    return value.dump();
  std::string result = "{";
  for (auto& element : value)
    if (element != "$tuple")
      result += (result.size() > 1 ? "," : "") + term(element);
  return result + "}";
}

std::string instance_name(std::string_view id, std::size_t n) {
  return quoted_atom(std::string{id} + "#" + std::to_string(n));
}

std::string render(const reply& what, const asked& question,
                   const name_instance& name) {
  return std::visit(
    overloaded{
      [](const done&) { return std::string{"ok"}; },
      [&](const child_ref& x) {
        auto result
          = "{ok," + (x.instance == 0 ? "undefined" : name(x.instance));
        return result + (x.info.empty() ? "" : "," + x.info) + "}";
      },
      [&](const refused& x) { return render_refusal(x, question, name); },
      [&](const std::vector<child_info>& x) {
        return render_children(x, question, name);
      },
      [&](const child_info& x) {
        return "{ok," + render_child(x, question, name) + "}";
      },
      [](const child_counts& x) { return render_counts(x); },
      [&](const child_spec& x) { return render_spec(x, question.nested); },
    },
    what);
}

std::string render(const spec_error& err, const child_spec* spec,
                   const flags& settings) {
  if (err.code == "bad_combination" && spec == nullptr)
    return "{bad_combination,[{auto_shutdown,"
           + std::string{to_string(settings.auto_shutdown)}
           + "},{strategy,simple_one_for_one}]}";
  if (err.code == "bad_combination")
    return settings.auto_shutdown == auto_shutdown::never
             ? "{bad_combination,[{auto_shutdown,never},{significant,true}]}"
             : "{bad_combination,[{restart,permanent},{significant,true}]}";
  if (err.code == "invalid_intensity")
    return "{invalid_intensity,"
           + std::to_string(spec == nullptr ? settings.intensity
                                            : *spec->intensity)
           + "}";
  if (err.code == "invalid_period")
    return "{invalid_period,"
           + std::to_string(
             (spec == nullptr ? settings.period : spec->period).count())
           + "}";
  if (spec != nullptr && err.code == "duplicate_child_name")
    return "{duplicate_child_name," + atom(spec->id) + "}";
  if (spec != nullptr && err.code == "invalid_shutdown")
    return "{invalid_shutdown," + to_string(*spec->shutdown) + "}";
  return err.code;
}

nlohmann::json render(const offender& who, std::size_t n) {
  if (who.count > 0)
    return "{nb_children," + std::to_string(who.count) + "}";
  switch (who.state) {
  case child_state::undefined:
    return "undefined";
  case child_state::running:
    return n;
  case child_state::restarting:
    if (who.instance == 0)
      return "restarting";
    return "{restarting," + std::to_string(n) + "}";
  }
  return {};
}

} // namespace coppice::lab
