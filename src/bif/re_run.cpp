// SPDX-License-Identifier: Apache-2.0
//
// re:run: one match, and what it gives back.
//
// Global runs and lists of characters beyond one byte are the library's own work: those calls go on in re:grun and re:urun. A match is not
// interrupted; the limit on its steps, the same as in PCRE 8, bounds it.
#include <cstring>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "bif/re_internal.h"
#include "bif/text_input.h"
#include "ops/iolist.h"
#include "proc/runtime.h"

namespace vm::bif {

namespace {

constexpr std::uint32_t kHeapLimitKilobytes = 1024 * 1024;
constexpr std::size_t kBytesPerReduction = 64;

// --- what to give back ------------------------------------------------------------------------------------------------
enum class ReturnType { Index, List, Binary, None };

// groups: numbers of groups, -1 for one that does not exist. A number -n below -1 stands before n alternatives for one name, of which
// the first that matched counts.
struct Capture {
  ReturnType type = ReturnType::Index;
  std::size_t from = 0;  // without groups: all from this one on
  bool chosen = false;
  std::vector<int> groups;
};

// First entry with the name, by the binary search that decides between equals in PCRE 8; -1: none.
int find_name(const Regex& regex, const char* name) {
  std::uint32_t bottom = 0, top = regex.name_count();
  while (top > bottom) {
    std::uint32_t middle = (top + bottom) / 2;
    int order = std::strcmp(name, Regex::name_of(regex.name_entry(middle)));
    if (order == 0) return static_cast<int>(middle);
    if (order > 0) bottom = middle + 1;
    else top = middle;
  }
  return -1;
}

void add_name(const Regex& regex, const char* name, Capture* out) {
  int found = find_name(regex, name);
  if (found < 0) {
    out->groups.push_back(-1);
    return;
  }
  auto same = [&](int i) { return std::strcmp(Regex::name_of(regex.name_entry(static_cast<std::uint32_t>(i))), name) == 0; };
  int first = found, last = found;
  if (regex.has_duplicate_names()) {
    while (first > 0 && same(first - 1)) first--;
    while (last + 1 < static_cast<int>(regex.name_count()) && same(last + 1)) last++;
  }
  if (first != last) out->groups.push_back(-(last - first + 1));
  for (int i = first; i <= last; i++) out->groups.push_back(Regex::number_of(regex.name_entry(static_cast<std::uint32_t>(i))));
}

void add_all_names(const Regex& regex, Capture* out) {
  const char* last = nullptr;
  for (std::uint32_t i = 0; i < regex.name_count(); i++) {
    const Byte* entry = regex.name_entry(i);
    const char* name = Regex::name_of(entry);
    if (!regex.has_duplicate_names()) out->groups.push_back(Regex::number_of(entry));
    else if (!last || std::strcmp(last, name) != 0) add_name(regex, name, out);
    last = name;
  }
  out->chosen = true;
  if (regex.name_count() == 0) out->type = ReturnType::None;
}

bool add_chosen(const Regex& regex, Term list, Capture* out) {
  for (; list.is_cons(); list = list.tail()) {
    Term t = list.head();
    int number;
    std::vector<Byte> name;
    if (re_int(t, &number)) {
      out->groups.push_back(number);
      continue;
    }
    if (t.is_atom()) {
      // Names that were written in Latin-1 are found by such atoms; the rest is compared as UTF-8.
      std::string_view text = term::AtomTable::text(t);
      name.assign(text.begin(), text.end());
    } else if (!(t.is_bitstring() || t.is_list()) || ops::append_iolist(t, &name) != ops::IolistFault::None) {
      return false;
    }
    name.push_back(0);
    add_name(regex, reinterpret_cast<const char*>(name.data()), out);
  }
  out->chosen = true;
  return list.is_nil();
}

bool parse_capture(const ReOptions& options, const Regex& regex, Capture* out) {
  if (!options.capture.is_value()) return true;
  Term type = options.capture_type;
  if (type == atoms::index) out->type = ReturnType::Index;
  else if (type == atoms::list) out->type = ReturnType::List;
  else if (type == atoms::binary) out->type = ReturnType::Binary;
  else return false;
  Term what = options.capture;
  if (what == atoms::all) return true;
  if (what == atoms::none || what.is_nil()) {
    out->type = ReturnType::None;
  } else if (what == atoms::all_but_first) {
    out->from = 1;
  } else if (what == atoms::first) {
    out->chosen = true;
    out->groups.push_back(0);
  } else if (what == atoms::all_names) {
    add_all_names(regex, out);
  } else {
    return what.is_cons() && add_chosen(regex, what, out);
  }
  return true;
}

// --- a match ----------------------------------------------------------------------------------------------------------
class MatchData {
 public:
  explicit MatchData(const Regex& regex) : data_(pcre2_match_data_create(regex.captures() + 1, nullptr)) {}
  ~MatchData() { pcre2_match_data_free(data_); }
  MatchData(const MatchData&) = delete;
  pcre2_match_data* get() const { return data_; }
  std::size_t start(int group) const { return pcre2_get_ovector_pointer(data_)[2 * group]; }
  std::size_t end(int group) const { return pcre2_get_ovector_pointer(data_)[2 * group + 1]; }
  bool matched(int group) const { return start(group) != PCRE2_UNSET; }

