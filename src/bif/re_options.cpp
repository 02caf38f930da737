// SPDX-License-Identifier: Apache-2.0
#include "bif/re_options.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <limits>

#include "bif/regex.h"

namespace vm::bif {

namespace {

struct CompileRow {
  Term name;
  std::uint32_t bit;
};

bool compile_option(Term name, ReOptions* out) {
  static constexpr CompileRow kRows[] = {
      {atoms::caseless, kRegexCaseless},
      {atoms::dollar_endonly, kRegexDollarEndOnly},
      {atoms::dotall, kRegexDotall},
      {atoms::extended, kRegexExtended},
      {atoms::firstline, kRegexFirstLine},
      {atoms::multiline, kRegexMultiline},
      {atoms::no_auto_capture, kRegexNoAutoCapture},
      {atoms::dupnames, kRegexDupNames},
      {atoms::ungreedy, kRegexUngreedy},
      {atoms::ucp, kRegexUcp},
      {atoms::never_utf, kRegexNeverUtf},
      {atoms::no_start_optimize, kRegexNoStartOptimize},
      {atoms::unicode, kRegexUnicode},
  };
  for (const CompileRow& row : kRows) {
    if (row.name != name) continue;
    out->compile |= row.bit;
    out->only_compile = true;
    if (row.bit == kRegexUnicode) out->unicode = true;
    return true;
  }
  return false;
}

bool match_option(Term name, ReOptions* out) {
  if (name == atoms::notempty) out->match |= PCRE2_NOTEMPTY;
  else if (name == atoms::notempty_atstart) out->match |= PCRE2_NOTEMPTY_ATSTART;
  else if (name == atoms::notbol) out->match |= PCRE2_NOTBOL;
  else if (name == atoms::noteol) out->match |= PCRE2_NOTEOL;
  else if (name == atoms::report_errors) out->report_errors = true;
  else if (name == atoms::global) out->global = true;
  else return false;
  out->only_match = true;
  return true;
}

bool atom_option(Term name, ReOptions* out) {
  if (compile_option(name, out) || match_option(name, out)) return true;
  if (name == atoms::anchored) {
    out->compile |= kRegexAnchored;
    out->match |= PCRE2_ANCHORED;
  } else if (name == atoms::bsr_anycrlf) {
    out->compile |= kRegexBsrAnyCrlf;
  } else if (name == atoms::bsr_unicode) {
    out->compile |= kRegexBsrUnicode;
  } else {
    return false;
  }
  return true;
}

bool newline_option(Term name, ReOptions* out) {
  if (name == atoms::cr) out->compile |= kRegexCr;
  else if (name == atoms::lf) out->compile |= kRegexLf;
  else if (name == atoms::crlf) out->compile |= kRegexCrlf;
  else if (name == atoms::any) out->compile |= kRegexAny;
  else if (name == atoms::anycrlf) out->compile |= kRegexAnyCrlf;
  else return false;
  return true;
}

bool tuple_option(term::Tuple t, ReOptions* out) {
  Term name = t.size() >= 1 ? t[0] : term::kNil;
  if (name == atoms::capture && (t.size() == 2 || t.size() == 3)) {
    out->capture = t[1];
    out->capture_type = t.size() == 3 ? t[2] : atoms::index;
    out->only_match = true;
    return true;
  }
  if (t.size() != 2) return false;
  if (name == atoms::newline) return newline_option(t[1], out);
  int value;
  if (!re_int(t[1], &value)) return false;
  if (name == atoms::offset) {
    out->offset = static_cast<std::size_t>(value);
  } else if (name == atoms::match_limit) {
    out->has_match_limit = true;
    out->match_limit = static_cast<std::uint32_t>(value);
  } else if (name == atoms::match_limit_recursion) {
    out->has_recursion_limit = true;
    out->recursion_limit = static_cast<std::uint32_t>(value);
  } else {
    return false;
  }
  out->only_match = true;
  return true;
}

}  // namespace

bool re_int(Term t, int* out) {
  if (!t.is_small() || t.small_value() < 0 || t.small_value() > std::numeric_limits<int>::max()) return false;
  *out = static_cast<int>(t.small_value());
  return true;
}

bool parse_re_options(Term list, ReOptions* out) {
  for (; list.is_cons(); list = list.tail()) {
    Term option = list.head();
    bool good = option.is_atom() ? atom_option(option, out) : option.is_tuple() && tuple_option(term::Tuple::from(option), out);
    if (!good) return false;
  }
  return list.is_nil();
}

}  // namespace vm::bif
