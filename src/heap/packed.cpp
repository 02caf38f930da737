// SPDX-License-Identifier: Apache-2.0
//
//   [number of words when unpacked][first byte: kind and a small number][...]
//
// Numbers have seven bits a byte, lowest first. No recursion: what is left to do lies on a stack.
#include "heap/packed.h"

#include <cstring>

#include "heap/copy.h"
#include "term/bit_order.h"
#include "term/views.h"
#include "term/work_stack.h"

namespace vm::heap {

using term::HeaderWord;
using term::HeapWriter;
using term::Kind;

namespace {

enum class Tag : Byte {
  Small,  // zigzag number
  Atom,   // number
  Nil,
  Immediate,    // a word
  List,         // n, elements
  Improper,     // n, elements, tail
  Text,         // n, bytes: a list of them
  Tuple,        // n, elements
  Array,        // kind, n, elements: parts of maps
  Binary,       // n, bytes
  Data,         // kind and its data, n, words
  Kept,         // number
  Digit = 128,  // and above: a small number below 128
};

constexpr unsigned kPackedMark = 1;  // in the header of the object that holds the bytes
// Shared parts are packed each time they are met. Where that gives more than this, a term is kept as it is.
constexpr std::size_t kMostBytes = std::size_t{1} << 16, kMostBytesAWord = 16;

bool is_text(Term list, std::size_t* n) {
  std::size_t count = 0;
  for (; list.is_cons(); list = list.tail(), count++)
    if (!list.head().is_small() || list.head().bits() >= Term::small(256).bits()) return false;
  *n = count;
  return list.is_nil();
}

constexpr std::size_t kUsualBytes = 120;

class Packer {
 public:
  Packer(std::vector<Term>* kept, std::size_t most) : kept_(kept), most_(most) { bytes_.reserve(kUsualBytes); }

  // False: it takes too many bytes.
  bool run(Term t) {
    put(t);
    while (!frames_.empty()) {
      if (bytes_.size() > most_) return false;
      Frame& f = frames_.top();
      Term next = Term::from_bits(*f.at);
      if (f.list) {
        Term tail = Term::from_bits(f.at[1]);
        if (--f.n != 0) {
          f.at = tail.cons_cell();
        } else {
          const Word* last = f.at;
          frames_.pop();
          if (!tail.is_nil()) frames_.push({last + 1, 1, false});
        }
      } else {
        f.at++;
        if (--f.n == 0) frames_.pop();
      }
      put(next);
    }
    return true;
  }
  const std::vector<Byte>& bytes() const { return bytes_; }
  std::size_t words() const { return words_; }

 private:
  struct Frame {
    const Word* at;
    std::size_t n;  // words, or elements of a list
    bool list;
  };

  void tag(Tag t) { bytes_.push_back(static_cast<Byte>(t)); }
  void number(Word n) {
    for (; n >= 128; n >>= 7) bytes_.push_back(static_cast<Byte>(n | 128));
    bytes_.push_back(static_cast<Byte>(n));
  }
  void raw(const void* p, std::size_t n) {
    const Byte* from = static_cast<const Byte*>(p);
    bytes_.insert(bytes_.end(), from, from + n);
  }