 private:
  pcre2_match_data* data_;
};

class MatchContext {
 public:
  explicit MatchContext(const ReOptions& options) : context_(pcre2_match_context_create(nullptr)) {
    pcre2_set_heap_limit(context_, kHeapLimitKilobytes);
    if (options.has_match_limit) pcre2_set_match_limit(context_, options.match_limit);
    if (options.has_recursion_limit) pcre2_set_depth_limit(context_, options.recursion_limit);
  }
  ~MatchContext() { pcre2_match_context_free(context_); }
  MatchContext(const MatchContext&) = delete;
  pcre2_match_context* get() const { return context_; }

 private:
  pcre2_match_context* context_;
};

// How many steps a match may take before it goes on, from its start, where it is in nobody's way.
constexpr std::uint32_t kLongMatch = 1u << 17;

// How many bytes are looked through for a match's beginning here: several milliseconds of it.
constexpr std::size_t kLongScan = 16 * kLongBytes;

// Whether the steps of the options are more than may be done here.
bool is_bounded(const ReOptions& options) { return !runs_dirty() && (!options.has_match_limit || options.match_limit > kLongMatch); }

int match(const Regex& regex, std::span<const Byte> subject, const ReOptions& options, const MatchData& data) {
  MatchContext context(options);
  if (is_bounded(options)) pcre2_set_match_limit(context.get(), kLongMatch);
  // Steps are counted in another way by machine code.
  bool counts = options.has_match_limit || options.has_recursion_limit || options.report_errors;
  const pcre2_code* code = counts ? regex.code() : regex.fastest();
  std::uint32_t flags = options.match | PCRE2_NO_UTF_CHECK;
  int rc = pcre2_match(code, subject.data(), subject.size(), options.offset, flags, data.get(), context.get());
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
    rc = pcre2_match(regex.code(), subject.data(), subject.size(), options.offset, flags, data.get(), context.get());
  return rc;
}

// The subject's bytes, and how to make terms of parts of them.
struct Subject {
  Term term;
  bool shared = false;  // a large binary: parts refer to it
  std::span<const Byte> bytes;
  std::vector<Byte> copy;
  term::ByteScratch scratch;

  bool open(Term t) {
    term = t;
    if (t.is_bitstring()) {
      if (!term::binary_bytes(t, &bytes, scratch)) return false;
      shared = bytes.size() > term::kHeapBinaryLimit && scratch.data == nullptr;
      return true;
    }
    if (ops::append_iolist(t, &copy) != ops::IolistFault::None) return false;
    bytes = copy;
    return true;
  }

  Term part(term::HeapWriter& h, ReturnType type, std::size_t start, std::size_t size) const {
    std::span<const Byte> part = bytes.subspan(start, size);
    if (type == ReturnType::List) return list_of_bytes(h, {reinterpret_cast<const char*>(part.data()), part.size()});
    if (shared) return term::make_sub_bits(h, term, start * 8, size * 8);
    return term::make_binary(h, part);
  }
};

class Result {
 public:
  Result(term::HeapWriter& h, const Subject& subject, const Capture& capture, const MatchData& data, int matched)
      : h_(h), subject_(subject), capture_(capture), data_(data), matched_(matched) {}

