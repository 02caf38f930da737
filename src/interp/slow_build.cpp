// SPDX-License-Identifier: Apache-2.0
//
// Construction of bitstrings: bs_create_bin, and the instructions of OTP 24 and before.
#include "interp/slow.h"
#include "ops/bits.h"
#include "ops/maps.h"

namespace vm::interp {

namespace {

// Words that the objects of one fresh or appended bitstring take beside its bytes on the heap.
constexpr std::size_t kBuildWords = 16;
// A bitstring beyond this is refused before any memory is asked for.
constexpr std::size_t kMaxBits = std::size_t{1} << 45;


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
  Term cause = term::Tuple::make(h, Term::small(static_cast<SWord>(s[kSegIndex])), type_atom(static_cast<Segment>(s[kSegType])), what, value);
  Term pairs[] = {atoms::cause, cause, atoms::function, atoms::format_bs_fail, atoms::module, atoms::erl_erts_errors};
  p.exception.error_info = ops::map_from_pairs(h, pairs);
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
  auto type = static_cast<Segment>(s[kSegType]);
  Term size = read_source(s[kSegSize], r.x, y);
  if (type == Segment::Append || type == Segment::PrivateAppend) {
    *bits = 0;
    return true;
  }
  if (type == Segment::String) {
    *bits = size.is_small() && size.small_value() >= 0 ? static_cast<Word>(size.small_value()) * 8 : 0;
    return true;
  }
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
  if (__builtin_mul_overflow(static_cast<Word>(size.small_value()), s[kSegUnit], &n) || n > kMaxBits)
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
    if (s[kSegUnit] > 1 && has % s[kSegUnit] != 0) return segment_error(p, s, atoms::badarg, atoms::unit, value);
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
  if (unit > 1 && term::bits_of(src).size % unit != 0) return segment_error(p, first, atoms::badarg, atoms::unit, src);
  proc::GuardContext cx(p);
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

// [label][fail][alloc][live][dst][n][segments]
Term create_bin(Registers& r, const Word* pc, bool* ended) {
  Process& p = *r.process;
  std::size_t n = pc[5];
  const Word* segments = pc + 6;
  std::size_t total = 0, bits = 0;
  for (std::size_t k = 0; k < n; k++) {
    const Word* s = segments + k * kSegmentCells;
    if (!segment_bits(r, s, p.heap.stack_top(), &bits)) return Term::non_value();
    total += bits;
    if (total > kMaxBits) {
      segment_error(p, s, atoms::system_limit, atoms::size, read_source(s[kSegSize], r.x, p.heap.stack_top()));
      return Term::non_value();
    }
  }
  std::size_t heap_bytes = total <= 8 * term::kHeapBinaryLimit ? words_for_bytes((total + 7) / 8) : 0;
  if (!make_room(r, pc[2] + heap_bytes + kBuildWords, pc[3])) {
    *ended = true;
    return Term::non_value();
  }
  const Word* y = p.heap.stack_top();
  Target t;
  if (!make_target(r, n ? segments : nullptr, y, total, &t)) return Term::non_value();
  for (std::size_t k = 0; k < n; k++) {
    const Word* s = segments + k * kSegmentCells;
    auto type = static_cast<Segment>(s[kSegType]);
    if (type == Segment::Append || type == Segment::PrivateAppend) {
      if (k > 0) return segment_error(p, s, atoms::badarg, atoms::type, t.term), Term::non_value();
      continue;
    }
    if (!segment_bits(r, s, y, &bits) || !put_segment(r, s, y, t.bytes, t.at, bits)) return Term::non_value();
    t.at += bits;
  }
  p.reductions_left -= static_cast<SWord>(total / ops::kBitsPerReduction);
  return t.term;
}

Term build_init(Registers& r, Term size, bool is_bits, std::size_t words, std::size_t live, bool* ended) {
  Process& p = *r.process;
  std::size_t bits;
  if (!ops::field_bits(size, is_bits ? 1 : 8, &bits) || bits > kMaxBits) {
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
  if (!ops::field_bits(size, 1, &bits) || bits > kMaxBits) {
    bool huge = size.is_integer() && !(size.is_small() ? size.small_value() < 0 : term::BigInt::from(size).negative());
    set_error(p, huge ? atoms::system_limit : atoms::badarg);
    return Term::non_value();
  }
  if (!src.is_bitstring() || (unit > 1 && term::bits_of(src).size % unit != 0)) {
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
    if (unit > 1 && bits % unit != 0) return fail_put(r);
  } else if (!ops::field_bits(size, unit, &bits)) {
    return fail_put(r);
  }
  if (!has_room(b, bits)) return fail_put(r);
  bool ok = false;
  switch (kind) {
    case BitField::Integer: ok = ops::put_integer(b.base, b.at, value, bits, flags); break;
    case BitField::Float: ok = (bits == 16 || bits == 32 || bits == 64) && ops::put_float(b.base, b.at, value, bits, flags); break;
    case BitField::Binary: ok = value.is_bitstring() && term::bits_of(value).size >= bits && ops::put_bits(b.base, b.at, value, bits); break;
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
  std::size_t bytes = hint.is_small() && hint.small_value() >= 0 && hint.small_value() < (1 << 20) ? static_cast<std::size_t>(hint.small_value()) : 1024;
  r.x[0] = ops::make_writable(r.process->heap, bytes);
}

}  // namespace vm::interp
