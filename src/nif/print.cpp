// SPDX-License-Identifier: Apache-2.0
//
// printf for native code: C's conversions and %T, a term. The format is cut at each conversion; C's own formatting does the ones it knows.
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include "nif/env_internal.h"
#include "sync/epoch.h"
#include "term/print.h"

using namespace vm;

namespace {

struct Arguments {
  va_list list;
};

template <typename T>
void append(std::string& to, const std::string& spec, const int* stars, int star_count, T value) {
  char small[256];
  auto print = [&](char* p, std::size_t n) {
    switch (star_count) {
      case 0: return std::snprintf(p, n, spec.c_str(), value);
      case 1: return std::snprintf(p, n, spec.c_str(), stars[0], value);
      default: return std::snprintf(p, n, spec.c_str(), stars[0], stars[1], value);
    }
  };
  int n = print(small, sizeof small);
  if (n < 0) return;
  if (static_cast<std::size_t>(n) < sizeof small) {
    to.append(small, static_cast<std::size_t>(n));
    return;
  }
  std::string large(static_cast<std::size_t>(n) + 1, '\0');
  print(large.data(), large.size());
  to.append(large, 0, static_cast<std::size_t>(n));
}

enum class Length { Int, Long, LongDouble };

// One conversion; p stands behind its last character.
void convert(std::string& to, const std::string& spec, char conversion, Length length, const int* stars, int star_count, Arguments& a) {
  switch (conversion) {
    case 'd':
    case 'i':
    case 'c':
      if (length == Length::Int) append(to, spec, stars, star_count, va_arg(a.list, int));
      else append(to, spec, stars, star_count, va_arg(a.list, long));
      break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      if (length == Length::Int) append(to, spec, stars, star_count, va_arg(a.list, unsigned));
      else append(to, spec, stars, star_count, va_arg(a.list, unsigned long));
      break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      if (length == Length::LongDouble) append(to, spec, stars, star_count, va_arg(a.list, long double));
      else append(to, spec, stars, star_count, va_arg(a.list, double));
      break;
    case 's': append(to, spec, stars, star_count, va_arg(a.list, const char*)); break;
    case 'p': append(to, spec, stars, star_count, va_arg(a.list, void*)); break;
    case 'T': {
      std::string text = term::to_text(nif::in(va_arg(a.list, ERL_NIF_TERM)));
      std::string as_string = spec;
      as_string.back() = 's';
      append(to, as_string, stars, star_count, text.c_str());
      break;
    }
    case 'n': *va_arg(a.list, int*) = static_cast<int>(to.size()); break;
    default: to += spec;
  }
}

std::string format_text(const char* format, va_list list) {
  Arguments a;
  va_copy(a.list, list);
  std::string to;
  for (const char* p = format; *p;) {
    if (*p != '%') {
      const char* next = std::strchr(p, '%');
      if (!next) next = p + std::strlen(p);
      to.append(p, next);
      p = next;
      continue;
    }
    if (p[1] == '%') {
      to += '%';
      p += 2;
      continue;
    }
    std::string spec = "%";
    int stars[2] = {0, 0};
    int star_count = 0;
    Length length = Length::Int;
    for (p++; *p && std::strchr("-+ #0123456789.*", *p); p++) {
      if (*p == '*' && star_count < 2) stars[star_count++] = va_arg(a.list, int);
      spec += *p;
    }
    for (; *p && std::strchr("hlqjzLt", *p); p++) {
      if (*p == 'L') length = Length::LongDouble;
      else if (*p != 'h') length = Length::Long;
      spec += *p;
    }
    if (!*p) break;
    spec += *p;
    convert(to, spec, *p++, length, stars, star_count, a);
  }
  va_end(a.list);
  return to;
}

}  // namespace

extern "C" {

int enif_vsnprintf(char* buffer, size_t size, const char* format, va_list list) {
  sync::Epoch::Guard guard;
  std::string text = format_text(format, list);
  if (size > 0) {
    std::size_t n = text.size() < size ? text.size() : size - 1;
    std::memcpy(buffer, text.data(), n);
    buffer[n] = 0;
  }
  return static_cast<int>(text.size());
}

int enif_snprintf(char* buffer, size_t size, const char* format, ...) {
  va_list list;
  va_start(list, format);
  int n = enif_vsnprintf(buffer, size, format, list);
  va_end(list);
  return n;
}

int enif_vfprintf(FILE* file, const char* format, va_list list) {
  sync::Epoch::Guard guard;
  std::string text = format_text(format, list);
  return std::fwrite(text.data(), 1, text.size(), file) == text.size() ? static_cast<int>(text.size()) : -1;
}

int enif_fprintf(FILE* file, const char* format, ...) {
  va_list list;
  va_start(list, format);
  int n = enif_vfprintf(file, format, list);
  va_end(list);
  return n;
}

}  // extern "C"
