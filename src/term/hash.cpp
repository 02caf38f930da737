// SPDX-License-Identifier: Apache-2.0
//
// Three hashes, three files' worth of rules in one place:
//  - phash2 and internal_hash mix 96-bit blocks as Bob Jenkins' 1997 hash does; every kind of term has its own multiple of the golden ratio as
//    a constant, so that equal payloads of different kinds part ways.
//  - phash multiplies by large primes, byte by byte.
//  - internal_hash hashes immediates by the word a stock system has for them, because the order of large maps follows from it.
// No recursion: pending parts lie on a WorkStack. Integers beyond 60 bits are big on a stock system; the formulas agree for phash and
// phash2, and internal_hash treats them as big.
#include "term/hash.h"

#include "term/atoms.h"
#include "term/bits_internal.h"
#include "term/fun_layout.h"
#include "term/hash_inl.h"
#include "term/map_layout.h"
#include "term/work_stack.h"

namespace vm::term {
namespace {

using namespace hashing;
using U32 = std::uint32_t;

inline U32 load32(const Byte* p) {
  U32 v;
  std::memcpy(&v, p, 4);
  return v;
}

// Bytes in blocks of twelve; the length goes into the last block's lowest byte of c.
U32 hash_bytes(const Byte* p, std::size_t n, U32 seed) {
  U32 a = kGolden, b = kGolden, c = seed;
  std::size_t left = n;
  for (; left >= 12; p += 12, left -= 12) {
    a += load32(p), b += load32(p + 4), c += load32(p + 8);
    mix(a, b, c);
  }
  Byte tail[12] = {};
  std::memcpy(tail, p, left);
  a += load32(tail), b += load32(tail + 4), c += load32(tail + 8) << 8;
  c += static_cast<U32>(n);
  mix(a, b, c);
  return c;
}

// The same for bytes that do not start on a byte.
U32 hash_unaligned_bytes(const Bits& bits, std::size_t n, U32 seed) {
  U32 a = kGolden, b = kGolden, c = seed;
  std::size_t at = 0;
  Byte block[12];
  for (; n - at >= 12; at += 12) {
    for (std::size_t i = 0; i < 12; i++) block[i] = byte_at(bits, at + i);
    a += load32(block), b += load32(block + 4), c += load32(block + 8);
    mix(a, b, c);
  }
  std::memset(block, 0, sizeof block);
  for (std::size_t i = 0; at + i < n; i++) block[i] = byte_at(bits, at + i);
  a += load32(block), b += load32(block + 4), c += load32(block + 8) << 8;
  c += static_cast<U32>(n);
  mix(a, b, c);
  return c;
}

U32 hash_bitstring(Term t, U32 hash, std::size_t size_mask) {
  Bits b = bits_of(t);
  U32 seed = golden(13) + hash;
  if (b.size == 0) return seed;
  std::size_t bytes = b.size >> 3 & size_mask;
  unsigned rest = b.size & 7;
  hash = b.byte_aligned() ? hash_bytes(b.bytes(), bytes, seed) : hash_unaligned_bytes(b, bytes, seed);
  return rest == 0 ? hash : mix2(hash, rest, byte_at(b, bytes) >> (8 - rest), golden(15));
}

U32 hash_big(Term t, U32 hash) {
  BigInt big = BigInt::from(t);
  U32 constant = golden(big.negative() ? 10 : 11);
  for (Word limb : big.limbs()) hash = mix2(hash, static_cast<U32>(limb), static_cast<U32>(limb >> 32), constant);
  return hash;
}

inline Word float_bits(Term t) {
  double d = float_value(t);
  return d == 0 ? 0 : std::bit_cast<Word>(d);
}

constexpr bool is_byte(Word w) { return w < (Word{256} << 3) && (w & 7) == 0; }

U32 pid_number_of(Term t) { return t.is_local_pid() ? pid_number(t) : static_cast<U32>(t.boxed_ptr()[3]); }
Word port_number_of(Term t) { return t.is_local_port() ? t.id_data() : t.boxed_ptr()[3]; }

// --- pending parts ----------------------------------------------------------------------------------------------------

enum class Op : Byte {
  Terms,      // a: words, n of them
  Pairs,      // a: keys, b: values, n of them (flat map)
  Children,   // a: children of a trie node, n of them
  PairEnd,    // after a key and its value
  MapEnd,     // after all pairs: b = hash and pairs' hash from before
  CdrNext,    // internal_hash: what follows is the tail of an improper or ending list
  TupleEnd,   // phash: n = arity
  ListTail,   // phash: a: the tail's word
  ListEnd,    // phash
};

struct Part {
  const Word* a;
  Word b;
  std::size_t n;
  Op op;
};
using Parts = WorkStack<Part, 32>;

inline const Word* words_from(Term t, std::size_t i) { return t.boxed_ptr() + i; }

inline void push_map_pairs(Parts& parts, Term map) {
  if (map.is_kind(Kind::FlatMap)) {
    const Word* p = map.boxed_ptr();
    const Word* keys = Term::from_bits(p[FlatMapWords::kKeys]).boxed_ptr() + 1;
    parts.push({keys, reinterpret_cast<Word>(p + FlatMapWords::kFirstValue), map_key_count(map), Op::Pairs});
  } else {
    TrieNode n = trie_node(map);
    parts.push({n.children, 0, n.count(), Op::Children});
  }
}

// --- phash2 -----------------------------------------------------------------------------------------------------------

// Integers of 28 bits have a form of their own.
inline U32 hash_portable_small(SWord v, U32 hash) {
  constexpr SWord kLimit = SWord{1} << 27;
  if (v >= kLimit || v < -kLimit) return hash_large_small(v, hash);
  if (v < 0) hash = mix1(hash, static_cast<U32>(-v), kGolden);
  return mix1(hash, static_cast<U32>(v), kGolden);
}

class Phash2 {
 public:
  U32 run(Term t) {
    for (;;) {
      visit(t);
      if (!next(&t)) return hash_;
    }
  }

