// SPDX-License-Identifier: Apache-2.0
//
// Matching of bitstrings. Contexts were checked by the loop.
#include "interp/slow.h"
#include "ops/bits.h"

namespace vm::interp {

using term::Kind;
using Words = term::MatchContextWords;

namespace {

std::size_t slots_of(Term ctx) { return term::header_of(ctx).words() - Words::kMinWords; }

}  // namespace

Term bs_start(Process& p, Term src, std::size_t slots) {
  if (src.is_kind(Kind::MatchContext)) {
    if (slots_of(src) < slots) return ops::start_match(p.heap, src, slots);
    if (slots > 0) src.boxed_ptr()[Words::kFirstSlot] = src.boxed_ptr()[Words::kOffset];
    return src;
  }
  if (!src.is_bitstring()) return Term::non_value();
  return ops::start_match(p.heap, src, slots);
}

Term bs_get(Process& p, BitField kind, Term ctx, Term size, std::size_t unit, unsigned flags) {
  if (kind == BitField::Binary && size == atoms::all) {
    std::size_t rest = ops::match_state(ctx).remaining();
    if (!ops::is_multiple(rest, unit)) return Term::non_value();
    return ops::get_bits(p.heap, ctx, rest);
  }
  std::size_t bits;
  if (!ops::field_bits(size, unit, &bits) || bits > ops::match_state(ctx).remaining()) return Term::non_value();
  switch (kind) {
    case BitField::Integer: return ops::get_integer(p.heap, ctx, bits, flags);
    case BitField::Float: return ops::get_float(p.heap, ctx, bits, flags);
    case BitField::Binary: return ops::get_bits(p.heap, ctx, bits);
  }
  VM_UNREACHABLE("bit field kind");
}

Term bs_get_unicode(Process& p, Unicode kind, Term ctx, unsigned flags) {
  switch (kind) {
    case Unicode::Utf8: return ops::get_utf8(p.heap, ctx);
    case Unicode::Utf16: return ops::get_utf16(p.heap, ctx, flags);
    case Unicode::Utf32: return ops::get_utf32(p.heap, ctx, flags);
  }
  VM_UNREACHABLE("unicode kind");
}

bool bs_skip(Term ctx, Term size, std::size_t unit) {
  ops::MatchState m = ops::match_state(ctx);
  if (size == atoms::all) {
    if (!ops::is_multiple(m.remaining(), unit)) return false;
    m.set_offset(m.end());
    return true;
  }
  std::size_t bits;
  if (!ops::field_bits(size, unit, &bits) || bits > m.remaining()) return false;
  m.set_offset(m.offset() + bits);
  return true;
}

Term bs_rest(Process& p, Term ctx) { return ops::get_rest(p.heap, ctx); }

// The bitstring the context was made of: from slot 0, the position at the start, to the end.
Term bs_context_to_binary(Process& p, Term ctx) {
  if (!ctx.is_kind(Kind::MatchContext)) return ctx;
  Word* w = ctx.boxed_ptr();
  Word here = w[Words::kOffset];
  if (slots_of(ctx) > 0) w[Words::kOffset] = w[Words::kFirstSlot];
  Term rest = ops::get_rest(p.heap, ctx);
  w[Words::kOffset] = here;
  return rest;
}

bool bs_save(Term ctx, std::size_t slot) {
  if (!ctx.is_kind(Kind::MatchContext) || slot >= slots_of(ctx)) return false;
  ctx.boxed_ptr()[Words::kFirstSlot + slot] = ctx.boxed_ptr()[Words::kOffset];
  return true;
}

bool bs_restore(Term ctx, std::size_t slot) {
  if (!ctx.is_kind(Kind::MatchContext) || slot >= slots_of(ctx)) return false;
  ctx.boxed_ptr()[Words::kOffset] = ctx.boxed_ptr()[Words::kFirstSlot + slot];
  return true;
}

namespace {

// One command at *c; moves *c behind it. False: no match.
bool match_command(Registers& r, Term ctx, const Word** c, Word* y) {
  Process& p = *r.process;
  ops::MatchState m = ops::match_state(ctx);
  const Word* w = *c;
  switch (static_cast<MatchCommand>(*w++)) {
    case MatchCommand::EnsureAtLeast: *c = w + 2; return m.remaining() >= w[0] && ops::is_multiple(m.remaining() - w[0], w[1]);
    case MatchCommand::EnsureExactly: *c = w + 1; return m.remaining() == w[0];
    case MatchCommand::Integer:
    case MatchCommand::Binary: {
      bool integer = static_cast<MatchCommand>(w[-1]) == MatchCommand::Integer;
      *c = w + 4;
      Term t = bs_get(p, integer ? BitField::Integer : BitField::Binary, ctx, Term::small(static_cast<SWord>(w[1])), w[2],
                      static_cast<unsigned>(w[0]));
      if (!t.is_value()) return false;
      *destination(w[3], r.x, y) = t.bits();
      return true;
    }
    case MatchCommand::GetTail:
      *c = w + 2;
      *destination(w[1], r.x, y) = ops::get_rest(p.heap, ctx).bits();
      return true;
    case MatchCommand::Equal: {
      *c = w + 2;
      Term t = bs_get(p, BitField::Integer, ctx, Term::small(static_cast<SWord>(w[0])), 1, 0);
      return t.is_value() && t == Term::from_bits(w[1]);
    }
    case MatchCommand::Skip: *c = w + 1; return bs_skip(ctx, Term::small(static_cast<SWord>(w[0])), 1);
  }
  return false;
}

}  // namespace

bool bs_match(Registers& r, Term ctx, const Word* cells, std::size_t n, Word* y) {
  const Word* end = cells + n;
  Word start = ops::match_state(ctx).offset();
  while (cells < end) {
    if (!match_command(r, ctx, &cells, y)) {
      ops::match_state(ctx).set_offset(start);
      return false;
    }
  }
  return true;
}

// Sizes from here on are system_limit: no binary is that large.
constexpr SWord kTooManyBits = SWord{1} << 59;

bool bs_add(Process& p, Term a, Term b, std::size_t unit, Term* out) {
  SWord x, y, product, sum;
  if (!term::to_int64(a, &x) || !term::to_int64(b, &y)) {
    auto is_natural = [](Term t) { return t.is_small() ? t.small_value() >= 0 : t.is_big() && !term::BigInt::from(t).negative(); };
    set_error(p, is_natural(a) && is_natural(b) ? atoms::system_limit : atoms::badarg);
    return false;
  }
  if (x < 0 || y < 0) {
    set_error(p, atoms::badarg);
    return false;
  }
  if (__builtin_mul_overflow(y, static_cast<SWord>(unit), &product) || __builtin_add_overflow(x, product, &sum) || sum >= kTooManyBits) {
    set_error(p, atoms::system_limit);
    return false;
  }
  *out = Term::small(sum);
  return true;
}

bool bs_bits_to_bytes(Process& p, Term bits, Term* out) {
  if (!bits.is_small() || bits.small_value() < 0 || bits.small_value() % 8 != 0) {
    set_error(p, atoms::badarg);
    return false;
  }
  *out = Term::small(bits.small_value() / 8);
  return true;
}

}  // namespace vm::interp
