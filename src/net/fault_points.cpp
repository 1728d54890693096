// SPDX-License-Identifier: BSD-3-Clause

#include "net/fault_points.hpp"

namespace coppice::net {

using enum fault::action_kind;

fault_points::fault_points(fault::registry& owner)
    : accept{owner,
             "net.accept",
             "an acceptor accepts a client: that fails (error), is late, the "
             "client is let go at once (drop), or the acceptor ends",
             {error, exception, exit, kill, delay, hang, drop}},
      start{owner,
            "net.connection.start",
            "a connection starts: it ends at once (error, throw, exit, kill, "
            "drop), or reads later (delay)",
            {error, exception, exit, kill, delay, hang, drop}},
      recv{
        owner,
        "net.recv",
        "a connection reads: that fails, is late, ends (return), is lost or "
        "there twice, or the connection ends",
        {return_value, error, exception, exit, kill, delay, hang, drop, dup}},
      send{
        owner,
        "net.send",
        "a connection sends: that fails, is late, takes few bytes "
        "(return(N)), is lost or sent twice, or the connection ends",
        {return_value, error, exception, exit, kill, delay, hang, drop, dup}},
      timer{owner,
            "net.timer",
            "the timer of a connection or an acceptor fires: late (delay), or "
            "it ends",
            {exception, exit, kill, delay, hang}},
      handshake{owner,
                "tls.handshake",
                "a handshake of TLS begins: it fails (error), is late, the "
                "client is let go (drop), or the connection ends",
                {error, exception, exit, kill, delay, hang, drop}},
      tls_read{
        owner,
        "tls.read",
        "a connection with TLS reads what was decrypted: as net.recv",
        {return_value, error, exception, exit, kill, delay, hang, drop, dup}},
      tls_write{
        owner,
        "tls.write",
        "a connection with TLS writes what is to be encrypted: as net.send",
        {return_value, error, exception, exit, kill, delay, hang, drop, dup}} {
  // nop
}

} // namespace coppice::net
