// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "process/program_end.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <sys/types.h>

#include <string>

/// What is sent to the actor of a program.
namespace coppice::process {

struct started_message {
  pid_t pid = 0;
};

struct not_started_message {
  std::string why = {};
};

struct survival_message {
  std::string state = {};
};

struct ended_message {
  program_end how = {};
};

/// What happens without details.
struct sign_message {
  enum class kind { ready, progressed, gave_itself_up };

  kind what = kind::ready;
};

/// Somebody or something wants something of it.
struct wish_message {
  enum class kind {
    kill,       ///< As a kill signal, which must not end the actor alone.
    time_is_up, ///< The time for an orderly end is over.
    late_start, ///< A start that a fault has held up goes on.
    late_stop,  ///< So does a request to end.
    signal,     ///< The program gets `number`.
  };

  kind what = kind::kill;
  int number = 0;
};

} // namespace coppice::process

CAF_BEGIN_TYPE_ID_BLOCK(coppice_process, first_custom_type_id + 300)

CAF_ADD_TYPE_ID(coppice_process, (coppice::process::started_message))
CAF_ADD_TYPE_ID(coppice_process, (coppice::process::not_started_message))
CAF_ADD_TYPE_ID(coppice_process, (coppice::process::ended_message))
CAF_ADD_TYPE_ID(coppice_process, (coppice::process::sign_message))
CAF_ADD_TYPE_ID(coppice_process, (coppice::process::wish_message))
CAF_ADD_TYPE_ID(coppice_process, (coppice::process::survival_message))

CAF_END_TYPE_ID_BLOCK(coppice_process)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::started_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::not_started_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::ended_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::sign_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::wish_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(coppice::process::survival_message)
