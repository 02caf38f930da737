// SPDX-License-Identifier: Apache-2.0
//
// phash multiplies by large primes, byte by byte. What is left of a hash older than phash2; maps go through that one.
#include "term/atoms.h"
#include "term/hash_internal.h"

namespace vm::term {

using namespace hashing;

namespace {

// Primes just above 2^28.
constexpr U32 kPrime[15] = {0,         268440163, 268439161, 268435459, 268436141, 268438633, 268437017, 268438039,
                            268437511, 268439627, 268440479, 268440577, 268440581, 268440593, 268440611};

class Phash {
 public:
  U32 run(Term t) {
    for (;;) {
      visit(t);
      if (!next(&t)) return hash_;
    }
  }

 private:
  void step32(U32 x, U32 prime) {
    for (int i = 0; i < 4; i++, x >>= 8) hash_ = hash_ * prime + (x & 0xFF);
  }
  // Bytes of the magnitude from the least significant, in groups of four.
  void visit_integer(std::span<const Word> limbs, bool negative) {
    for (std::size_t i = 0; i < limbs.size(); i++) {
      step32(static_cast<U32>(limbs[i]), kPrime[2]);
      if (i + 1 < limbs.size() || limbs[i] >> 32 != 0) step32(static_cast<U32>(limbs[i] >> 32), kPrime[2]);
    }
    hash_ *= kPrime[negative ? 4 : 3];
  }
  void visit_atom(Term t) { hash_ = hash_ * kPrime[1] + AtomTable::hash(t); }
  void visit_number(U32 x, int first, int second) {
    step32(x, kPrime[first]);
    hash_ *= kPrime[second];
  }

  void visit(Term t) {
    if (t.is_small()) {
      SWord v = t.small_value();
      Word magnitude = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
      visit_integer({&magnitude, 1}, v < 0);
    } else if (t.is_cons()) {
      visit_list(t);
    } else if (t.is_atom()) {
      visit_atom(t);
    } else if (t.is_nil()) {
      hash_ = hash_ * kPrime[3] + 1;
    } else if (t.is_float()) {
      Word b = float_bits(t);
      hash_ = hash_ * kPrime[6] + (static_cast<U32>(b) ^ static_cast<U32>(b >> 32));
    } else if (t.is_pid()) {
      visit_number(pid_number_of(t), 5, 6);
    } else if (t.is_port()) {
      Word n = port_number_of(t);
      if (n >> 32 != 0) step32(static_cast<U32>(n >> 32), kPrime[11]);
      visit_number(static_cast<U32>(n), 9, 10);
    } else {
      visit_boxed(t);
    }
  }

  void visit_boxed(Term t) {
    HeaderWord h = header_of(t);
    switch (h.kind()) {
      case Kind::Tuple:
        parts_.push({nullptr, 0, h.words(), Op::TupleEnd});
        if (h.words() != 0) parts_.push({words_from(t, 1), 0, h.words(), Op::Terms});
        return;
      case Kind::FlatMap:
      case Kind::HashMap: hash_ = hash_ * kPrime[13] + kPrime[14] + phash2(t); return;
      case Kind::BigInt: visit_integer(BigInt::from(t).limbs(), BigInt::from(t).negative()); return;
      case Kind::HeapBinary:
      case Kind::RefcBinary:
      case Kind::SubBits: {
        Bits b = bits_of(t);
        std::size_t bytes = b.size >> 3;
        for (std::size_t i = 0; i < bytes; i++) hash_ = hash_ * kPrime[1] + byte_at(b, i);
        if (unsigned rest = b.size & 7) hash_ = (hash_ * kPrime[1] + (byte_at(b, bytes) >> (8 - rest))) * kPrime[12] + rest;
        hash_ = hash_ * kPrime[4] + static_cast<U32>(bytes);
        return;
      }
      case Kind::Fun: {
        const FunEntryFields& e = fun_entry_fields(t);
        std::size_t n = fun_captured_count(t);
        hash_ = hash_ * kPrime[10] + static_cast<U32>(n);
        visit_atom(e.module);
        hash_ = hash_ * kPrime[2] + e.index;
        hash_ = hash_ * kPrime[2] + e.old_uniq;
        if (n != 0) parts_.push({words_from(t, FunWords::kFirstCaptured), 0, n, Op::Terms});
        return;
      }
      case Kind::ExportFun: {
        const ExportFields& e = export_fields(t);
        hash_ = hash_ * kPrime[11] + static_cast<U32>(e.arity);
        visit_atom(e.module);
        visit_atom(e.function);
        return;
      }
      case Kind::Ref:
      case Kind::MagicRef:
      case Kind::ExternalRef: visit_number(ref_numbers(t).n[0], 9, 10); return;
      default: VM_UNREACHABLE("phash: kind");
    }
  }

  void visit_list(Term t) {
    const Word* p = t.cons_cell();
    while (is_byte(p[0])) {
      hash_ = hash_ * kPrime[2] + static_cast<U32>(p[0] >> 3);
      if (!Term::from_bits(p[1]).is_cons()) {
        parts_.push({nullptr, 0, 0, Op::ListEnd});
        parts_.push({p + 1, 0, 1, Op::Terms});
        return;
      }
      p = Term::from_bits(p[1]).cons_cell();
    }
    parts_.push({p + 1, 0, 0, Op::ListTail});
    parts_.push({p, 0, 1, Op::Terms});
  }

  bool next(Term* t) {
    while (!parts_.empty()) {
      Part& part = parts_.top();
      switch (part.op) {
        case Op::Terms:
          *t = Term::from_bits(*part.a++);
          if (--part.n == 0) parts_.pop();
          return true;
        case Op::TupleEnd:
          hash_ = hash_ * kPrime[9] + static_cast<U32>(part.n);
          parts_.pop();
          break;
        case Op::ListTail:
          *t = Term::from_bits(*part.a);
          if (t->is_cons()) parts_.pop();
          else part.op = Op::ListEnd;
          return true;
        case Op::ListEnd:
          hash_ *= kPrime[8];
          parts_.pop();
          break;
        default: VM_UNREACHABLE("phash: part");
      }
    }
    return false;
  }

  U32 hash_ = 0;
  Parts parts_;
};

}  // namespace

std::uint32_t phash(Term t) { return Phash().run(t); }

}  // namespace vm::term
