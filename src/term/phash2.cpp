// SPDX-License-Identifier: Apache-2.0
#include "term/atoms.h"
#include "term/hash_internal.h"

namespace vm::term {

using namespace hashing;

namespace {

// Integers of 28 bits have a form of their own.
inline U32 hash_portable_small(SWord v, U32 hash) {
  constexpr SWord kLimit = SWord{1} << 27;
  if (v >= kLimit || v < -kLimit) return hash_large_small(v, hash);
  if (v < 0) hash = mix1(hash, static_cast<U32>(-v), kGolden);
  return mix1(hash, static_cast<U32>(v), kGolden);
}

// The hash so far and the words at hand are locals of run(): each step waits for the one before, and memory in between would make it wait longer.
class Phash2 {
 public:
  U32 run(Term t) {
    U32 hash = 0;
    const Word first = t.bits();
    const Word* at = &first;
    std::size_t left = 1;
    for (;;) {
      if (left == 0 && !next(&at, &left, hash)) return hash;
      t = Term::from_bits(*at++);
      left--;
    again:
      if (t.is_small()) {
        hash = hash_portable_small(t.small_value(), hash);
      } else if (t.is_atom()) {
        U32 text = AtomTable::hash(t);
        hash = hash == 0 ? text : mix1(hash, text, golden(3));
      } else if (t.is_nil()) {
        hash = hash == 0 ? 3468870702u : mix1(hash, 2, golden(2));
      } else if (t.is_cons()) {
        const Word* p = hash_text(t, hash);
        if (p == nullptr) goto again;  // what came behind the bytes
        if (left != 0) parts_.push({at, 0, left, Op::Terms});
        at = p;
        left = 2;
      } else if (t.is_tuple()) {
        std::size_t n = header_of(t).words();
        hash = mix1(hash, static_cast<U32>(n), golden(9));
        if (n == 0) continue;
        if (left != 0) parts_.push({at, 0, left, Op::Terms});
        at = words_from(t, 1);
        left = n;
      } else if (t.is_float_immediate()) {
        visit_float(t, hash);
      } else if (t.is_bitstring()) {
        hash = hash_bitstring(t, hash, 0xFFFFFFFF);
      } else {
        if (left != 0) parts_.push({at, 0, left, Op::Terms});
        left = 0;
        visit(t, hash);
      }
    }
  }

 private:
  // Hashes t, or the first part of it with the rest pushed.
  void visit(Term t, U32& hash) {
    if (t.is_boxed()) visit_boxed(t, hash);
    else if (t.is_local_pid()) hash = mix1(hash, pid_number(t), golden(5));
    else if (t.is_local_port()) visit_port(t, hash);
    else VM_UNREACHABLE("phash2: no term");
  }

  [[gnu::always_inline]] static void visit_float(Term t, U32& hash) {
    Word b = float_bits(t);
    hash = mix2(hash, static_cast<U32>(b >> 32), static_cast<U32>(b), golden(12));
  }
  [[gnu::always_inline]] static void visit_port(Term t, U32& hash) {
    Word n = port_number_of(t);
    hash = mix2(hash, static_cast<U32>(n), static_cast<U32>(n >> 32), golden(6));
  }

  // The bytes that a list begins with, four at a time. Where it goes on: a cell, or nullptr and in t what ends it.
  [[gnu::always_inline]] static const Word* hash_text(Term& t, U32& hash) {
    unsigned count = 0;
    U32 bytes = 0;
    const Word* p = t.cons_cell();
    while (is_byte(p[0])) {
      bytes = (bytes << 8) + static_cast<U32>(p[0] >> 3);
      if (count == 3) {
        hash = mix1(hash, bytes, golden(4));
        count = 0, bytes = 0;
      } else {
        count++;
      }
      t = Term::from_bits(p[1]);
      if (!t.is_cons()) break;
      p = t.cons_cell();
    }
    if (count > 0) hash = mix1(hash, bytes, golden(4));
    return t.is_cons() ? p : nullptr;
  }

  void visit_boxed(Term t, U32& hash) {
    HeaderWord h = header_of(t);
    switch (h.kind()) {
      case Kind::FlatMap:
      case Kind::HashMap:
        hash = mix1(hash, static_cast<U32>(map_key_count(t)), golden(16));
        if (map_key_count(t) == 0) return;
        parts_.push({nullptr, Word{pairs_hash_} << 32 | hash, 0, Op::MapEnd});
        hash = 0;
        pairs_hash_ = 0;
        push_map_pairs(parts_, t);
        return;
      case Kind::Fun: {
        const FunEntryFields& e = fun_entry_fields(t);
        std::size_t n = fun_captured_count(t);
        hash = mix2(hash, static_cast<U32>(n), AtomTable::hash(e.module), kGolden);
        hash = mix2(hash, e.index, e.old_uniq, kGolden);
        if (n != 0) parts_.push({words_from(t, FunWords::kFirstCaptured), 0, n, Op::Terms});
        return;
      }
      case Kind::ExportFun: {
        const ExportFields& e = export_fields(t);
        hash = mix2(hash, static_cast<U32>(e.arity), AtomTable::hash(e.module), kGolden);
        hash = mix1(hash, AtomTable::hash(e.function), golden(14));
        return;
      }
      case Kind::BigInt: hash = hash_big(t, hash); return;
      case Kind::Float: visit_float(t, hash); return;
      case Kind::Ref:
      case Kind::MagicRef:
      case Kind::ExternalRef: hash = mix1(hash, ref_numbers(t).n[0], golden(7)); return;
      case Kind::ExternalPid: hash = mix1(hash, pid_number_of(t), golden(5)); return;
      case Kind::ExternalPort: visit_port(t, hash); return;
      default: VM_UNREACHABLE("phash2: kind");
    }
  }

  // The next words to visit; false when all is hashed.
  bool next(const Word** at, std::size_t* left, U32& hash) {
    while (!parts_.empty()) {
      Part& part = parts_.top();
      switch (part.op) {
        case Op::Terms:
          *at = part.a;
          *left = part.n;
          parts_.pop();
          return true;
        case Op::Pairs: {
          *at = part.a++;
          *left = 1;
          const Word* value = reinterpret_cast<const Word*>(part.b);
          part.b += kWordBytes;
          if (--part.n == 0) parts_.pop();
          parts_.push({nullptr, 0, 0, Op::PairEnd});
          parts_.push({value, 0, 1, Op::Terms});
          return true;
        }
        case Op::Children: {
          Term child = Term::from_bits(*part.a++);
          if (--part.n == 0) parts_.pop();
          if (child.is_cons()) {
            parts_.push({nullptr, 0, 0, Op::PairEnd});
            *at = child.cons_cell();
            *left = 2;
            return true;
          }
          push_map_pairs(parts_, child);
          break;
        }
        case Op::PairEnd:
          pairs_hash_ ^= hash;
          hash = 0;
          parts_.pop();
          break;
        case Op::MapEnd: {
          U32 before = static_cast<U32>(part.b), outer_pairs = static_cast<U32>(part.b >> 32);
          hash = mix1(before, pairs_hash_, golden(19));
          pairs_hash_ = outer_pairs;
          parts_.pop();
          break;
        }
        default: VM_UNREACHABLE("phash2: part");
      }
    }
    return false;
  }

  U32 pairs_hash_ = 0;  // pairs are combined regardless of order
  Parts parts_;
};

}  // namespace

std::uint32_t phash2(Term t) {
  if (t.is_atom()) return AtomTable::hash(t);
  if (t.is_small()) return hash_portable_small(t.small_value(), 0);
  return Phash2().run(t);
}

}  // namespace vm::term