  void put(Term t) {
    if (t.is_small()) {
      SWord v = t.small_value();
      if (v >= 0 && v < 128) return bytes_.push_back(static_cast<Byte>(128 + v));
      tag(Tag::Small);
      number(static_cast<Word>(v) << 1 ^ static_cast<Word>(v >> 63));
    } else if (t.is_atom()) {
      tag(Tag::Atom);
      number(t.atom_index());
    } else if (t.is_nil()) {
      tag(Tag::Nil);
    } else if (t.is_cons()) {
      put_list(t);
    } else if (t.is_boxed()) {
      put_boxed(t);
    } else {
      tag(Tag::Immediate);
      Word w = t.bits();
      raw(&w, sizeof w);
    }
  }
  void put_list(Term t) {
    std::size_t n = 0;
    if (is_text(t, &n)) {
      tag(Tag::Text);
      number(n);
      words_ += 2 * n;
      for (; t.is_cons(); t = t.tail()) bytes_.push_back(static_cast<Byte>(t.head().small_value()));
      return;
    }
    Term rest = t;
    for (n = 0; rest.is_cons(); rest = rest.tail()) n++;
    tag(rest.is_nil() ? Tag::List : Tag::Improper);
    number(n);
    words_ += 2 * n;
    frames_.push({t.cons_cell(), n, true});
  }
  void put_boxed(Term t) {
    const Word* p = t.boxed_ptr();
    HeaderWord h(*p);
    switch (h.kind()) {
      case Kind::FlatMap:
      case Kind::HashMap:
      case Kind::HashNode:
        tag(Tag::Array);
        bytes_.push_back(static_cast<Byte>(h.kind()));
        return put_elements(p, h);
      case Kind::Tuple: tag(Tag::Tuple); return put_elements(p, h);
      case Kind::Float:
      case Kind::BigInt:
        tag(Tag::Data);
        bytes_.push_back(static_cast<Byte>(h.kind()));
        bytes_.push_back(static_cast<Byte>(h.data()));
        number(h.words());
        raw(p + 1, h.words() * kWordBytes);
        words_ += 1 + h.words();
        return;
      case Kind::HeapBinary: return put_binary(t);
      case Kind::SubBits:
        if (t.is_binary() && term::bits_of(t).size >> 3 <= term::kHeapBinaryLimit) return put_binary(t);
        [[fallthrough]];
      default:
        tag(Tag::Kept);
        number(kept_->size());
        kept_->push_back(t);
    }
  }
  void put_elements(const Word* p, HeaderWord h) {
    number(h.words());
    words_ += 1 + h.words();
    if (h.words() != 0) frames_.push({p + 1, h.words(), false});
  }
  void put_binary(Term t) {
    term::Bits bits = term::bits_of(t);
    std::size_t n = bits.size >> 3;
    tag(Tag::Binary);
    number(n);
    for (std::size_t i = 0; i < n; i++) bytes_.push_back(term::byte_at(bits, i));
    words_ += 2 + (n + kWordBytes - 1) / kWordBytes;
  }

  std::vector<Byte> bytes_;
  std::size_t words_ = 0;
  std::vector<Term>* kept_;
  std::size_t most_;
  term::WorkStack<Frame, 32> frames_;
};

class Unpacker {
 public:
  Unpacker(const Byte* bytes, const Term* kept, HeapWriter& to) : at_(bytes), kept_(kept), to_(to) {}

  Term run() {
    std::size_t words = number();
    top_ = words != 0 ? to_.alloc(words) : nullptr;
    [[maybe_unused]] Word* end = top_ + words;
    Word result;
    get(&result);
    while (!frames_.empty()) {
      Frame& f = frames_.top();
      Word* slot = f.at;
      if (--f.n != 0) {
        f.at += f.step;
      } else {
        Word* tail = f.improper ? f.at + 1 : nullptr;
        frames_.pop();
        if (tail) frames_.push({tail, 1, 1, false});
      }
      get(slot);
    }
    VM_ASSERT(top_ == end);
    return Term::from_bits(result);
  }

 private:
  struct Frame {
    Word* at;
    std::size_t n;
    std::size_t step;
    bool improper;
  };

  Word number() {
    Word n = 0;
    for (unsigned shift = 0;; shift += 7) {
      Byte b = *at_++;
      n |= Word{b & 127u} << shift;
      if (b < 128) return n;
    }
  }
  Word* take(std::size_t words) {
    Word* p = top_;
    top_ += words;
    return p;
  }
  // Cells of a list that ends in nil; the heads are open.
  Word* cells(std::size_t n) {
    Word* p = take(2 * n);
    for (std::size_t i = 0; i + 1 < n; i++) p[2 * i + 1] = Term::cons(p + 2 * i + 2).bits();
    p[2 * n - 1] = term::kNil.bits();
    return p;
  }

