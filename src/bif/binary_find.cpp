// SPDX-License-Identifier: Apache-2.0
//
// Searching in binaries: compile_pattern, match, matches and split of module binary.
#include <algorithm>

#include "bif/bif_decls.gen.h"
#include "bif/binary_part.h"
#include "bif/binary_search.h"
#include "bif/long_work.h"
#include "ops/bits.h"
#include "proc/references.h"
#include "term/chunk_writer.h"

namespace vm::bif {

namespace {

constexpr std::size_t kBytesPerReduction = 64;
constexpr std::size_t kLongSearch = 4 * kLongBytes;
constexpr std::size_t kManyMatches = 1u << 13;

// The strings of a pattern argument. False when it is no binary or list of binaries, or one is empty.
bool pattern_strings(Term t, std::vector<std::vector<Byte>>* strings) {
  auto add = [&](Term binary) {
    term::ByteScratch scratch;
    std::span<const Byte> bytes;
    if (!term::binary_bytes(binary, &bytes, scratch) || bytes.empty()) return false;
    strings->emplace_back(bytes.begin(), bytes.end());
    return true;
  };
  if (!t.is_cons()) return t.is_bitstring() && add(t);
  for (; t.is_cons(); t = t.tail()) {
    if (!add(t.head())) return false;
  }
  return t.is_nil();
}

// A pattern argument: compiled before, or for this call only.
class Pattern {
 public:
  Pattern() = default;
  ~Pattern() {
    if (owned_) delete owned_;
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  bool set(Term t) {
    if (t.is_tuple()) {
      if (!t.is_tuple_of(2)) return false;
      term::Tuple pair = term::Tuple::from(t);
      auto* compiled = static_cast<const BytePattern*>(term::magic_of(pair[1], &BytePattern::kType));
      if (compiled == nullptr || pair[0] != (compiled->single() ? atoms::bm : atoms::ac)) return false;
      pattern_ = compiled;
      return true;
    }
    std::vector<std::vector<Byte>> strings;
    if (!pattern_strings(t, &strings)) return false;
    pattern_ = owned_ = new BytePattern(std::move(strings));
    return true;
  }
  const BytePattern* operator->() const { return pattern_; }

 private:
  const BytePattern* pattern_ = nullptr;
  BytePattern* owned_ = nullptr;
};

struct Options {
  std::size_t begin = 0, end = 0;
  bool global = false, trim = false, trim_all = false;
};

// Options of match and matches ({scope, Range}) and, `split` given, of split. `list` is the non-value for none. Like stock this accepts any
// tail after at least one option.
bool read_options(Term list, Term subject, bool split, Options* o) {
  std::size_t size = term::bits_of(subject).size >> 3;
  o->begin = 0;
  o->end = size;
  if (!list.is_value() || list.is_nil()) return true;
  if (!list.is_cons()) return false;
  for (; list.is_cons(); list = list.tail()) {
    Term t = list.head();
    if (split && t.is_atom()) {
      if (t == atoms::global) o->global = true;
      else if (t == atoms::trim) o->trim = true;
      else if (t == atoms::trim_all) o->trim_all = true;
      else return false;
      continue;
    }
    if (!t.is_tuple_of(2)) return false;
    term::Tuple option = term::Tuple::from(t);
    if (option[0] != atoms::scope || !option[1].is_tuple_of(2)) return false;
    term::Tuple range = term::Tuple::from(option[1]);
    std::size_t count;
    if (!binary_part_range(size, range[0], range[1], &o->begin, &count)) return false;
    o->end = o->begin + count;
  }
  return true;
}

std::vector<Match> find_all(const Pattern& pattern, std::span<const Byte> text, const Options& o, bool all) {
  std::vector<Match> found;
  if (all) found.reserve(64);
  std::size_t at = o.begin;
  Match m;
  while (pattern->find(text.data(), at, o.end, &m)) {
    found.push_back(m);
    if (!all || is_long(found.size(), kManyMatches)) break;
    at = m.position + m.length;
  }
  return found;
}

Term match_term(term::HeapWriter& h, const Match& m) {
  return term::Tuple::make(h, Term::small(static_cast<SWord>(m.position)), Term::small(static_cast<SWord>(m.length)));
}

// What all searches begin with: reads the arguments and searches. False: badarg.
struct Search {
  Options options;
  std::vector<Match> found;
  std::span<const Byte> text;  // of the subject, when something was found
  bool put_off = false;        // too much to do here
  term::ByteScratch scratch;