 private:
  // Hashes t, or the first part of it with the rest pushed.
  void visit(Term t) {
    if (t.is_small()) {
      hash_ = hash_portable_small(t.small_value(), hash_);
    } else if (t.is_cons()) {
      visit_list(t);
    } else if (t.is_boxed()) {
      visit_boxed(t);
    } else if (t.is_atom()) {
      U32 text = AtomTable::hash(t);
      hash_ = hash_ == 0 ? text : mix1(hash_, text, golden(3));
    } else if (t.is_nil()) {
      hash_ = hash_ == 0 ? 3468870702u : mix1(hash_, 2, golden(2));
    } else if (t.is_float_immediate()) {
      visit_float(t);
    } else if (t.is_local_pid()) {
      hash_ = mix1(hash_, pid_number(t), golden(5));
    } else if (t.is_local_port()) {
      visit_port(t);
    } else {
      VM_UNREACHABLE("phash2: no term");
    }
  }

  void visit_float(Term t) {
    Word b = float_bits(t);
    hash_ = mix2(hash_, static_cast<U32>(b >> 32), static_cast<U32>(b), golden(12));
  }
  void visit_port(Term t) {
    Word n = port_number_of(t);
    hash_ = mix2(hash_, static_cast<U32>(n), static_cast<U32>(n >> 32), golden(6));
  }

  // Runs of bytes go four at a time.
  void visit_list(Term t) {
    unsigned count = 0;
    U32 bytes = 0;
    const Word* p = t.cons_cell();
    while (is_byte(p[0])) {
      bytes = (bytes << 8) + static_cast<U32>(p[0] >> 3);
      if (count == 3) {
        hash_ = mix1(hash_, bytes, golden(4));
        count = 0, bytes = 0;
      } else {
        count++;
      }
      t = Term::from_bits(p[1]);
      if (!t.is_cons()) break;
      p = t.cons_cell();
    }
    if (count > 0) hash_ = mix1(hash_, bytes, golden(4));
    if (t.is_cons()) parts_.push({p, 0, 2, Op::Terms});
    else parts_.push({p + 1, 0, 1, Op::Terms});
  }

