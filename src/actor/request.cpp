#include "coppice/actor/request.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/actor/ticket.hpp"

namespace coppice::actor {

using namespace supervision;

namespace {

template <class T>
pending<T> ask(const caf::actor& supervisor, ticket::body what) {
  pending<T> result;
  auto fn = [result](reply value) mutable {
    if (auto* no = std::get_if<refused>(&value))
      result.set(std::move(*no));
    else
      result.set(std::get<T>(std::move(value)));
  };
  deliver(supervisor, request_message{std::make_shared<ticket>(std::move(what),
                                                               std::move(fn))});
  return result;
}

} // namespace

std::string to_string(const refused& what) {
  std::string result{supervision::to_string(what.why)};
  if (what.reason)
    result += ": " + to_string(*what.reason);
  if (what.spec)
    result += ": " + what.spec->message;
  return result;
}

pending<child_ref> start_child(const caf::actor& supervisor, child_spec spec) {
  return ask<child_ref>(supervisor, ticket::start_spec{std::move(spec)});
}

pending<child_ref> start_child(const caf::actor& supervisor,
                               std::any arguments) {
  return ask<child_ref>(supervisor, ticket::start_with{std::move(arguments)});
}

pending<done> terminate_child(const caf::actor& supervisor,
                              std::string_view id) {
  return ask<done>(supervisor, supervision::terminate_child{std::string{id}});
}

pending<done> terminate_child(const caf::actor& supervisor,
                              const caf::actor& child) {
  return ask<done>(supervisor, ticket::terminate{child});
}

pending<child_ref> restart_child(const caf::actor& supervisor,
                                 std::string_view id) {
  return ask<child_ref>(supervisor,
                        supervision::restart_child{std::string{id}});
}

pending<done> delete_child(const caf::actor& supervisor, std::string_view id) {
  return ask<done>(supervisor, supervision::delete_child{std::string{id}});
}

pending<std::vector<child_info>> which_children(const caf::actor& supervisor) {
  return ask<std::vector<child_info>>(supervisor,
                                      supervision::which_children{});
}

pending<child_counts> count_children(const caf::actor& supervisor) {
  return ask<child_counts>(supervisor, supervision::count_children{});
}

pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               std::string_view id) {
  return ask<supervision::child_spec>(
    supervisor, supervision::get_childspec{std::string{id}});
}

pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               const caf::actor& child) {
  return ask<supervision::child_spec>(supervisor, ticket::spec_of{child});
}

} // namespace coppice::actor
