// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/handler.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/type_id.hpp>

#include <functional>
#include <string>

namespace coppice::net {

// -- the messages that a behavior gets ----------------------------------------

/// See `handler::on_data`.
struct received {
  std::string bytes;
};

/// See `handler::on_writable`.
struct writable {};

/// See `handler::on_tls`.
struct secured {};

/// See `handler::on_timeout`; a behavior that does not handle it has the
/// connection ended.
struct timed_out {
  time_limit what;
};

/// See `handler::on_half_close`; a behavior that does not handle it has the
/// connection closed.
struct half_closed {};

/// See `handler::on_drain`.
struct draining {};

/// See `handler::on_shutdown`.
struct shutting_down {};

/// See `handler::on_close`.
struct closed {
  supervision::exit_reason reason;
};

// -- protocols as functions ---------------------------------------------------

/// Called for each new connection, which outlives the behavior. What other
/// actors send to the connection goes to the behavior, too; what it does not
/// handle is ignored. Timeouts of the behavior itself (`after`) are not used:
/// see `connection::set_timeout`.
using behavior_function = std::function<caf::behavior(connection&)>;

/// A protocol made of a function instead of a class. Each event costs a message
/// object, and each chunk of data a copy; a class costs neither.
///
/// The program has to call `register_types`, unless a `server` does it.
handler_factory from_behavior(behavior_function fn);

/// Makes the messages of behaviors known to CAF. To be called after
/// `actor::register_types`, before there is a configuration object; once is
/// enough, and more does no harm. Any thread.
void register_types();

} // namespace coppice::net

CAF_BEGIN_TYPE_ID_BLOCK(coppice_net, first_custom_type_id + 200)

CAF_ADD_TYPE_ID(coppice_net, (coppice::net::received))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::writable))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::timed_out))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::half_closed))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::draining))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::shutting_down))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::closed))
CAF_ADD_TYPE_ID(coppice_net, (coppice::net::secured))

CAF_END_TYPE_ID_BLOCK(coppice_net)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::received)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::writable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::timed_out)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::half_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::draining)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::shutting_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::net::closed)