  void visit_boxed(Term t) {
    HeaderWord h = header_of(t);
    switch (h.kind()) {
      case Kind::Tuple:
        hash_ = mix1(hash_, static_cast<U32>(h.words()), golden(9));
        if (h.words() != 0) parts_.push({words_from(t, 1), 0, h.words(), Op::Terms});
        return;
      case Kind::FlatMap:
      case Kind::HashMap:
        hash_ = mix1(hash_, static_cast<U32>(map_key_count(t)), golden(16));
        if (map_key_count(t) == 0) return;
        parts_.push({nullptr, Word{pairs_hash_} << 32 | hash_, 0, Op::MapEnd});
        hash_ = 0;
        pairs_hash_ = 0;
        push_map_pairs(parts_, t);
        return;
      case Kind::Fun: {
        const FunEntryFields& e = fun_entry_fields(t);
        std::size_t n = fun_captured_count(t);
        hash_ = mix2(hash_, static_cast<U32>(n), AtomTable::hash(e.module), kGolden);
        hash_ = mix2(hash_, e.index, e.old_uniq, kGolden);
        if (n != 0) parts_.push({words_from(t, FunWords::kFirstCaptured), 0, n, Op::Terms});
        return;
      }
      case Kind::ExportFun: {
        const ExportFields& e = export_fields(t);
        hash_ = mix2(hash_, static_cast<U32>(e.arity), AtomTable::hash(e.module), kGolden);
        hash_ = mix1(hash_, AtomTable::hash(e.function), golden(14));
        return;
      }
      case Kind::HeapBinary:
      case Kind::RefcBinary:
      case Kind::SubBits: hash_ = hash_bitstring(t, hash_, 0xFFFFFFFF); return;
      case Kind::BigInt: hash_ = hash_big(t, hash_); return;
      case Kind::Float: visit_float(t); return;
      case Kind::Ref:
      case Kind::MagicRef:
      case Kind::ExternalRef: hash_ = mix1(hash_, ref_numbers(t).n[0], golden(7)); return;
      case Kind::ExternalPid: hash_ = mix1(hash_, pid_number_of(t), golden(5)); return;
      case Kind::ExternalPort: visit_port(t); return;
      default: VM_UNREACHABLE("phash2: kind");
    }
  }

  // The next term to visit; false when all is hashed.
  bool next(Term* t) {
    while (!parts_.empty()) {
      Part& part = parts_.top();
      switch (part.op) {
        case Op::Terms:
          *t = Term::from_bits(*part.a++);
          if (--part.n == 0) parts_.pop();
          return true;
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
          pairs_hash_ ^= hash_;
          hash_ = 0;
          parts_.pop();
          break;
        case Op::MapEnd: {
          U32 before = static_cast<U32>(part.b), outer_pairs = static_cast<U32>(part.b >> 32);
          hash_ = mix1(before, pairs_hash_, golden(19));
          pairs_hash_ = outer_pairs;
          parts_.pop();
          break;
        }
        default: VM_UNREACHABLE("phash2: part");
      }
    }
    return false;
  }

  U32 hash_ = 0;
  U32 pairs_hash_ = 0;  // pairs are combined regardless of order
  Parts parts_;
};

// --- internal hash ----------------------------------------------------------------------------------------------------

inline U32 hash_float(Term t, U32 hash) {
  Word b = float_bits(t);
  return mix2(hash, static_cast<U32>(b), static_cast<U32>(b >> 32), golden(12));
}

inline U32 mark_position(U32 hash, U32 constant) {
  hash ^= constant;
  return hash << 17 ^ hash >> 15;
}

class InternalHash {
 public:
  explicit InternalHash(U32 salt) : hash_(salt) {}
  U32 run(Term t) {
    for (;;) {
      if (t.is_cons()) visit_list(t);
      else if (t.is_boxed()) visit_boxed(t);
      else if (t.is_float_immediate()) hash_ = hash_float(t, hash_);
      else hash_ = hash_immediate(t, hash_);
      if (!next(&t)) return hash_;
    }
  }

 private:
  void visit_list(Term t) {
    unsigned count = 0;
    U32 bytes = 0;
    const Word* p = t.cons_cell();
    while (is_byte(p[0])) {
      bytes = (bytes << 8) + static_cast<U32>(p[0] >> 3);
      if (count == 3) {
        hash_ = mix1(hash_, bytes, golden(4));
        count = 0, bytes = 0;
      } else {
        count++;
      }
      t = Term::from_bits(p[1]);
      if (!t.is_cons()) break;
      p = t.cons_cell();
    }
    if (count > 0) hash_ = mix2(hash_, bytes, count, golden(22));
    if (!t.is_cons()) {
      parts_.push({p + 1, 0, 1, Op::Terms});
      return;
    }
    hash_ = mark_position(hash_, golden(17));
    parts_.push({p + 1, 0, 1, Op::Terms});
    if (!Term::from_bits(p[1]).is_cons()) parts_.push({nullptr, 0, 0, Op::CdrNext});
    parts_.push({p, 0, 1, Op::Terms});
  }

