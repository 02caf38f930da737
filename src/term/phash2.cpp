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

// The hash so far is a local of run(): each step waits for the one before, and memory in between would make it wait longer.
class Phash2 {
 public:
  U32 run(Term t) {
    U32 hash = 0;
    for (;;) {
      visit(t, hash);
      if (!next(&t, hash)) return hash;
    }
  }

 private:
  // Hashes t, or the first part of it with the rest pushed.
  [[gnu::always_inline]] void visit(Term t, U32& hash) {
    if (t.is_small()) {
      hash = hash_portable_small(t.small_value(), hash);
    } else if (t.is_cons()) {
      visit_list(t, hash);
    } else if (t.is_boxed()) {
      visit_boxed(t, hash);
    } else if (t.is_atom()) {
      U32 text = AtomTable::hash(t);
      hash = hash == 0 ? text : mix1(hash, text, golden(3));
    } else if (t.is_nil()) {
      hash = hash == 0 ? 3468870702u : mix1(hash, 2, golden(2));
    } else if (t.is_float_immediate()) {
      visit_float(t, hash);
    } else if (t.is_local_pid()) {
      hash = mix1(hash, pid_number(t), golden(5));
    } else if (t.is_local_port()) {
      visit_port(t, hash);
    } else {
      VM_UNREACHABLE("phash2: no term");
    }
  }

  [[gnu::always_inline]] static void visit_float(Term t, U32& hash) {
    Word b = float_bits(t);
    hash = mix2(hash, static_cast<U32>(b >> 32), static_cast<U32>(b), golden(12));
  }
  [[gnu::always_inline]] static void visit_port(Term t, U32& hash) {
    Word n = port_number_of(t);
    hash = mix2(hash, static_cast<U32>(n), static_cast<U32>(n >> 32), golden(6));
  }

  // Runs of bytes go four at a time.
  [[gnu::always_inline]] void visit_list(Term t, U32& hash) {
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
    if (t.is_cons()) parts_.push({p, 0, 2, Op::Terms});
    else parts_.push({p + 1, 0, 1, Op::Terms});
  }

  [[gnu::always_inline]] void visit_boxed(Term t, U32& hash) {
    HeaderWord h = header_of(t);
    switch (h.kind()) {
      case Kind::Tuple:
        hash = mix1(hash, static_cast<U32>(h.words()), golden(9));
        if (h.words() != 0) parts_.push({words_from(t, 1), 0, h.words(), Op::Terms});
        return;
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
      case Kind::HeapBinary:
      case Kind::RefcBinary:
      case Kind::SubBits: hash = hash_bitstring(t, hash, 0xFFFFFFFF); return;
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

  // The next term to visit; false when all is hashed.
  [[gnu::always_inline]] bool next(Term* t, U32& hash) {
    while (!parts_.empty()) {
      Part& part = parts_.top();
      switch (part.op) {
        case Op::Terms: {
          // Small numbers and atoms at once.
          const Word* a = part.a;
          std::size_t n = part.n;
          Term x;
          bool deeper = false;
          do {
            x = Term::from_bits(*a++);
            n--;
            if (x.is_small()) hash = hash_portable_small(x.small_value(), hash);
            else if (x.is_atom() && hash != 0) hash = mix1(hash, AtomTable::hash(x), golden(3));
            else deeper = true;
          } while (!deeper && n != 0);
          if (n == 0) parts_.pop();
          else part.a = a, part.n = n;
          if (!deeper) break;
          *t = x;
          return true;
        }
        case Op::Pairs: {
          *t = Term::from_bits(*part.a++);
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
            parts_.push({child.cons_cell() + 1, 0, 1, Op::Terms});
            *t = child.head();
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
