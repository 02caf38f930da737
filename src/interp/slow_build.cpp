// SPDX-License-Identifier: Apache-2.0
//
// Construction of bitstrings: bs_create_bin, and the instructions of OTP 24 and before.
#include "interp/slow.h"
#include "ops/bits.h"
#include "ops/bits_fast.h"
#include "ops/maps.h"
#include "term/binary_data.h"

namespace vm::interp {

namespace {

// Words that the objects of one fresh or appended bitstring take beside its bytes on the heap.
constexpr std::size_t kBuildWords = 16;

Term type_atom(Segment s) {
  switch (s) {
    case Segment::Integer: return atoms::integer;
    case Segment::Float: return atoms::float_;
    case Segment::Utf8: return atoms::utf8;
    case Segment::Utf16: return atoms::utf16;
    case Segment::Utf32: return atoms::utf32;
    default: return atoms::binary;
  }
}

// Error `reason` whose extended information says which segment failed and how.
bool segment_error(Process& p, const Word* s, Term reason, Term what, Term value) {
  set_error(p, reason);
  term::HeapWriter& h = p.heap;
  Term cause =
      term::Tuple::make(h, Term::small(static_cast<SWord>(s[kSegIndex])), type_atom(static_cast<Segment>(s[kSegType])), what, value);
  Term pairs[] = {atoms::cause, cause, atoms::function, atoms::format_bs_fail, atoms::module, atoms::erl_erts_errors};
  p.scratch->exception.error_info = ops::map_from_pairs(h, pairs);
  return false;
}

bool size_error(Process& p, const Word* s, Term size) {
  bool negative = size.is_small() ? size.small_value() < 0 : size.is_big() && term::BigInt::from(size).negative();
  return segment_error(p, s, size.is_integer() && !negative ? atoms::system_limit : atoms::badarg, atoms::size, size);
}

bool valid_code_point(Term t) {
  if (!t.is_small()) return false;
  SWord c = t.small_value();
  return c >= 0 && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
}

// Bits of a segment, or false with the error raised.
bool segment_bits(Registers& r, const Word* s, const Word* y, std::size_t* bits) {
  Process& p = *r.process;
  if (s[kSegBits] != kBitsOpen) {
    *bits = s[kSegBits];
    return true;
  }
  auto type = static_cast<Segment>(s[kSegType]);
  Term size = read_source(s[kSegSize], r.x, y);
  Term value = read_source(s[kSegValue], r.x, y);
  if (type == Segment::Utf8) {
    std::size_t n = ops::utf8_size(value);
    *bits = 8 * (n ? n : 4);
    return true;
  }
  if (type == Segment::Utf16) {
    std::size_t n = ops::utf16_size(value);
    *bits = 8 * (n ? n : 2);
    return true;
  }
  if (type == Segment::Utf32) {
    *bits = 32;
    return valid_code_point(value) || segment_error(p, s, atoms::badarg, atoms::type, value);
  }
  if (type == Segment::Binary && size == atoms::all) {
    if (!value.is_bitstring()) return segment_error(p, s, atoms::badarg, atoms::type, value);
    *bits = term::bits_of(value).size;
    return true;
  }
  Word n;
  if (!size.is_small() || size.small_value() < 0) return size_error(p, s, size);
  if (__builtin_mul_overflow(static_cast<Word>(size.small_value()), s[kSegUnit], &n) || n > kMaxBuildBits)
    return segment_error(p, s, atoms::system_limit, atoms::size, size);
  *bits = n;
  return true;
}

bool put_float_segment(Process& p, const Word* s, Byte* dst, std::size_t at, Term value, std::size_t bits) {
  if (bits != 16 && bits != 32 && bits != 64) {
    return segment_error(p, s, atoms::badarg, atoms::invalid, Term::small(static_cast<SWord>(bits)));
  }
  if (ops::put_float(dst, at, value, bits, static_cast<unsigned>(s[kSegFlags]))) return true;
  return segment_error(p, s, atoms::badarg, value.is_number() ? atoms::no_float : atoms::type, value);
}

// Writes one segment of `bits` bits.
bool put_segment(Registers& r, const Word* s, const Word* y, Byte* dst, std::size_t at, std::size_t bits) {
  Process& p = *r.process;
  auto type = static_cast<Segment>(s[kSegType]);
  auto flags = static_cast<unsigned>(s[kSegFlags]);
  if (type == Segment::String) {
    ops::copy_bits(dst, at, reinterpret_cast<const Byte*>(s[kSegValue]), 0, bits);
    return true;
  }
  Term value = read_source(s[kSegValue], r.x, y);
  std::size_t written = 0;
  switch (type) {
    case Segment::Integer: return ops::put_integer(dst, at, value, bits, flags) || segment_error(p, s, atoms::badarg, atoms::type, value);
    case Segment::Float: return put_float_segment(p, s, dst, at, value, bits);
    case Segment::Utf8: return ops::put_utf8(dst, at, value, &written) || segment_error(p, s, atoms::badarg, atoms::type, value);
    case Segment::Utf16: return ops::put_utf16(dst, at, value, flags, &written) || segment_error(p, s, atoms::badarg, atoms::type, value);
    case Segment::Utf32: return ops::put_utf32(dst, at, value, flags) || segment_error(p, s, atoms::badarg, atoms::type, value);
    default: break;
  }
  if (!value.is_bitstring()) return segment_error(p, s, atoms::badarg, atoms::type, value);
  std::size_t has = term::bits_of(value).size;
  if (read_source(s[kSegSize], r.x, y) == atoms::all) {
    if (!ops::is_multiple(has, s[kSegUnit])) return segment_error(p, s, atoms::badarg, atoms::unit, value);
  } else if (has < bits) {
    return segment_error(p, s, atoms::badarg, atoms::short_, value);
  }
  return ops::put_bits(dst, at, value, bits) || segment_error(p, s, atoms::badarg, atoms::type, value);
}

// Where the bits of an instruction go.
struct Target {
  Term term = Term::non_value();
  Byte* bytes = nullptr;
  std::size_t at = 0;
};

bool make_target(Registers& r, const Word* first, const Word* y, std::size_t total, Target* t) {
  Process& p = *r.process;
  auto type = first ? static_cast<Segment>(first[kSegType]) : Segment::Integer;
  if (type != Segment::Append && type != Segment::PrivateAppend) {
    t->term = ops::start_build(p.heap, total, &t->bytes);
    return true;
  }
  Term src = read_source(first[kSegValue], r.x, y);
  std::size_t unit = first[kSegUnit];
  if (!src.is_bitstring()) return segment_error(p, first, atoms::badarg, atoms::type, src);
  if (!ops::is_multiple(term::bits_of(src).size, unit)) return segment_error(p, first, atoms::badarg, atoms::unit, src);
  proc::GuardContext cx(p);
  if (type == Segment::PrivateAppend && ops::extend_private(p.heap, src, total, &t->bytes, &t->at)) {
    t->term = src;
    return true;
  }
  t->term = ops::start_append(cx, src, total, unit, &t->bytes, &t->at);
  if (!t->term.is_value()) return segment_error(p, first, atoms::system_limit, atoms::size, src);
  return true;
}

// Room for `need` words. False: the process ended.
bool make_room(Registers& r, std::size_t need, std::size_t live) {
  heap::ProcessHeap& h = r.process->heap;
  if (h.free_words() >= need && !h.wants_collection()) return true;
  return collect_garbage(r, live, need);
}

}  // namespace

namespace {

// Small big-endian integers in a row are collected in a word and written together.
class IntegerRun {
 public:
  // False: it is another kind of value or does not fit the word any more.
  bool take(Term value, std::size_t bits) {
    if (!value.is_small() || held_ + bits > 64) return false;
    word_ = (bits == 64 ? 0 : word_ << bits) | (static_cast<Word>(value.small_value()) & ops::low_mask(bits));
    held_ += bits;
    return true;
  }
  // Answers the position behind what was written.
  std::size_t flush(Byte* bytes, std::size_t at) {
    ops::write_bits(bytes, at, word_, held_);
    at += held_;
    held_ = 0;
    word_ = 0;
    return at;
  }
  bool empty() const { return held_ == 0; }

