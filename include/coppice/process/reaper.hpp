// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The processes that programs leave behind.
namespace coppice::process {

/// Makes this process the parent of every process below it that loses its own,
/// as PID 1 of a container is, and reaps what is none of its children. A
/// program that is stopped takes with it what it has started then, also what
/// has made a session of its own: without it, such processes live on.
///
/// For a `main` that is all about programs: every child of this process that
/// coppice did not start is reaped from now on, unless an `own_child` says
/// otherwise. It catches SIGCHLD. Any thread; more than once does no harm.
/// Source: prctl(2), PR_SET_CHILD_SUBREAPER.
void adopt_orphans();

/// Whether `adopt_orphans` was called.
bool adopts_orphans();

/// Keeps coppice from reaping what it did not start. Make one before you fork,
/// and let it live until you have waited for your child. Any thread.
class own_child {
public:
  own_child();
  ~own_child();

  own_child(const own_child&) = delete;
  own_child& operator=(const own_child&) = delete;
};

} // namespace coppice::process
