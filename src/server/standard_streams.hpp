// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice {

/// Opens /dev/null on descriptors 0 to 2 where they are closed, so that nothing
/// else gets these numbers and what is written to them. To be called before
/// anything else is opened. Idempotent.
void open_standard_streams();

} // namespace coppice
