// SPDX-License-Identifier: Apache-2.0
//
// Characters in nested lists and binaries. Input is latin1 or UTF-8; other encodings are left to functions of the library by a trap.
//
// Results other than the plain one are {error | incomplete, Converted, Rest}. Rest is what was not understood, as the same nesting of lists that
// is left at the point of the fault; bytes of a character that a binary began and the next one did not finish come first in it.
#include <algorithm>
#include <cstring>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "ops/bits.h"
#include "proc/runtime.h"

namespace vm::bif {

namespace {

constexpr std::size_t kBytesPerReduction = 64;
constexpr Word kMaxCodepoint = 0x10FFFF;

bool is_surrogate(Word c) { return c >= 0xD800 && c <= 0xDFFF; }

// Bytes that a first byte announces, 0 when it begins no character.
std::size_t announced(Byte first) {
  if (first < 0x80) return 1;
  if ((first & 0xE0) == 0xC0) return 2;
  if ((first & 0xF0) == 0xE0) return 3;
  if ((first & 0xF8) == 0xF0) return 4;
  return 0;
}

// Whether the `n` = announced(p[0]) bytes at p are a character.
bool is_character(const Byte* p, std::size_t n) {
  for (std::size_t i = 1; i < n; i++) {
    if ((p[i] & 0xC0) != 0x80) return false;
  }
  switch (n) {
    case 1: return true;
    case 2: return p[0] >= 0xC2;
    case 3: return !(p[0] == 0xE0 && p[1] < 0xA0) && !(p[0] == 0xED && p[1] >= 0xA0);
    case 4: return !(p[0] == 0xF0 && p[1] < 0x90) && (p[0] < 0xF4 || (p[0] == 0xF4 && p[1] < 0x90));
    default: return false;
  }
}

std::size_t ascii_prefix(const Byte* p, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    Word w;
    std::memcpy(&w, p + i, 8);
    if ((w & 0x8080808080808080) != 0) break;
  }
  while (i < n && p[i] < 0x80) i++;
  return i;
}

bool is_more(Byte b) { return (b & 0xC0) == 0x80; }

// Length of the valid part at the front; *characters counts it.
std::size_t valid_prefix(std::span<const Byte> s, std::size_t* characters) {
  const Byte* const begin = s.data();
  const Byte* const end = begin + s.size();
  const Byte* p = begin;
  std::size_t count = 0;
  while (p < end) {
    const Byte first = *p;
    if (first < 0x80) {
      Word w;
      if (end - p >= 8 && (std::memcpy(&w, p, 8), (w & 0x8080808080808080) == 0)) {
        const std::size_t ascii = ascii_prefix(p, static_cast<std::size_t>(end - p));
        p += ascii;
        count += ascii;
        continue;
      }
      p++;
    } else if (first < 0xE0) {
      if (first < 0xC2 || end - p < 2 || !is_more(p[1])) break;
      p += 2;
    } else if (first < 0xF0) {
      if (end - p < 3 || !is_more(p[1]) || !is_more(p[2]) || !is_character(p, 3)) break;
      p += 3;
    } else {
      if (first > 0xF4 || end - p < 4 || !is_character(p, 4)) break;
      p += 4;
    }
    count++;
  }
  *characters = count;
  return static_cast<std::size_t>(p - begin);
}

// Valid UTF-8 as a list of code points.
Term codepoints(term::HeapWriter& h, std::span<const Byte> s, std::size_t count) {
  if (count == 0) return term::kNil;
  Word* const cells = h.alloc(2 * count);
  Word* cell = cells;
  const Byte* p = s.data();
  const Byte* const end = p + s.size();
  for (; p < end; cell += 2) {
    Word c = *p++;
    if (c >= 0x80) {
      if (c < 0xE0) {
        c = (c & 0x1F) << 6 | (p[0] & 0x3Fu);
        p += 1;
      } else if (c < 0xF0) {
        c = (c & 0x0F) << 12 | (p[0] & 0x3Fu) << 6 | (p[1] & 0x3Fu);
        p += 2;
      } else {
        c = (c & 0x07) << 18 | (p[0] & 0x3Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
        p += 3;
      }
    }
    cell[0] = Term::small(static_cast<SWord>(c)).bits();
    cell[1] = Term::cons(cell + 2).bits();
  }
  VM_CHECK(cell == cells + 2 * count);
  cell[-1] = term::kNil.bits();
  return Term::cons(cells);
}

// Whether the argument has the right types: integers, whole binaries, lists. A big integer ends the check: it is a fault in the text, reported
// by the conversion.
bool has_right_types(Term t) {
  std::vector<Term> rest;
  for (;;) {
    while (t.is_cons()) {
      Term head = t.head();
      if (head.is_big()) return true;
      t = t.tail();
      if (head.is_cons()) {
        rest.push_back(t);
        t = head;
      } else if (!head.is_small() && !head.is_nil() && !head.is_binary()) {
        return false;
      }
    }
    if (!t.is_nil() && !t.is_binary()) return false;
    if (rest.empty()) return true;
    t = rest.back();
    rest.pop_back();
  }
}

class Converter {
 public:
  Converter(term::HeapWriter& h, bool latin1) : h_(h), latin1_(latin1) {}

  // Converts everything; what is left is nil unless there was a fault, or there is too much to do here.
  Term run(Term t);
  bool put_off() const { return put_off_; }
  std::span<const Byte> text() const { return std::span<const Byte>(out_).first(used_); }
  std::size_t characters() const { return characters_; }
  bool failed() const { return failed_; }
  std::span<const Byte> unfinished() const { return {unfinished_, unfinished_count_}; }

 private:
  Term run_list(Term t);
  bool character(Term t);
  Term binary(Term t);
  std::size_t utf8(std::span<const Byte> s);

  term::HeapWriter& h_;
  bool latin1_;
  bool failed_ = false;
  bool put_off_ = false;
  // Room for `n` bytes more; what is written there must be added to used_.
  Byte* room(std::size_t n) {
    if (used_ + n > out_.size()) out_.resize(std::max(2 * out_.size(), used_ + n + 64));
    return out_.data() + used_;
  }
  void append(const Byte* p, std::size_t n) {
    if (n == 0) return;
    std::memcpy(room(n), p, n);
    used_ += n;
  }

  std::vector<Byte> out_;  // the first used_ bytes are written
  std::size_t used_ = 0;
  std::size_t characters_ = 0;
  Byte unfinished_[4] = {};  // first bytes of a character whose end the next binary should bring
  std::size_t unfinished_count_ = 0;
};

bool Converter::character(Term t) {
  if (!t.is_small() || unfinished_count_ != 0) return false;
  const Word c = static_cast<Word>(t.small_value());
  if (c > (latin1_ ? 0xFF : kMaxCodepoint) || is_surrogate(c)) return false;
  Byte* p = room(4);
  if (c < 0x80) {
    p[0] = static_cast<Byte>(c);
    used_ += 1;
  } else if (c < 0x800) {
    p[0] = static_cast<Byte>(0xC0 | c >> 6);
    p[1] = static_cast<Byte>(0x80 | (c & 0x3F));
    used_ += 2;
  } else if (c < 0x10000) {
    p[0] = static_cast<Byte>(0xE0 | c >> 12);
    p[1] = static_cast<Byte>(0x80 | (c >> 6 & 0x3F));
    p[2] = static_cast<Byte>(0x80 | (c & 0x3F));
    used_ += 3;
  } else {
    p[0] = static_cast<Byte>(0xF0 | c >> 18);
    p[1] = static_cast<Byte>(0x80 | (c >> 12 & 0x3F));
    p[2] = static_cast<Byte>(0x80 | (c >> 6 & 0x3F));
    p[3] = static_cast<Byte>(0x80 | (c & 0x3F));
    used_ += 4;
  }
  characters_++;
  return true;
}

// Takes over what is valid; answers how much of s was used up, less than all of it when failed.
std::size_t Converter::utf8(std::span<const Byte> s) {
  std::size_t at = 0;
  if (unfinished_count_ != 0) {
    std::size_t n = announced(unfinished_[0]);
    std::size_t missing = n - unfinished_count_;
    std::size_t take = std::min(missing, s.size());
    if (take != 0) std::memcpy(unfinished_ + unfinished_count_, s.data(), take);
    if (take < missing) {
      unfinished_count_ += take;
      return s.size();
    }
    if (!is_character(unfinished_, n)) {
      failed_ = true;  // unfinished_count_ stays: the bytes of s are reported on their own
      return 0;
    }
    append(unfinished_, n);
    characters_++;
    unfinished_count_ = 0;
    at = take;
  }
  std::size_t count;
  std::size_t good = valid_prefix(s.subspan(at), &count);
  append(s.data() + at, good);
  characters_ += count;
  at += good;
  if (at == s.size()) return at;
  std::size_t left = s.size() - at;
  if (left < announced(s[at])) {
    std::memcpy(unfinished_, s.data() + at, left);
    unfinished_count_ = left;
    return s.size();
  }
  failed_ = true;
  return at;
}

// What is left of a binary: nil, or its rest when failed.
Term Converter::binary(Term t) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(t, &bytes, scratch)) {
    failed_ = true;
    return t;
  }
  if (!latin1_) {
    std::size_t used = utf8(bytes);
    return failed_ ? term::make_sub_bits(h_, t, used * 8, (bytes.size() - used) * 8) : term::kNil;
  }
  Byte* p = room(2 * bytes.size());
  Byte* const start = p;
  for (Byte b : bytes) {
    if (b < 0x80) {
      *p++ = b;
    } else {
      *p++ = static_cast<Byte>(0xC0 | b >> 6);
      *p++ = static_cast<Byte>(0x80 | (b & 0x3F));
    }
  }
  used_ += static_cast<std::size_t>(p - start);
  characters_ += bytes.size();
  return term::kNil;
}