 private:
  Word word_ = 0;
  std::size_t held_ = 0;
};

bool is_append(const Word* s) {
  auto type = static_cast<Segment>(s[kSegType]);
  return type == Segment::Append || type == Segment::PrivateAppend;
}

bool is_plain_integer(const Word* s) {
  return static_cast<Segment>(s[kSegType]) == Segment::Integer && (s[kSegFlags] & (ops::kLittle | ops::kNative)) == 0;
}

// (No struct for the target: one that was just filled word by word would be read back as a vector, and wait.)
bool put_segments(Registers& r, const Word* segments, std::size_t n, Term whole, Byte* bytes, std::size_t at) {
  const Word* y = r.process->heap.stack_top();
  IntegerRun run;
  for (std::size_t k = 0; k < n; k++) {
    const Word* s = segments + k * kSegmentCells;
    if (is_append(s)) {
      if (k > 0) return segment_error(*r.process, s, atoms::badarg, atoms::type, whole);
      continue;
    }
    std::size_t bits;
    if (!segment_bits(r, s, y, &bits)) return false;
    if (bits <= 64 && is_plain_integer(s)) {
      Term value = read_source(s[kSegValue], r.x, y);
      if (VM_LIKELY(run.take(value, bits))) continue;
      at = run.flush(bytes, at);
      if (run.take(value, bits)) continue;
    }
    if (!run.empty()) at = run.flush(bytes, at);
    if (!put_segment(r, s, y, bytes, at, bits)) return false;
    at += bits;
  }
  if (!run.empty()) run.flush(bytes, at);
  return true;
}

// The size of the whole, appended segments left out. False: raised.
bool total_bits(Registers& r, const Word* segments, std::size_t n, std::size_t* total) {
  const Word* y = r.process->heap.stack_top();
  *total = 0;
  for (std::size_t k = 0; k < n; k++) {
    const Word* s = segments + k * kSegmentCells;
    std::size_t bits;
    if (!segment_bits(r, s, y, &bits)) return false;
    *total += bits;
    if (*total > kMaxBuildBits) return segment_error(*r.process, s, atoms::system_limit, atoms::size, read_source(s[kSegSize], r.x, y));
  }
  return true;
}

// <<Source/binary, Integer:N>> where N is a few bytes and Source the live end of a writable binary with room for them, as it is in loops and
// comprehensions: in place, with none of the general way's steps. The non-value: that has to be taken.
Term append_integer(Process& p, const Registers& r, const Word* pc) {
  using term::RefcBinaryWords;
  using term::SubBitsWords;
  const Word* first = pc + kCreateCells;
  const Word* second = first + kSegmentCells;
  const bool is_private = static_cast<Segment>(first[kSegType]) == Segment::PrivateAppend;
  std::size_t bits = second[kSegBits];
  if (!is_append(first) || (first[kSegUnit] != 1 && first[kSegUnit] != 8) || (bits & 7) != 0 || bits - 8 > 56 || !is_plain_integer(second))
    return Term::non_value();
  const Word* y = p.heap.stack_top();
  Term source = read_source(first[kSegValue], r.x, y), value = read_source(second[kSegValue], r.x, y);
  if (!value.is_small() || !source.is_boxed()) return Term::non_value();
  constexpr Word kLiveEnd = term::HeaderWord::make(term::Kind::SubBits, SubBitsWords::kWords, 1).bits();
  Word* slice = source.boxed_ptr();
  if (*slice != kLiveEnd || (slice[SubBitsWords::kSize] & 7) != 0) return Term::non_value();
  Word* refc = Term::from_bits(slice[SubBitsWords::kOriginal]).boxed_ptr();
  auto* data = reinterpret_cast<term::BinaryData*>(refc[RefcBinaryWords::kData]);
  std::size_t before = slice[SubBitsWords::kSize] >> 3, after = before + (bits >> 3);
  if (data->capacity < after || data->refs.load(std::memory_order_acquire) != 1) return Term::non_value();
  if (p.heap.free_words() < pc[kCreateAlloc] + kBuildWords || p.heap.wants_collection()) return Term::non_value();
  data->size = after;
  refc[RefcBinaryWords::kSize] = after;
  Byte* to = reinterpret_cast<Byte*>(refc[RefcBinaryWords::kBytes]) + before;
  Word v = static_cast<Word>(value.small_value());
  for (std::size_t left = bits; left != 0;) *to++ = static_cast<Byte>(v >> (left -= 8));
  if (is_private) {
    slice[SubBitsWords::kSize] = after * 8;
    return source;
  }
  Word* end = p.heap.alloc(1 + SubBitsWords::kWords);
  end[0] = kLiveEnd;
  end[SubBitsWords::kOriginal] = slice[SubBitsWords::kOriginal];
  end[SubBitsWords::kOffset] = 0;
  end[SubBitsWords::kSize] = after * 8;
  slice[0] = term::HeaderWord::make(term::Kind::SubBits, SubBitsWords::kWords).bits();  // no longer the end
  return Term::boxed(end);
}

}  // namespace

Term create_bin(Registers& r, const Word* pc, bool* ended) {
  Process& p = *r.process;
  if (pc[kCreateSegments] == 2) {
    Term appended = append_integer(p, r, pc);
    if (appended.is_value()) return appended;
  }
  std::size_t n = pc[kCreateSegments];
  const Word* segments = pc + kCreateCells;
  std::size_t total = pc[kCreateFixedBits];
  if ((pc[kCreateOpen] != 0 || total > kMaxBuildBits) && !total_bits(r, segments, n, &total)) return Term::non_value();
  std::size_t heap_bytes = total <= 8 * term::kHeapBinaryLimit ? words_for_bytes((total + 7) / 8) : 0;
  if (!make_room(r, pc[kCreateAlloc] + heap_bytes + kBuildWords, pc[kCreateLive])) {
    *ended = true;
    return Term::non_value();
  }
  Target t;
  if (!make_target(r, n ? segments : nullptr, p.heap.stack_top(), total, &t)) return Term::non_value();
  if (!put_segments(r, segments, n, t.term, t.bytes, t.at)) return Term::non_value();
  p.reductions_left -= static_cast<SWord>(total / ops::kBitsPerReduction);
  return t.term;
}

Term build_init(Registers& r, Term size, bool is_bits, std::size_t words, std::size_t live, bool* ended) {
  Process& p = *r.process;
  std::size_t bits;
  if (!ops::field_bits(size, is_bits ? 1 : 8, &bits) || bits > kMaxBuildBits) {
    bool huge = size.is_integer() && !(size.is_small() ? size.small_value() < 0 : term::BigInt::from(size).negative());
    set_error(p, huge ? atoms::system_limit : atoms::badarg);
    return Term::non_value();
  }
  std::size_t heap_bytes = bits <= 8 * term::kHeapBinaryLimit ? words_for_bytes((bits + 7) / 8) : 0;
  if (!make_room(r, words + heap_bytes + kBuildWords, live)) {
    *ended = true;
    return Term::non_value();
  }
  Term t = ops::start_build(p.heap, bits, &r.build.base);
  r.build.at = 0;
  r.build.end = bits;
  return t;
}

Term build_append(Registers& r, Term size, Term src, std::size_t unit, std::size_t extra, std::size_t live, bool* ended) {
  Process& p = *r.process;
  std::size_t bits;
  if (!ops::field_bits(size, 1, &bits) || bits > kMaxBuildBits) {
    bool huge = size.is_integer() && !(size.is_small() ? size.small_value() < 0 : term::BigInt::from(size).negative());
    set_error(p, huge ? atoms::system_limit : atoms::badarg);
    return Term::non_value();
  }
  if (!src.is_bitstring() || !ops::is_multiple(term::bits_of(src).size, unit)) {
    set_error(p, atoms::badarg);
    return Term::non_value();
  }
  if (live < kXRegisters) {
    r.x[live] = src;
    if (!make_room(r, extra + kBuildWords, live + 1)) {
      *ended = true;
      return Term::non_value();
    }
    src = r.x[live];
  }
  proc::GuardContext cx(p);
  r.build = BuildState{};
  Term t = ops::start_append(cx, src, bits, unit, &r.build.base, &r.build.at);
  r.build.end = r.build.at + bits;
  return t;
}

namespace {

bool fail_put(Registers& r) {
  set_error(*r.process, atoms::badarg);
  return false;
}

bool has_room(const BuildState& b, std::size_t bits) { return b.base && bits <= b.end - b.at; }

}  // namespace

bool build_put(Registers& r, BitField kind, Term value, Term size, std::size_t unit, unsigned flags) {
  BuildState& b = r.build;
  std::size_t bits;
  if (kind == BitField::Binary && size == atoms::all) {
    if (!value.is_bitstring()) return fail_put(r);
    bits = term::bits_of(value).size;
    if (!ops::is_multiple(bits, unit)) return fail_put(r);
  } else if (!ops::field_bits(size, unit, &bits)) {
    return fail_put(r);
  }
  if (!has_room(b, bits)) return fail_put(r);
  bool ok = false;
  switch (kind) {
    case BitField::Integer: ok = ops::put_integer(b.base, b.at, value, bits, flags); break;
    case BitField::Float: ok = (bits == 16 || bits == 32 || bits == 64) && ops::put_float(b.base, b.at, value, bits, flags); break;
    case BitField::Binary:
      ok = value.is_bitstring() && term::bits_of(value).size >= bits && ops::put_bits(b.base, b.at, value, bits);
      break;
  }
  if (!ok) return fail_put(r);
  b.at += bits;
  return true;
}

bool build_put_unicode(Registers& r, Unicode kind, Term value, unsigned flags) {
  BuildState& b = r.build;
  std::size_t bits = 32;
  if (!valid_code_point(value)) return fail_put(r);
  if (kind == Unicode::Utf8) bits = 8 * ops::utf8_size(value);
  if (kind == Unicode::Utf16) bits = 8 * ops::utf16_size(value);
  if (!has_room(b, bits)) return fail_put(r);
  std::size_t written = 0;
  bool ok = kind == Unicode::Utf8    ? ops::put_utf8(b.base, b.at, value, &written)
            : kind == Unicode::Utf16 ? ops::put_utf16(b.base, b.at, value, flags, &written)
                                     : ops::put_utf32(b.base, b.at, value, flags);
  if (!ok) return fail_put(r);
  b.at += bits;
  return true;
}

bool build_put_bytes(Registers& r, const Byte* bytes, std::size_t n) {
  BuildState& b = r.build;
  if (!has_room(b, 8 * n)) return fail_put(r);
  ops::copy_bits(b.base, b.at, bytes, 0, 8 * n);
  b.at += 8 * n;
  return true;
}

void init_writable(Registers& r) {
  Term hint = r.x[0];
  std::size_t bytes =
      hint.is_small() && hint.small_value() >= 0 && hint.small_value() < (1 << 20) ? static_cast<std::size_t>(hint.small_value()) : 1024;
  r.x[0] = ops::make_writable(r.process->heap, bytes);
}

}  // namespace vm::interp
