// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice::actor {

/// Has `register_types` call `more`, too: the messages of a room above have to
/// be known before there is a system, also to a test that makes one and starts
/// a server in it later. To be called by an object of static storage. Returns
/// true.
bool also_register(void (*more)());

} // namespace coppice::actor
