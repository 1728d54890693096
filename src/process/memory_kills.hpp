// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice::process {

/// Notes how many processes of this one's control group the kernel has killed
/// because there was no memory. Cheap from the second time on. One thread at a
/// time.
void note_memory_kills();

/// Whether there are more of them than when this or `note_memory_kills` was
/// called last. False if the kernel does not say.
bool memory_kills_grew();

} // namespace coppice::process