  Term build() {
    if (capture_.type == ReturnType::None) return atoms::match;
    term::ListBuilder list(h_);
    if (!capture_.chosen) {
      for (int i = static_cast<int>(capture_.from); i < matched_; i++) list.add(group(i));
    } else {
      for (std::size_t i = 0; i < capture_.groups.size(); i++) list.add(group(alternative(&i)));
    }
    return term::Tuple::make(h_, atoms::match, list.finish());
  }

 private:
  // The group at *i, where several alternatives may follow, which *i is moved past.
  int alternative(std::size_t* i) const {
    int x = capture_.groups[*i];
    if (x >= -1) return x;
    std::size_t last = *i + static_cast<std::size_t>(-x);
    for (std::size_t j = *i + 1; j <= last; j++) {
      if (!data_.matched(capture_.groups[j])) continue;
      x = capture_.groups[j];
      break;
    }
    *i = last;
    return x;
  }

  Term group(int i) {
    bool has = i >= 0 && i < matched_ && data_.matched(i);
    if (capture_.type == ReturnType::Index) {
      SWord start = has ? static_cast<SWord>(data_.start(i)) : -1;
      SWord size = has ? static_cast<SWord>(data_.end(i)) - start : 0;
      return term::Tuple::make(h_, Term::small(start), Term::small(size));
    }
    // \K in a lookahead can set the start behind the end.
    std::size_t size = has && data_.end(i) > data_.start(i) ? data_.end(i) - data_.start(i) : 0;
    return subject_.part(h_, capture_.type, has ? data_.start(i) : 0, size);
  }