Term Converter::run(Term t) {
  if (t.is_nil()) return t;
  if (t.is_bitstring()) return binary(t);
  return run_list(t);
}

Term Converter::run_list(Term t) {
  std::vector<Term> rest;
  std::size_t portion = runs_dirty() ? ~std::size_t{0} : kLongElements / 2;
  for (;;) {
    while (t.is_cons() && !failed_) {
      if (portion-- == 0) {
        put_off_ = true;
        return t;
      }
      Term head = t.head();
      if (head.is_cons()) {
        rest.push_back(t.tail());
        t = head;
      } else if (head.is_nil()) {
        t = t.tail();
      } else if (head.is_bitstring()) {
        Term left = binary(head);
        t = failed_ ? h_.cons(left, t.tail()) : t.tail();
      } else if (character(head)) {
        t = t.tail();
      } else {
        failed_ = true;
      }
    }
    if (!failed_ && !t.is_nil()) {
      if (t.is_bitstring()) t = binary(t);
      else failed_ = true;
    }
    if (failed_ || rest.empty()) break;
    t = rest.back();
    rest.pop_back();
  }
  while (failed_ && !rest.empty()) {
    t = h_.cons(t, rest.back());
    rest.pop_back();
  }
  return failed_ ? t : term::kNil;
}

