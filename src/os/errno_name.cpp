// SPDX-License-Identifier: Apache-2.0
#include "os/errno_name.h"

#include <cctype>
#include <cerrno>
#include <cstring>

namespace vm::os {

namespace {

constexpr int kHighest = 160;

struct Names {
  char text[kHighest][20];
  Names() {
    for (int i = 0; i < kHighest; i++) {
      const char* name = named(i) ? strerrorname_np(i) : nullptr;
      if (!name) name = "unknown";
      std::size_t n = 0;
      for (; name[n] && n < sizeof text[i] - 1; n++) text[i][n] = static_cast<char>(std::tolower(name[n]));
      text[i][n] = 0;
    }
    // Two names for one number: Erlang chose the other one.
    std::strcpy(text[ENOTSUP], "enotsup");
  }
  // Numbers that came to Linux after Erlang's list was made.
  static bool named(int error) {
    switch (error) {
      case 0:
      case ECANCELED:
      case EHWPOISON:
      case EKEYEXPIRED:
      case EKEYREJECTED:
      case EKEYREVOKED:
      case EMEDIUMTYPE:
      case ENOKEY:
      case ENOMEDIUM:
      case ENOTRECOVERABLE:
      case EOWNERDEAD:
      case ERESTART:
      case ERFKILL:
      case ESTRPIPE: return false;
      default: return true;
    }
  }
};

}  // namespace

const char* errno_name(int error) {
  static const Names names;
  return error >= 0 && error < kHighest ? names.text[error] : "unknown";
}

}  // namespace vm::os
