// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/pending.hpp"
#include "supervision/event.hpp"
#include "supervision/forecast.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

/// What is sent to a supervisor, and to actors that stand for one in the tree.
namespace coppice::actor {

class ticket;

/// Somebody asks something.
struct request_message {
  std::shared_ptr<ticket> what;
};

/// A child that is watched makes progress.
struct progress_message {
  supervision::instance_id instance;
};

struct child_gone {
  supervision::instance_id instance;
  supervision::exit_reason reason;
};

struct start_acknowledged {
  supervision::instance_id instance;
  supervision::start_outcome outcome;
};

/// A start function has returned.
struct start_message {
  supervision::instance_id instance;
  supervision::start_outcome outcome;
};

struct timer_message {
  std::uint64_t generation;
};

struct retry_message {
  supervision::child_key key;
};

/// A start that a fault has held up goes on.
struct delayed_start {
  supervision::instance_id instance;
};

/// So does a request to a child to end.
struct delayed_stop {
  supervision::instance_id instance;
};

/// So does a request.
struct delayed_request {
  std::shared_ptr<ticket> what;
};

/// A fault: each child that is up is to fail, until the budget is used up. No
/// reason: they are spared again.
struct burn_message {
  std::optional<supervision::exit_reason> reason;
};

/// Somebody asks what would be done if `what` befell a child.
struct forecast_message {
  supervision::incident what;
  eventual<std::optional<supervision::forecast>> answer;
};

/// The supervisor above was asked to end: what is being started is not wanted.
struct call_off_message {};

/// Somebody in charge wants the supervisor to end its children and itself.
struct stop_message {
  supervision::exit_reason reason;
};

} // namespace coppice::actor

CAF_BEGIN_TYPE_ID_BLOCK(coppice_actor, first_custom_type_id)

CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::child_gone))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::start_acknowledged))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::timer_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::retry_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::stop_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::start_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::request_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::progress_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::delayed_start))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::delayed_stop))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::delayed_request))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::burn_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::forecast_message))
CAF_ADD_TYPE_ID(coppice_actor, (coppice::actor::call_off_message))

CAF_END_TYPE_ID_BLOCK(coppice_actor)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::child_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::start_acknowledged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::timer_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::retry_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::stop_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::request_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::progress_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::start_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::delayed_start)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::delayed_stop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::delayed_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::burn_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::forecast_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::actor::call_off_message)
