// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/exit_signal.hpp"

#include "actor/caf/actors.hpp"
#include "coppice/actor/deliver.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/sec.hpp>

#include <typeinfo>
#include <utility>

namespace coppice::actor {

using supervision::exit_reason;

namespace {

// Marks a reason that is no crash, so that a crash whose text happens to be
// "normal" stays one.
const std::string reason_tag = "coppice.reason";

// CAF ignores an exit message with an empty error, so that even a normal exit
// needs a body on the way.
caf::error to_signal(const exit_reason& reason) {
  if (reason.what() == exit_reason::kind::abnormal)
    return caf::make_error(caf::sec::runtime_error, reason.detail());
  return caf::make_error(caf::sec::runtime_error, reason_tag,
                         to_string(reason));
}

caf::exit_msg make_exit(const exit_reason& reason,
                        const caf::abstract_actor* source) {
  return {source == nullptr ? caf::actor_addr{} : source->address(),
          to_signal(reason)};
}

} // namespace

caf::error to_error(const exit_reason& reason) {
  if (reason == exit_reason::normal())
    return {};
  return to_signal(reason);
}

exit_reason to_reason(const caf::error& err) {
  if (!err)
    return exit_reason::normal();
  if (err == caf::exit_reason::kill)
    return exit_reason::killed();
  auto& context = err.context();
  auto is_text = [&](std::size_t i) {
    return context.size() > i && context.match_element<std::string>(i);
  };
  if (is_text(0) && is_text(1) && context.get_as<std::string>(0) == reason_tag)
    return exit_reason::parse(context.get_as<std::string>(1));
  if (err == caf::exit_reason::user_shutdown)
    return exit_reason::shutdown();
  if (is_text(0))
    return exit_reason::abnormal(context.get_as<std::string>(0));
  return exit_reason::abnormal(caf::deep_to_string(err));
}

exit_reason to_reason(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    auto* text = e.what();
    return exit_reason::abnormal(*text == '\0' ? typeid(e).name() : text);
  } catch (...) {
    return exit_reason::abnormal("an exception of unknown type");
  }
}

void signal_exit(const caf::actor& receiver, const exit_reason& reason,
                 const caf::abstract_actor* source) {
  deliver(receiver, make_exit(reason, source), priority::urgent);
}

void signal_trapped_exit(const caf::actor& receiver, const exit_reason& reason,
                         const caf::abstract_actor* source) {
  deliver(receiver, make_exit(reason, source));
}

void signal_kill(const caf::actor& receiver) {
  deliver(receiver, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill},
          priority::urgent);
}

bool has_ended(const caf::actor& who) {
  return !who || by_version::has_ended(who);
}

void when_ended(const caf::actor& who,
                std::function<void(const caf::error&)> fn) {
  by_version::when_ended(who, std::move(fn));
}

void use_exception_text(caf::event_based_actor& self) {
  self.set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    return to_signal(to_reason(thrown));
  });
}

} // namespace coppice::actor
