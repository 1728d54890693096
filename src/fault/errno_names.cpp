// SPDX-License-Identifier: BSD-3-Clause

#include "fault/errno_names.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace coppice::fault {

namespace {

struct entry {
  std::string_view name;
  int number;
};

// Of two names for one number the first is the one that is printed.
constexpr entry entries[] = {
  {"E2BIG", E2BIG},
  {"EACCES", EACCES},
  {"EADDRINUSE", EADDRINUSE},
  {"EADDRNOTAVAIL", EADDRNOTAVAIL},
  {"EAFNOSUPPORT", EAFNOSUPPORT},
  {"EAGAIN", EAGAIN},
  {"EALREADY", EALREADY},
  {"EBADF", EBADF},
  {"EBADMSG", EBADMSG},
  {"EBUSY", EBUSY},
  {"ECANCELED", ECANCELED},
  {"ECHILD", ECHILD},
  {"ECONNABORTED", ECONNABORTED},
  {"ECONNREFUSED", ECONNREFUSED},
  {"ECONNRESET", ECONNRESET},
  {"EDEADLK", EDEADLK},
  {"EDESTADDRREQ", EDESTADDRREQ},
  {"EDOM", EDOM},
  {"EEXIST", EEXIST},
  {"EFAULT", EFAULT},
  {"EFBIG", EFBIG},
  {"EHOSTUNREACH", EHOSTUNREACH},
  {"EIDRM", EIDRM},
  {"EILSEQ", EILSEQ},
  {"EINPROGRESS", EINPROGRESS},
  {"EINTR", EINTR},
  {"EINVAL", EINVAL},
  {"EIO", EIO},
  {"EISCONN", EISCONN},
  {"EISDIR", EISDIR},
  {"ELOOP", ELOOP},
  {"EMFILE", EMFILE},
  {"EMLINK", EMLINK},
  {"EMSGSIZE", EMSGSIZE},
  {"ENAMETOOLONG", ENAMETOOLONG},
  {"ENETDOWN", ENETDOWN},
  {"ENETRESET", ENETRESET},
  {"ENETUNREACH", ENETUNREACH},
  {"ENFILE", ENFILE},
  {"ENOBUFS", ENOBUFS},
  {"ENODEV", ENODEV},
  {"ENOENT", ENOENT},
  {"ENOEXEC", ENOEXEC},
  {"ENOLCK", ENOLCK},
  {"ENOLINK", ENOLINK},
  {"ENOMEM", ENOMEM},
  {"ENOMSG", ENOMSG},
  {"ENOPROTOOPT", ENOPROTOOPT},
  {"ENOSPC", ENOSPC},
  {"ENOSYS", ENOSYS},
  {"ENOTCONN", ENOTCONN},
  {"ENOTDIR", ENOTDIR},
  {"ENOTEMPTY", ENOTEMPTY},
  {"ENOTRECOVERABLE", ENOTRECOVERABLE},
  {"ENOTSOCK", ENOTSOCK},
  {"ENOTSUP", ENOTSUP},
  {"ENOTTY", ENOTTY},
  {"ENXIO", ENXIO},
  {"EOPNOTSUPP", EOPNOTSUPP},
  {"EOVERFLOW", EOVERFLOW},
  {"EOWNERDEAD", EOWNERDEAD},
  {"EPERM", EPERM},
  {"EPIPE", EPIPE},
  {"EPROTO", EPROTO},
  {"EPROTONOSUPPORT", EPROTONOSUPPORT},
  {"EPROTOTYPE", EPROTOTYPE},
  {"ERANGE", ERANGE},
  {"EROFS", EROFS},
  {"ESPIPE", ESPIPE},
  {"ESRCH", ESRCH},
  {"ETIMEDOUT", ETIMEDOUT},
  {"ETXTBSY", ETXTBSY},
  {"EWOULDBLOCK", EWOULDBLOCK},
  {"EXDEV", EXDEV},
};

} // namespace

std::string_view errno_name(int number) {
  auto found = std::ranges::find(entries, number, &entry::number);
  return found == std::end(entries) ? std::string_view{} : found->name;
}

std::optional<int> errno_number(std::string_view name) {
  auto found = std::ranges::find(entries, name, &entry::name);
  if (found == std::end(entries))
    return std::nullopt;
  return found->number;
}

std::vector<std::string> all_errno_names() {
  std::vector<std::string> result;
  for (auto& each : entries)
    result.emplace_back(each.name);
  return result;
}

} // namespace coppice::fault
