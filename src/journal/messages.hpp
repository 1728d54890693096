// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

/// What is sent to the journal.
namespace coppice::journal {

/// Writing has ended for this reason.
struct failed_message {
  supervision::exit_reason reason = supervision::exit_reason::normal();
};

/// There is something to write.
struct wake_message {};

} // namespace coppice::journal

CAF_BEGIN_TYPE_ID_BLOCK(coppice_journal, first_custom_type_id + 100)

CAF_ADD_TYPE_ID(coppice_journal, (coppice::journal::failed_message))
CAF_ADD_TYPE_ID(coppice_journal, (coppice::journal::wake_message))

CAF_END_TYPE_ID_BLOCK(coppice_journal)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::journal::failed_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::journal::wake_message)
