// SPDX-License-Identifier: Apache-2.0
//
// phash2 and internal_hash mix 96-bit blocks as Bob Jenkins' 1997 hash does; every kind of term has its own multiple of the golden ratio as a
// constant, so that equal payloads of different kinds part ways. internal_hash hashes immediates by the word a stock system has for them,
// because the order of large maps follows from it. No recursion: pending parts lie on a WorkStack. Integers beyond 60 bits are
// big on a stock system; the formulas agree for phash2, and internal_hash treats them as big.
#include "term/hash.h"

#include "term/hash_internal.h"

namespace vm::term {

using namespace hashing;

namespace {

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

}  // namespace

namespace hashing {

U32 hash_bitstring(Term t, U32 hash, std::size_t size_mask) {
  Bits b = bits_of(t);
  U32 seed = golden(13) + hash;
  std::size_t bytes = b.size >> 3 & size_mask;
  unsigned rest = b.size & 7;
  if (bytes == 0 && rest == 0) return seed;  // also of a size that the mask takes away whole
  hash = b.byte_aligned() ? hash_bytes(b.bytes(), bytes, seed) : hash_unaligned_bytes(b, bytes, seed);
  return rest == 0 ? hash : mix2(hash, rest, byte_at(b, bytes) >> (8 - rest), golden(15));
}

U32 hash_big(Term t, U32 hash) {
  BigInt big = BigInt::from(t);
  U32 constant = golden(big.negative() ? 10 : 11);
  for (Word limb : big.limbs()) hash = mix2(hash, static_cast<U32>(limb), static_cast<U32>(limb >> 32), constant);
  return hash;
}

}  // namespace hashing

namespace {

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

}  // namespace

std::uint32_t internal_hash(Term t, std::uint32_t salt) {
  U32 hash = salt ^ kInternalSalt;
  if (!t.is_pointer()) return t.is_float_immediate() ? hash_float(t, hash) : hash_immediate(t, hash);
  if (t.is_boxed()) {
    Kind k = t.kind();
    if (k >= Kind::HeapBinary && k <= Kind::SubBits) return hash_bitstring(t, hash, ~std::size_t{0});
  }
  return InternalHash(hash).run(t);
}

std::uint32_t map_hash(Term key, unsigned depth) { return internal_hash(key, VM_LIKELY(depth == 0) ? 0 : mix2(0, depth, 1, golden(22))); }

}  // namespace vm::term
