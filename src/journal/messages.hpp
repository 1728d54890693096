// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

/// What is sent to the journal.
namespace coppice::journal {

/// There are events to be read.
struct wake_message {};

} // namespace coppice::journal

CAF_BEGIN_TYPE_ID_BLOCK(coppice_journal, first_custom_type_id + 100)

CAF_ADD_TYPE_ID(coppice_journal, (coppice::journal::wake_message))

CAF_END_TYPE_ID_BLOCK(coppice_journal)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::journal::wake_message)