  void get(Word* slot) {
    Byte b = *at_++;
    if (b >= static_cast<Byte>(Tag::Digit)) {
      *slot = Term::small(b - 128).bits();
      return;
    }
    switch (static_cast<Tag>(b)) {
      case Tag::Small: {
        Word v = number();
        *slot = Term::small(static_cast<SWord>(v >> 1 ^ (Word{0} - (v & 1)))).bits();
        return;
      }
      case Tag::Atom: *slot = Term::atom(static_cast<std::uint32_t>(number())).bits(); return;
      case Tag::Nil: *slot = term::kNil.bits(); return;
      case Tag::Immediate:
        std::memcpy(slot, at_, sizeof *slot);
        at_ += sizeof *slot;
        return;
      case Tag::List:
      case Tag::Improper: {
        std::size_t n = number();
        Word* p = cells(n);
        *slot = Term::cons(p).bits();
        frames_.push({p, n, 2, static_cast<Tag>(b) == Tag::Improper});
        return;
      }
      case Tag::Text: {
        std::size_t n = number();
        Word* p = cells(n);
        *slot = Term::cons(p).bits();
        for (std::size_t i = 0; i < n; i++) p[2 * i] = Term::small(at_[i]).bits();
        at_ += n;
        return;
      }
      case Tag::Tuple: return get_elements(slot, Kind::Tuple);
      case Tag::Array: return get_elements(slot, static_cast<Kind>(*at_++));
      case Tag::Binary: {
        std::size_t n = number(), words = (n + kWordBytes - 1) / kWordBytes;
        Word* p = take(2 + words);
        p[0] = HeaderWord::make(Kind::HeapBinary, 1 + words).bits();
        p[1] = n;
        if (words != 0) p[1 + words] = 0;
        std::memcpy(p + 2, at_, n);
        at_ += n;
        *slot = Term::boxed(p).bits();
        return;
      }
      case Tag::Data: {
        Kind kind = static_cast<Kind>(*at_++);
        unsigned data = *at_++;
        std::size_t n = number();
        Word* p = take(1 + n);
        p[0] = HeaderWord::make(kind, n, data).bits();
        std::memcpy(p + 1, at_, n * kWordBytes);
        at_ += n * kWordBytes;
        *slot = Term::boxed(p).bits();
        return;
      }
      case Tag::Kept: *slot = copy(kept_[number()], to_).bits(); return;
      default: VM_UNREACHABLE("packed term");
    }
  }
  void get_elements(Word* slot, Kind kind) {
    std::size_t n = number();
    Word* p = take(1 + n);
    p[0] = HeaderWord::make(kind, n).bits();
    *slot = Term::boxed(p).bits();
    if (n != 0) frames_.push({p + 1, n, 1, false});
  }

  const Byte* at_;
  const Term* kept_;
  HeapWriter& to_;
  Word* top_ = nullptr;
  term::WorkStack<Frame, 32> frames_;
};

Term make_packed(Word words, const Byte* bytes, std::size_t n, HeapWriter& to) {
  Byte front[10];
  std::size_t m = 0;
  for (; words >= 128; words >>= 7) front[m++] = static_cast<Byte>(words | 128);
  front[m++] = static_cast<Byte>(words);
  std::size_t size = (m + n + kWordBytes - 1) / kWordBytes;
  Word* p = to.alloc(2 + size);
  p[0] = HeaderWord::make(Kind::HeapBinary, 1 + size, kPackedMark).bits();
  p[1] = m + n;
  p[1 + size] = 0;
  std::memcpy(p + 2, front, m);
  std::memcpy(reinterpret_cast<Byte*>(p + 2) + m, bytes, n);
  return Term::boxed(p);
}

}  // namespace

Term pack(Term t, std::vector<Term>* kept, HeapWriter& to) {
  std::size_t before = kept->size();
  Packer packer(kept, kMostBytes);
  if (packer.run(t)) return make_packed(packer.words(), packer.bytes().data(), packer.bytes().size(), to);
  kept->resize(before);
  Packer patient(kept, copied_words_with_literals(t) * kMostBytesAWord);
  if (patient.run(t)) return make_packed(patient.words(), patient.bytes().data(), patient.bytes().size(), to);
  kept->resize(before);
  Byte alone[11] = {static_cast<Byte>(Tag::Kept)};
  std::size_t n = 1;
  for (before = kept->size(); before >= 128; before >>= 7) alone[n++] = static_cast<Byte>(before | 128);
  alone[n++] = static_cast<Byte>(before);
  kept->push_back(t);
  return make_packed(0, alone, n, to);
}

bool is_packed(Term t) {
  return t.is_boxed() && HeaderWord(*t.boxed_ptr()).kind() == Kind::HeapBinary && HeaderWord(*t.boxed_ptr()).data() == kPackedMark;
}

Term unpack(Term packed, const Term* kept, HeapWriter& to) {
  return Unpacker(reinterpret_cast<const Byte*>(packed.boxed_ptr() + 2), kept, to).run();
}

}  // namespace vm::heap
