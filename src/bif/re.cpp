// SPDX-License-Identifier: Apache-2.0
//
// re: compiling and asking. Matching is in re_run.cpp, the expressions themselves in regex.h.
#include <cstring>

#include "bif/bif_decls.gen.h"
#include "bif/re_internal.h"
#include "bif/text_input.h"
#include "ops/iolist.h"
#include "proc/runtime.h"

namespace vm::bif {

namespace {

BifResult compile(YieldContext& cx, Term source, Term option_list) {
  ReOptions options;
  if (!parse_re_options(option_list, &options) || options.only_match) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (options.unicode && !source.is_bitstring())
    return cx.trap(cx.runtime().code->export_for(atoms::re, atoms::ucompile, 2), source, option_list);
  std::string image;
  if (!regex_image_of(source, options.compile, &image)) return cx.badarg();
  cx.bump(1 + image.size() / 16);
  RegexFault fault;
  std::shared_ptr<const Regex> regex = find_regex(image, &fault);
  if (!regex) return regex_error(cx.heap(), fault, /*while_running=*/false);
  return term::Tuple::make(cx.heap(), atoms::ok, re_pattern(cx.heap(), *regex, image, options.unicode));
}

}  // namespace

bool regex_image_of(Term source, std::uint32_t options, std::string* image) {
  std::vector<Byte> bytes;
  if (ops::append_iolist(source, &bytes) != ops::IolistFault::None) return false;
  *image = regex_image({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options);
  return true;
}

Term re_pattern(term::HeapWriter& h, const Regex& regex, std::string_view image, bool unicode) {
  return term::Tuple::make(h, atoms::re_pattern, Term::small(regex.captures()), Term::small(unicode),
                           Term::small(regex.may_end_lines_by_crlf()), binary_of(h, image));
}

Term regex_error(term::HeapWriter& h, const RegexFault& fault, bool while_running) {
  Term what = term::Tuple::make(h, list_of_bytes(h, fault.text), Term::small(static_cast<SWord>(fault.at)));
  if (while_running) what = term::Tuple::make(h, atoms::compile, what);
  return term::Tuple::make(h, atoms::error, what);
}

bool is_re_pattern(Term t) {
  if (!t.is_tuple_of(5)) return false;
  term::Tuple p = term::Tuple::from(t);
  return p[0] == atoms::re_pattern && p[1].is_small() && p[2].is_small() && p[3].is_small() && p[4].is_binary();
}

std::shared_ptr<const Regex> regex_of(Term pattern, std::uint32_t conventions) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(term::Tuple::from(pattern)[4], &bytes, scratch)) return nullptr;
  std::string_view image(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!is_regex_image(image)) return nullptr;
  RegexFault fault;
  std::uint32_t options = regex_image_options(image);
  std::uint32_t wanted = options;
  for (std::uint32_t mask : {std::uint32_t{kRegexNewlineMask}, std::uint32_t{kRegexBsrMask}})
    if (conventions & mask) wanted = (wanted & ~mask) | (conventions & mask);
  if (wanted == options) return find_regex(image, &fault);
  return find_regex(regex_image(regex_image_source(image), wanted), &fault);
}

// The language is that of PCRE 8.44 of 2020-02-12. The day differs so that programs that keep compiled patterns together with this text do not
// take those of another emulator, byte code of that library, for ours (and compile the source again).
BifResult re_version_0(BifContext& cx) { return binary_of(cx.heap(), "8.44 2020-02-13"); }

BifResult re_compile_1(YieldContext& cx, Term source) { return compile(cx, source, term::kNil); }
BifResult re_compile_2(YieldContext& cx, Term source, Term options) { return compile(cx, source, options); }

BifResult re_inspect_2(BifContext& cx, Term pattern, Term what) {
  if (!is_re_pattern(pattern) || what != atoms::namelist) return cx.badarg();
  std::shared_ptr<const Regex> regex = regex_of(pattern, 0);
  if (!regex) return cx.badarg();
  term::ListBuilder names(cx.heap());
  const char* last = nullptr;
  for (std::uint32_t i = 0; i < regex->name_count(); i++) {
    const char* name = Regex::name_of(regex->name_entry(i));
    if (!last || !regex->has_duplicate_names() || std::strcmp(last, name) != 0) names.add(binary_of(cx.heap(), name));
    last = name;
  }
  return term::Tuple::make(cx.heap(), atoms::namelist, names.finish());
}

}  // namespace vm::bif