  term::HeapWriter& h_;
  const Subject& subject_;
  const Capture& capture_;
  const MatchData& data_;
  int matched_;
};

BifResult no_match(BifContext& cx, int rc, bool report_errors) {
  switch (rc) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT: {
      if (!report_errors) return atoms::nomatch;
      Term which = rc == PCRE2_ERROR_MATCHLIMIT ? atoms::match_limit : atoms::match_limit_recursion;
      return term::Tuple::make(cx.heap(), atoms::error, which);
    }
    case PCRE2_ERROR_BADUTFOFFSET: return cx.badarg();
    case PCRE2_ERROR_BADOFFSET: return cx.error(atoms::internal_error);
    default: return atoms::nomatch;
  }
}

// Whether an offset is the first byte of a character.
bool begins_character(std::span<const Byte> s, std::size_t at) { return at >= s.size() || (s[at] & 0xC0) != 0x80; }

enum class SubjectState { Unchecked, Checked };

// The answer "too much for here": the caller moves to a dirty scheduler.
struct PutOff {
  bool wanted = false;
};

BifResult run_compiled(YieldContext& cx, Term subject_term, const Regex& regex, const ReOptions& options, SubjectState state,
                       PutOff* put_off) {
  Capture capture;
  if (!parse_capture(options, regex, &capture)) return cx.badarg();
  Subject subject;
  if (!subject.open(subject_term)) return cx.badarg();
  // Programs go through long subjects from match to match, a few bytes at a time: as many moves to a dirty scheduler would cost more than all the
  // matching. The steps are bounded here; should the way to the first of them be a long one once, the watcher sees to the scheduler.
  if (options.offset == 0 && !regex.anchored() && is_long(subject.bytes.size(), kLongScan)) {
    put_off->wanted = true;
    return Term::non_value();
  }
  if (regex.utf() && state == SubjectState::Unchecked && options.offset <= subject.bytes.size()) {
    cx.bump(subject.bytes.size() / (16 * kBytesPerReduction));
    std::string_view text(reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size());
    if (utf8_length(text) < 0 || !begins_character(subject.bytes, options.offset)) return cx.badarg();
  }
  MatchData data(regex);
  int rc = match(regex, subject.bytes, options, data);
  if (rc == PCRE2_ERROR_MATCHLIMIT && is_bounded(options)) {
    put_off->wanted = true;
    return Term::non_value();
  }
  std::size_t end = rc > 0 ? data.end(0) : subject.bytes.size();
  cx.bump(1 + (end > options.offset ? end - options.offset : 0) / kBytesPerReduction);
  if (rc <= 0) return no_match(cx, rc, options.report_errors);
  return Result(cx.heap(), subject, capture, data, rc).build();
}

BifResult trap(YieldContext& cx, Term function, Term subject, Term pattern, Term options) {
  return cx.trap(cx.runtime().code->export_for(atoms::re, function, 3), subject, pattern, options);
}

// A subject or a result that is not bytes needs the library's help.
bool needs_conversion(Term subject, const ReOptions& options) {
  return !subject.is_bitstring() || (options.capture_type == atoms::list && !options.global);
}

BifResult run_source(YieldContext& cx, Term subject, Term source, Term option_list, const ReOptions& options, SubjectState state,
                     PutOff* put_off) {
  if (!source.is_bitstring() && !source.is_list()) return cx.badarg();
  if (options.unicode && (!source.is_bitstring() || needs_conversion(subject, options)))
    return trap(cx, atoms::urun, subject, source, option_list);
  std::string image;
  if (!regex_image_of(source, options.compile, &image)) return cx.badarg();
  RegexFault fault;
  std::shared_ptr<const Regex> regex = find_regex(image, &fault);
  if (!regex) {
    if (!options.report_errors) return cx.badarg();
    return regex_error(cx.heap(), fault, /*while_running=*/true);
  }
  if (options.global) {
    Term pattern = re_pattern(cx.heap(), *regex, image, options.unicode);
    Term how = term::Tuple::make(cx.heap(), option_list, options.only_compile ? atoms::true_ : atoms::false_, source);
    return trap(cx, atoms::grun, subject, pattern, how);
  }
  return run_compiled(cx, subject, *regex, options, state, put_off);
}

BifResult run(YieldContext& cx, Term subject, Term pattern, Term option_list, SubjectState state, PutOff* put_off) {
  ReOptions options;
  if (!parse_re_options(option_list, &options)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (!pattern.is_tuple_of(5)) return run_source(cx, subject, pattern, option_list, options, state, put_off);
  if (options.only_compile || !is_re_pattern(pattern)) return cx.badarg();
  if (term::Tuple::from(pattern)[2] != Term::small(0) && needs_conversion(subject, options))
    return trap(cx, atoms::urun, subject, pattern, option_list);
  if (options.global) {
    Term how = term::Tuple::make(cx.heap(), option_list, atoms::false_);
    return trap(cx, atoms::grun, subject, pattern, how);
  }
  std::shared_ptr<const Regex> regex = regex_of(pattern, options.compile);
  if (!regex) return cx.badarg();
  return run_compiled(cx, subject, *regex, options, state, put_off);
}

}  // namespace

BifResult re_run_2(YieldContext& cx, Term subject, Term pattern) {
  PutOff put_off;
  BifResult result = run(cx, subject, pattern, term::kNil, SubjectState::Unchecked, &put_off);
  return put_off.wanted ? on_dirty<re_run_2>(cx, subject, pattern) : result;
}

BifResult re_run_3(YieldContext& cx, Term subject, Term pattern, Term options) {
  PutOff put_off;
  BifResult result = run(cx, subject, pattern, options, SubjectState::Unchecked, &put_off);
  return put_off.wanted ? on_dirty<re_run_3>(cx, subject, pattern, options) : result;
}

BifResult re_internal_run_4(YieldContext& cx, Term subject, Term pattern, Term options, Term first) {
  if (!first.is_boolean()) return cx.badarg();
  PutOff put_off;
  BifResult result = run(cx, subject, pattern, options, first == atoms::true_ ? SubjectState::Unchecked : SubjectState::Checked, &put_off);
  return put_off.wanted ? on_dirty<re_internal_run_4>(cx, subject, pattern, options, first) : result;
}

}  // namespace vm::bif