  void visit_boxed(Term t) {
    HeaderWord h = header_of(t);
    const Word* p = t.boxed_ptr();
    switch (h.kind()) {
      case Kind::Tuple:
        hash_ = mix1(hash_, static_cast<U32>(h.words()), golden(9));
        if (h.words() != 0) parts_.push({p + 1, 0, h.words(), Op::Terms});
        return;
      case Kind::FlatMap:
      case Kind::HashMap:
        hash_ = mix1(hash_, static_cast<U32>(map_key_count(t)), golden(16));
        if (map_key_count(t) != 0) push_map_pairs(parts_, t);
        return;
      case Kind::Fun: {
        const FunEntryFields& e = fun_entry_fields(t);
        std::size_t n = fun_captured_count(t);
        hash_ = mix2(hash_, static_cast<U32>(n), e.module.atom_index(), golden(20));
        hash_ = mix2(hash_, e.index, e.old_uniq, golden(21));
        if (n != 0) parts_.push({p + FunWords::kFirstCaptured, 0, n, Op::Terms});
        return;
      }
      case Kind::ExportFun: hash_ = mix2(hash_, static_cast<U32>(p[1]), static_cast<U32>(p[1] >> 32), golden(14)); return;
      case Kind::HeapBinary:
      case Kind::RefcBinary:
      case Kind::SubBits: hash_ = hash_bitstring(t, hash_, ~std::size_t{0}); return;
      case Kind::BigInt: hash_ = hash_big(t, hash_); return;
      case Kind::Float: hash_ = hash_float(t, hash_); return;
      case Kind::Ref:
      case Kind::MagicRef:
      case Kind::ExternalRef: {
        RefNumbers r = ref_numbers(t);
        hash_ = mix1(hash_, r.n[0], golden(7));
        hash_ = mix2(hash_, r.n[1], r.n[2], golden(8));
        if (h.kind() == Kind::ExternalRef) {
          hash_ = mix2(hash_, r.n[3], r.n[4], golden(8));
          hash_ = mix2(hash_, static_cast<U32>(p[2]), static_cast<U32>(p[2] >> 32), golden(7));
        }
        return;
      }
      case Kind::ExternalPid:
      case Kind::ExternalPort:
        hash_ = mix2(hash_, static_cast<U32>(p[2]), static_cast<U32>(p[2] >> 32), golden(5));
        hash_ = mix2(hash_, static_cast<U32>(p[3]), static_cast<U32>(p[3] >> 32), golden(h.kind() == Kind::ExternalPid ? 5 : 6));
        return;
      default: VM_UNREACHABLE("internal_hash: kind");
    }
  }

  bool next(Term* t) {
    while (!parts_.empty()) {
      Part& part = parts_.top();
      switch (part.op) {
        case Op::Terms:
          *t = Term::from_bits(*part.a++);
          if (--part.n == 0) parts_.pop();
          return true;
        case Op::Pairs: {
          *t = Term::from_bits(*part.a++);
          const Word* value = reinterpret_cast<const Word*>(part.b);
          part.b += kWordBytes;
          if (--part.n == 0) parts_.pop();
          parts_.push({value, 0, 1, Op::Terms});
          return true;
        }
        case Op::Children: {
          // From the last child to the first, as stock takes them off its stack.
          Term child = Term::from_bits(part.a[--part.n]);
          if (part.n == 0) parts_.pop();
          if (child.is_cons()) {
            parts_.push({child.cons_cell() + 1, 0, 1, Op::Terms});
            *t = child.head();
            return true;
          }
          push_map_pairs(parts_, child);
          break;
        }
        case Op::CdrNext:
          hash_ = mark_position(hash_, golden(18));
          parts_.pop();
          break;
        default: VM_UNREACHABLE("internal_hash: part");
      }
    }
    return false;
  }

  U32 hash_;
  Parts parts_;
};

// --- phash ------------------------------------------------------------------------------------------------------------

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

std::uint32_t phash2(Term t) {
  if (t.is_atom()) return AtomTable::hash(t);
  if (t.is_small()) return hash_portable_small(t.small_value(), 0);
  return Phash2().run(t);
}

std::uint32_t internal_hash(Term t, std::uint32_t salt) {
  U32 hash = salt ^ kInternalSalt;
  if (!t.is_pointer()) return t.is_float_immediate() ? hash_float(t, hash) : hash_immediate(t, hash);
  if (t.is_boxed()) {
    Kind k = t.kind();
    if (k >= Kind::HeapBinary && k <= Kind::SubBits) return hash_bitstring(t, hash, ~std::size_t{0});
  }
  return InternalHash(hash).run(t);
}

std::uint32_t map_hash(Term key, unsigned depth) {
  return internal_hash(key, VM_LIKELY(depth == 0) ? 0 : mix2(0, depth, 1, golden(22)));
}

}  // namespace vm::term