// Whether bytes of an unfinished character could still become one.
bool may_be_continued(std::span<const Byte> s) {
  for (std::size_t i = 1; i < s.size(); i++) {
    if ((s[i] & 0xC0) != 0x80) return false;
  }
  return true;
}

// The result around what was converted.
Term finish(term::HeapWriter& h, const Converter& c, Term converted, Term rest) {
  if (!c.failed() && c.unfinished().empty()) return converted;
  Term unfinished = c.unfinished().empty() ? term::kNil : term::make_binary(h, c.unfinished());
  if (!c.failed()) {
    Term tag = may_be_continued(c.unfinished()) ? atoms::incomplete : atoms::error;
    return term::Tuple::make(h, tag, converted, unfinished);
  }
  if (!c.unfinished().empty()) rest = h.cons(unfinished, h.cons(rest, term::kNil));
  return term::Tuple::make(h, atoms::error, converted, rest);
}

bool is_long_text(Term t) { return t.is_bitstring() && is_long(term::bits_of(t).size >> 3, kLongBytes / 4); }

enum class Encoding { Latin1, Utf8, Other };
Encoding encoding_of(Term t) {
  if (t == atoms::latin1) return Encoding::Latin1;
  return t == atoms::unicode || t == atoms::utf8 ? Encoding::Utf8 : Encoding::Other;
}