  bool run(BifContext& cx, Term subject, Term pattern_term, Term list, bool split, bool all) {
    if (!subject.is_binary() || !read_options(list, subject, split, &options)) return false;
    if (options.end == 0) return true;  // even before the pattern is looked at
    Pattern pattern;
    if (!pattern.set(pattern_term)) return false;
    term::binary_bytes(subject, &text, scratch);
    const bool first_only = !all && !options.global;
    Options here = options;
    if (is_long(options.end - options.begin, kLongSearch)) {
      put_off = !first_only;  // the first match may be near
      here.end = options.begin + kLongSearch;
    }
    if (!put_off) found = find_all(pattern, text, here, !first_only);
    // Near the end of what was searched a longer string may begin before the one that was found, or with it.
    if (here.end != options.end && (found.empty() || found[0].position + pattern->longest() > here.end)) put_off = true;
    put_off |= is_long(found.size(), kManyMatches);
    if (put_off) return true;
    std::size_t seen = !found.empty() && !all && !options.global ? found.back().position + found.back().length : options.end;
    cx.bump((seen > options.begin ? seen - options.begin : 0) / kBytesPerReduction + found.size() / 4);
    return true;
  }
};

template <typename Later>
BifResult match(BifContext& cx, Term subject, Term pattern, Term list, Later&& later) {
  Search s;
  if (!s.run(cx, subject, pattern, list, false, false)) return cx.badarg();
  if (s.put_off) return later();
  return s.found.empty() ? BifResult(atoms::nomatch) : match_term(cx.heap(), s.found[0]);
}

template <typename Later>
BifResult matches(BifContext& cx, Term subject, Term pattern, Term list, Later&& later) {
  Search s;
  if (!s.run(cx, subject, pattern, list, false, true)) return cx.badarg();
  if (s.put_off) return later();
  term::ChunkWriter h(cx.heap());
  Term result = term::kNil;
  for (std::size_t i = s.found.size(); i-- > 0;) result = h.cons(match_term(h, s.found[i]), result);
  return result;
}

template <typename Later>
BifResult split(BifContext& cx, Term subject, Term pattern, Term list, Later&& later) {
  Search s;
  if (!s.run(cx, subject, pattern, list, true, false)) return cx.badarg();
  if (s.put_off) return later();
  const Options& o = s.options;
  std::size_t size = term::bits_of(subject).size >> 3;
  term::HeapWriter& h = cx.heap();
  if (s.found.empty()) {
    if ((o.trim || o.trim_all) && size == 0) return term::kNil;
    return h.cons(subject, term::kNil);
  }
  // From the end, so that `trim` knows what is trailing.
  term::ChunkWriter chunk(h);
  Term result = term::kNil;
  bool trimming = o.trim || o.trim_all;
  std::size_t end = size;
  for (std::size_t i = s.found.size() + 1; i-- > 0;) {
    std::size_t begin = i == 0 ? 0 : s.found[i - 1].position + s.found[i - 1].length;
    if (begin != end || !trimming) {
      const std::size_t n = end - begin;
      const Term part = n <= term::kHeapBinaryLimit ? term::make_binary(chunk, s.text.subspan(begin, n))
                                                    : ops::extract_bits(chunk, subject, begin * 8, n * 8);
      result = chunk.cons(part, result);
      trimming = o.trim_all;
    }
    if (i != 0) end = s.found[i - 1].position;
  }
  return result;
}

}  // namespace

BifResult binary_compile_pattern_1(BifContext& cx, Term t) {
  std::vector<std::vector<Byte>> strings;
  if (!pattern_strings(t, &strings)) return cx.badarg();
  auto* pattern = new BytePattern(std::move(strings));
  proc::ref_numbers_of_key(proc::next_ref_key(), pattern->numbers);
  Term tag = pattern->single() ? atoms::bm : atoms::ac;
  return term::Tuple::make(cx.heap(), tag, term::make_magic_ref(cx.heap(), pattern));
}

BifResult binary_match_2(YieldContext& cx, Term subject, Term pattern) {
  return match(cx, subject, pattern, Term::non_value(), [&] { return on_dirty<binary_match_2>(cx, subject, pattern); });
}
BifResult binary_match_3(YieldContext& cx, Term subject, Term pattern, Term options) {
  return match(cx, subject, pattern, options, [&] { return on_dirty<binary_match_3>(cx, subject, pattern, options); });
}
BifResult binary_matches_2(YieldContext& cx, Term subject, Term pattern) {
  return matches(cx, subject, pattern, Term::non_value(), [&] { return on_dirty<binary_matches_2>(cx, subject, pattern); });
}
BifResult binary_matches_3(YieldContext& cx, Term subject, Term pattern, Term options) {
  return matches(cx, subject, pattern, options, [&] { return on_dirty<binary_matches_3>(cx, subject, pattern, options); });
}
BifResult binary_split_2(YieldContext& cx, Term subject, Term pattern) {
  return split(cx, subject, pattern, Term::non_value(), [&] { return on_dirty<binary_split_2>(cx, subject, pattern); });
}
BifResult binary_split_3(YieldContext& cx, Term subject, Term pattern, Term options) {
  return split(cx, subject, pattern, options, [&] { return on_dirty<binary_split_3>(cx, subject, pattern, options); });
}

}  // namespace vm::bif
