// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice::lab {

/// From now on, SIGINT, SIGTERM and SIGHUP end this process only when the
/// program that plays scenarios is killed, with its process group, and the
/// files that it was given are gone. A signal that is ignored stays so.
void tidy_up_when_stopped();

} // namespace coppice::lab