// A UTF-8 binary alone, which needs no copy.
BifResult list_of_binary(YieldContext& cx, Term t) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(t, &bytes, scratch)) return cx.badarg();
  cx.bump(bytes.size() / kBytesPerReduction);
  std::size_t count;
  std::size_t good = valid_prefix(bytes, &count);
  term::HeapWriter& h = cx.heap();
  Term list = codepoints(h, bytes.first(good), count);
  if (good == bytes.size()) return list;
  Term rest = term::make_sub_bits(h, t, good * 8, (bytes.size() - good) * 8);
  bool unfinished = bytes.size() - good < announced(bytes[good]) && may_be_continued(bytes.subspan(good));
  Term tag = unfinished ? atoms::incomplete : atoms::error;
  return term::Tuple::make(h, tag, list, rest);
}

}  // namespace

BifResult unicode_bin_is_7bit_1(BifContext&, Term t) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(t, &bytes, scratch)) return atoms::false_;
  return ascii_prefix(bytes.data(), bytes.size()) == bytes.size() ? atoms::true_ : atoms::false_;
}

BifResult unicode_characters_to_binary_2(YieldContext& cx, Term t, Term encoding) {
  if (is_long_text(t)) return on_dirty<unicode_characters_to_binary_2>(cx, t, encoding);
  Encoding e = encoding_of(encoding);
  if (e == Encoding::Other) return cx.trap(cx.runtime().code->export_for(atoms::unicode, atoms::characters_to_binary_int, 2), t, encoding);
  if (t.is_cons() && t.head().is_bitstring() && t.tail().is_nil()) t = t.head();
  if (t.is_binary()) {  // nothing to do for text that is right already
    term::ByteScratch scratch;
    std::span<const Byte> bytes;
    term::binary_bytes(t, &bytes, scratch);
    std::size_t count;
    cx.bump(bytes.size() / kBytesPerReduction);
    if ((e == Encoding::Latin1 ? ascii_prefix(bytes.data(), bytes.size()) : valid_prefix(bytes, &count)) == bytes.size()) return t;
  }
  Converter c(cx.heap(), e == Encoding::Latin1);
  Term rest = c.run(t);
  if (c.put_off()) return on_dirty<unicode_characters_to_binary_2>(cx, t, encoding);
  if (c.failed() && !has_right_types(t)) return cx.badarg();  // a fault of type counts before one of text, wherever it is
  cx.bump(c.text().size() / kBytesPerReduction);
  return finish(cx.heap(), c, term::make_binary(cx.heap(), c.text()), rest);
}

BifResult unicode_characters_to_list_2(YieldContext& cx, Term t, Term encoding) {
  if (is_long_text(t)) return on_dirty<unicode_characters_to_list_2>(cx, t, encoding);
  Encoding e = encoding_of(encoding);
  if (e == Encoding::Other) return cx.trap(cx.runtime().code->export_for(atoms::unicode, atoms::characters_to_list_int, 2), t, encoding);
  if (t.is_bitstring() && e == Encoding::Utf8) return list_of_binary(cx, t);
  Converter c(cx.heap(), e == Encoding::Latin1);
  Term rest = c.run(t);
  if (c.put_off()) return on_dirty<unicode_characters_to_list_2>(cx, t, encoding);
  if (c.failed() && !has_right_types(t)) return cx.badarg();
  cx.bump(c.text().size() / kBytesPerReduction);
  return finish(cx.heap(), c, codepoints(cx.heap(), c.text(), c.characters()), rest);
}

}  // namespace vm::bif
