// SPDX-License-Identifier: Apache-2.0
#include "etf/encode.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "etf/tags_internal.h"
#include "num/float_text.h"
#include "term/atoms.h"
#include "term/bit_order.h"
#include "term/compare.h"
#include "term/fun_layout.h"
#include "term/map_layout.h"
#include "term/nodes.h"

namespace vm::etf {

using term::AtomTable;
using term::Kind;

namespace {

constexpr std::size_t kFirstCapacity = 1024;
constexpr std::size_t kMaxString = 0xFFFF;      // elements of a STRING_EXT
constexpr std::size_t kMaxBinary = 0xFFFFFFFF;  // bytes of a BINARY_EXT
constexpr Word kMaxV3Port = (Word{1} << 28) - 1;
constexpr std::size_t kOldFloatText = 31;
constexpr std::size_t kBytesPerUnit = 8;

const term::NodeEntry* node_of(Term t) { return t.is_external() ? term::external_node(t) : term::this_node(); }

bool is_byte(Term t) { return t.is_small() && static_cast<Word>(t.small_value()) < 256; }

// Elements of a list that is written as a string; 0 when it is none. *seen: elements looked at.
std::size_t string_length(Term list, std::size_t* seen) {
  std::size_t n = 0;
  for (; list.is_cons(); list = list.tail()) {
    if (!is_byte(list.head()) || ++n > kMaxString) {
      *seen = n;
      return 0;
    }
  }
  *seen = n;
  return list.is_nil() ? n : 0;
}

std::size_t big_byte_count(std::span<const Word> limbs) {
  return limbs.size() * 8 - static_cast<std::size_t>(std::countl_zero(limbs.back())) / 8;
}

struct PidParts {
  std::uint32_t number, serial;
};
PidParts pid_parts(Term t) {
  if (t.is_local_pid()) return {term::pid_number(t), term::pid_serial(t)};
  Word w = t.boxed_ptr()[3];
  return {static_cast<std::uint32_t>(w), static_cast<std::uint32_t>(w >> 32)};
}
Word port_number(Term t) { return t.is_local_port() ? t.id_data() : t.boxed_ptr()[3]; }

std::size_t atom_size(Term atom, const EncodeOptions& options) {
  std::size_t utf8 = AtomTable::text(atom).size();
  if (options.utf8_atoms || !AtomTable::is_latin1(atom)) return utf8 + (utf8 > 255 ? 3 : 2);
  return AtomTable::length(atom) + 3;
}

}  // namespace

Encoder::Encoder(Term t, const EncodeOptions& options) : options_(options), begin_(first_), at_(first_), end_(first_ + sizeof(first_)) {
  if (options_.version_byte) put8(kVersion);
  push(FrameKind::One, t);
}

Encoder::~Encoder() {
  if (begin_ != first_) std::free(begin_);
}

void Encoder::grow(std::size_t n) {
  std::size_t used = position();
  std::size_t capacity = std::max({static_cast<std::size_t>(end_ - begin_) * 2, used + n, kFirstCapacity});
  Byte* bigger = static_cast<Byte*>(std::realloc(begin_ == first_ ? nullptr : begin_, capacity));
  VM_CHECK(bigger != nullptr);
  if (begin_ == first_) std::memcpy(bigger, first_, used);
  begin_ = bigger;
  at_ = begin_ + used;
  end_ = begin_ + capacity;
}

void Encoder::put16(unsigned v) {
  Byte* p = room(2);
  p[0] = static_cast<Byte>(v >> 8);
  p[1] = static_cast<Byte>(v);
}
void Encoder::put32(std::size_t v) {
  Byte* p = room(4);
  patch32(static_cast<std::size_t>(p - begin_), v);
}
void Encoder::put64(Word v) {
  put32(v >> 32);
  put32(v);
}
void Encoder::patch32(std::size_t position, std::size_t v) {
  std::uint32_t w = __builtin_bswap32(static_cast<std::uint32_t>(v));
  std::memcpy(begin_ + position, &w, 4);
}

bool Encoder::step(std::size_t* budget) {
  budget_ = *budget;
  while (!stack_.empty() && budget_ != 0 && !too_large_) advance();
  *budget = budget_;
  return stack_.empty() || too_large_;
}

namespace {

// Copies a short text: two moves that overlap are faster than a call.
inline void copy_text(Byte* to, const char* from, std::size_t n) {
  if (n >= 8 && n <= 16) {
    std::memcpy(to, from, 8);
    std::memcpy(to + n - 8, from + n - 8, 8);
  } else if (n >= 4 && n < 8) {
    std::memcpy(to, from, 4);
    std::memcpy(to + n - 4, from + n - 4, 4);
  } else if (n < 4) {
    for (std::size_t i = 0; i < n; i++) to[i] = static_cast<Byte>(from[i]);
  } else {
    std::memcpy(to, from, n);
  }
}

}  // namespace

inline bool Encoder::put_simple(Term t) {
  if (t.is_small()) {
    SWord v = t.small_value();
    Byte* p = ready();
    if (static_cast<Word>(v) < 256) {
      p[0] = kSmallInteger;
      p[1] = static_cast<Byte>(v);
      at_ = p + 2;
      return true;
    }
    if (v != static_cast<std::int32_t>(v)) return false;
    p[0] = kInteger;
    std::uint32_t w = __builtin_bswap32(static_cast<std::uint32_t>(v));
    std::memcpy(p + 1, &w, 4);
    at_ = p + 5;
    return true;
  }
  if (t.is_atom()) {
    encode_atom(t);
    return true;
  }
  if (t.is_nil()) {
    put8(kNil);
    return true;
  }
  return false;
}

// Goes on with the innermost unfinished term up to an element with elements of its own. Its frame is brought up to date, or dropped, before
// that is written: it pushes frames of its own.
void Encoder::advance() {
  Frame& f = stack_.top();
  Term t = f.term;
  switch (f.kind) {
    case FrameKind::List: return advance_list(f);
    case FrameKind::Tuple: return advance_tuple(f);
    case FrameKind::FlatMap:
    case FrameKind::FlatMapValue: return advance_flat_map(f);
    case FrameKind::Trie: return advance_trie(f);
    default: budget_--; break;
  }
  switch (f.kind) {
    case FrameKind::Leaf:
      f.kind = FrameKind::One;
      f.term = t.tail();
      return;
    case FrameKind::Fun: {
      std::size_t i = f.index;
      if (++f.index == term::fun_captured_count(t)) f.kind = FrameKind::FunEnd;
      encode(Term::from_bits(t.boxed_ptr()[term::FunWords::kFirstCaptured + i]));
      return;
    }
    case FrameKind::FunEnd: {
      std::size_t at = f.position, size = position() - at;
      stack_.pop();
      for (std::size_t k = segments_.size(); k-- > 0 && segments_[k].position >= at;) size += term::bits_of(segments_[k].binary).size >> 3;
      patch32(at, size);
      return;
    }
    default:
      stack_.pop();
      encode(t);
      return;
  }
}

void Encoder::advance_list(Frame& f) {
  Term cell = f.term;
  std::size_t n = f.index, budget = budget_;
  do {
    budget--;
    n++;
    Term head = cell.head(), tail = cell.tail();
    bool simple = put_simple(head);
    if (!tail.is_cons()) {
      patch32(f.position, n);
      f = {tail, 0, 0, FrameKind::One};
      budget_ = budget;
      if (!simple) encode(head);
      return;
    }
    cell = tail;
    if (!simple) {
      f.term = cell;
      f.index = n;
      budget_ = budget;
      return encode(head);
    }
  } while (budget != 0);
  f.term = cell;
  f.index = n;
  budget_ = 0;
}

void Encoder::advance_tuple(Frame& f) {
  const Word* p = f.term.boxed_ptr();
  std::size_t n = header_of(f.term).words(), i = f.index, budget = budget_;
  do {
    budget--;
    Term t = Term::from_bits(p[++i]);
    if (put_simple(t)) continue;
    f.index = i;
    if (i == n) stack_.pop();
    budget_ = budget;
    return encode(t);
  } while (i != n && budget != 0);
  f.index = i;
  if (i == n) stack_.pop();
  budget_ = budget;
}

// index: pairs that are done; of the next one the key too when kind is FlatMapValue.
void Encoder::advance_flat_map(Frame& f) {
  const Word* values = f.term.boxed_ptr() + term::FlatMapWords::kFirstValue;
  const Word* keys = Term::from_bits(values[-1]).boxed_ptr() + 1;
  std::size_t n = term::map_key_count(f.term), budget = budget_;
  do {
    budget--;
    bool is_value = f.kind == FrameKind::FlatMapValue;
    Term t = Term::from_bits(is_value ? values[f.index] : keys[f.index]);
    f.kind = is_value ? FrameKind::FlatMap : FrameKind::FlatMapValue;
    f.index += is_value;
    bool simple = put_simple(t), done = f.index == n;
    if (done) stack_.pop();
    if (!simple) {
      budget_ = budget;
      return encode(t);
    }
    if (done) break;
  } while (budget != 0);
  budget_ = budget;
}

// index counts down.
void Encoder::advance_trie(Frame& f) {
  term::TrieNode node = term::trie_node(f.term);
  std::size_t i = f.index;
  do {
    budget_--;
    Term child = node.child(static_cast<unsigned>(--i));
    f.index = i;
    if (!child.is_cons()) {
      if (i == 0) stack_.pop();
      return push(FrameKind::Trie, child, term::trie_node(child).count());
    }
    if (!put_simple(child.head())) {
      if (i == 0) stack_.pop();
      push(FrameKind::Leaf, child);
      return encode(child.head());
    }
    if (!put_simple(child.tail())) {
      if (i == 0) stack_.pop();
      return encode(child.tail());
    }
  } while (i != 0 && budget_ != 0);
  if (i == 0) stack_.pop();
}

void Encoder::encode(Term t) {
  if (t.is_small()) encode_small(t.small_value());
  else if (t.is_cons()) encode_list(t);
  else if (t.is_boxed()) encode_boxed(t);
  else if (t.is_atom()) encode_atom(t);
  else if (t.is_nil()) put8(kNil);
  else if (t.is_float_immediate()) encode_float(term::float_value(t));
  else if (t.is_local_pid()) encode_pid(t);
  else if (t.is_local_port()) encode_port(t);
  else VM_UNREACHABLE("encode: no term");
}

void Encoder::encode_boxed(Term t) {
  switch (t.kind()) {
    case Kind::Tuple: {
      std::size_t n = term::Tuple::from(t).size();
      if (n <= 255) {
        Byte* p = room(2);
        p[0] = kSmallTuple;
        p[1] = static_cast<Byte>(n);
      } else {
        put8(kLargeTuple);
        put32(n);
      }
      if (n != 0) push(FrameKind::Tuple, t);
      return;
    }
    case Kind::Float: return encode_float(term::float_value(t));
    case Kind::BigInt: return encode_big(t);
    case Kind::FlatMap: {
      std::size_t n = term::map_key_count(t);
      put8(kMap);
      put32(n);
      if (n != 0) push(FrameKind::FlatMap, t);
      return;
    }
    case Kind::HashMap: return encode_large_map(t);
    case Kind::Fun:
    case Kind::ExportFun: return encode_fun(t);
    case Kind::HeapBinary:
    case Kind::RefcBinary:
    case Kind::SubBits:
    case Kind::MatchContext: return encode_bits(t);
    case Kind::Ref:
    case Kind::MagicRef:
    case Kind::ExternalRef: return encode_ref(t);
    case Kind::ExternalPid: return encode_pid(t);
    case Kind::ExternalPort: return encode_port(t);
    default: VM_UNREACHABLE("encode: no term");
  }
}

void Encoder::encode_atom(Term t) {
  if (options_.atom_index != nullptr) {
    if (int index = options_.atom_index(options_.atom_context, t); index >= 0) {
      put8(kAtomCacheRef);
      put8(static_cast<unsigned>(index));
      return;
    }
  }
  const AtomTable::Name& name = AtomTable::name(t);
  const std::size_t size = name.bytes;
  if (options_.utf8_atoms || !name.latin1) {
    Byte* p = room(size + (size > 255 ? 3 : 2));
    *p++ = size > 255 ? kAtomUtf8 : kSmallAtomUtf8;
    if (size > 255) *p++ = static_cast<Byte>(size >> 8);
    *p++ = static_cast<Byte>(size);
    copy_text(p, name.text, size);
    return;
  }
  Byte* p = room(name.characters + 3);
  p[0] = kAtom;
  p[1] = static_cast<Byte>(name.characters >> 8);
  p[2] = static_cast<Byte>(name.characters);
  p += 3;
  if (name.characters == size) return copy_text(p, name.text, size);
  std::string_view text(name.text, size);
  for (std::size_t i = 0; i < text.size(); i++) {
    Byte b = static_cast<Byte>(text[i]);
    if (b >= 0x80) b = static_cast<Byte>(b << 6 | (static_cast<Byte>(text[++i]) & 0x3F));
    *p++ = b;
  }
}

void Encoder::encode_small(SWord v) {
  if (static_cast<Word>(v) < 256) {
    Byte* p = room(2);
    p[0] = kSmallInteger;
    p[1] = static_cast<Byte>(v);
    return;
  }
  if (v == static_cast<std::int32_t>(v)) {
    Byte* p = room(5);
    p[0] = kInteger;
    patch32(static_cast<std::size_t>(p + 1 - begin_), static_cast<std::size_t>(v));
    return;
  }
  Word magnitude = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
  std::size_t n = big_byte_count({&magnitude, 1});
  Byte* p = room(3 + n);
  p[0] = kSmallBig;
  p[1] = static_cast<Byte>(n);
  p[2] = v < 0;
  std::memcpy(p + 3, &magnitude, n);
}

void Encoder::encode_big(Term t) {
  term::BigInt big = term::BigInt::from(t);
  std::size_t n = big_byte_count(big.limbs());
  if (n < 256) {
    put8(kSmallBig);
    put8(static_cast<unsigned>(n));
  } else {
    put8(kLargeBig);
    put32(n);
  }
  put8(big.negative());
  std::memcpy(room(n), big.limbs().data(), n);
  budget_ -= std::min(budget_, n / kBytesPerUnit);
}

void Encoder::encode_float(double d) {
  if (options_.new_floats) {
    Byte* p = room(9);
    p[0] = kNewFloat;
    Word w = __builtin_bswap64(std::bit_cast<Word>(d));
    std::memcpy(p + 1, &w, 8);
    return;
  }
  char text[num::kMaxFloatText];
  std::size_t n = num::format_scientific(d, num::kDefaultScientificDigits, num::FloatText(text));
  put8(kFloat);
  Byte* p = room(kOldFloatText);
  std::memset(p, 0, kOldFloatText);
  std::memcpy(p, text, n);
}

void Encoder::encode_pid(Term t) {
  const term::NodeEntry* node = node_of(t);
  PidParts parts = pid_parts(t);
  put8(kNewPid);
  encode_atom(node->name);
  put32(parts.number);
  put32(parts.serial);
  put32(node->creation);
}

void Encoder::encode_port(Term t) {
  const term::NodeEntry* node = node_of(t);
  Word number = port_number(t);
  put8(static_cast<unsigned>(number > kMaxV3Port ? kV4Port : kNewPort));
  encode_atom(node->name);
  if (number > kMaxV3Port) put64(number);
  else put32(number);
  put32(node->creation);
}

void Encoder::encode_ref(Term t) {
  const term::NodeEntry* node = node_of(t);
  term::RefNumbers numbers = term::ref_numbers(t);
  if (Term pid; options_.note_alias != nullptr && term::is_pid_ref(t, &pid)) options_.note_alias(options_.alias_context, t, pid);
  put8(kNewerReference);
  put16(numbers.count);
  encode_atom(node->name);
  put32(node->creation);
  for (unsigned i = 0; i < numbers.count; i++) put32(numbers.n[i]);
}

void Encoder::encode_list(Term t) {
  std::size_t seen;
  std::size_t n = string_length(t, &seen);
  budget_ -= std::min(budget_, seen / kBytesPerUnit);
  if (n == 0) {
    Byte* p = room(5);
    p[0] = kList;  // its length is known at the end of the list
    push(FrameKind::List, t, 0, static_cast<std::size_t>(p + 1 - begin_));
    return;
  }
  Byte* p = room(n + 3);
  p[0] = kString;
  p[1] = static_cast<Byte>(n >> 8);
  p[2] = static_cast<Byte>(n);
  p += 3;
  for (; t.is_cons(); t = t.tail()) *p++ = static_cast<Byte>(t.head().small_value());
}

void Encoder::encode_bits(Term t) {
  term::Bits b = term::bits_of(t);
  std::size_t whole = b.size >> 3;
  unsigned rest = b.size & 7;
  if (b.byte_size() > kMaxBinary) {
    too_large_ = true;
    return;
  }
  if (rest == 0) {
    Byte* p = room(5);
    p[0] = kBinary;
    patch32(static_cast<std::size_t>(p + 1 - begin_), whole);
  } else {
    put8(kBitBinary);
    put32(whole + 1);
    put8(rest);
  }
  if (options_.segments && b.byte_aligned() && whole > term::kHeapBinaryLimit) {
    Term original = t.is_kind(Kind::SubBits) ? Term::from_bits(t.boxed_ptr()[term::SubBitsWords::kOriginal]) : t;
    if (original.is_kind(Kind::RefcBinary)) {
      segments_.push_back({position(), t});
      if (rest != 0) put8(term::byte_at(b, whole));
      return;
    }
  }
  term::copy_to_bytes(room(b.byte_size()), b);
  budget_ -= std::min(budget_, whole / kBytesPerUnit / 8);
}

void Encoder::encode_fun(Term t) {
  if (t.is_kind(Kind::ExportFun)) {
    const term::ExportFields& e = term::export_fields(t);
    put8(kExport);
    encode_atom(e.module);
    encode_atom(e.function);
    encode_small(static_cast<SWord>(e.arity));
    return;
  }
  const term::FunEntryFields& e = term::fun_entry_fields(t);
  std::size_t captured = term::fun_captured_count(t);
  put8(kNewFun);
  std::size_t at = position();
  put32(0);  // size, known at the end; it counts itself
  put8(header_of(t).data());
  std::memcpy(room(16), e.uniq, 16);
  put32(e.index);
  put32(captured);
  encode_atom(e.module);
  encode_small(static_cast<std::int32_t>(e.old_index));
  encode_small(static_cast<std::int32_t>(e.old_uniq));
  encode_pid(Term::from_bits(t.boxed_ptr()[term::FunWords::kCreator]));
  if (captured == 0) patch32(at, position() - at);
  else push(FrameKind::Fun, t, 0, at);
}

void Encoder::encode_large_map(Term t) {
  put8(kMap);
  put32(term::map_key_count(t));
  if (!options_.deterministic) {
    push(FrameKind::Trie, t, term::trie_node(t).count());
    return;
  }
  std::vector<Term> leaves;
  leaves.reserve(term::map_key_count(t));
  term::each_leaf(t, [&](Term leaf) { leaves.push_back(leaf); });
  std::sort(leaves.begin(), leaves.end(), [](Term a, Term b) { return term::compare_total(a.head(), b.head()) < 0; });
  budget_ -= std::min(budget_, leaves.size());
  for (std::size_t i = leaves.size(); i-- > 0;) {
    push(FrameKind::One, leaves[i].tail());
    push(FrameKind::One, leaves[i].head());
  }
}

bool external_size(Term t, const EncodeOptions& options, std::size_t* size, std::size_t* work) {
  std::size_t total = 1;
  std::vector<Term> rest{t};
  auto node_size = [&](Term x) { return atom_size(node_of(x)->name, options); };
  auto add_small = [&](SWord v) {
    if (static_cast<Word>(v) < 256) total += 2;
    else if (v == static_cast<std::int32_t>(v)) total += 5;
    else {
      Word magnitude = v < 0 ? Word{0} - static_cast<Word>(v) : static_cast<Word>(v);
      total += 3 + big_byte_count({&magnitude, 1});
    }
  };
  while (!rest.empty()) {
    Term x = rest.back();
    rest.pop_back();
    ++*work;
    if (x.is_small()) add_small(x.small_value());
    else if (x.is_nil()) total++;
    else if (x.is_atom()) total += atom_size(x, options);
    else if (x.is_cons()) {
      std::size_t seen;
      std::size_t n = string_length(x, &seen);
      *work += seen / kBytesPerUnit;
      if (n != 0) {
        total += 3 + n;
        continue;
      }
      total += 5;
      // Tail first below the elements: what nests in elements is then bounded by their own depth.
      for (; x.is_cons(); x = x.tail()) rest.push_back(x.head());
      rest.push_back(x);
    } else if (x.is_float()) total += options.new_floats ? 9 : 1 + kOldFloatText;
    else if (x.is_pid()) total += 13 + node_size(x);
    else if (x.is_port()) total += node_size(x) + (port_number(x) > kMaxV3Port ? 13 : 9);
    else if (x.is_ref()) total += 7 + node_size(x) + 4 * term::ref_numbers(x).count;
    else if (x.is_tuple()) {
      term::Tuple tuple = term::Tuple::from(x);
      total += tuple.size() <= 255 ? 2 : 5;
      for (std::size_t i = 0; i < tuple.size(); i++) rest.push_back(tuple[i]);
    } else if (x.is_big()) {
      std::size_t n = big_byte_count(term::BigInt::from(x).limbs());
      total += n + (n < 256 ? 3 : 6);
    } else if (x.is_kind(Kind::FlatMap)) {
      total += 5;
      std::size_t n = term::map_key_count(x);
      const Word* p = x.boxed_ptr();
      if (n != 0) rest.push_back(Term::from_bits(p[term::FlatMapWords::kKeys]));
      if (n != 0) total -= n <= 255 ? 2 : 5;  // the keys are no tuple of their own
      for (std::size_t i = 0; i < n; i++) rest.push_back(Term::from_bits(p[term::FlatMapWords::kFirstValue + i]));
    } else if (x.is_kind(Kind::HashMap)) {
      total += 5;
      term::each_leaf(x, [&](Term leaf) {
        rest.push_back(leaf.head());
        rest.push_back(leaf.tail());
      });
    } else if (x.is_kind(Kind::ExportFun)) {
      const term::ExportFields& e = term::export_fields(x);
      total += 1 + atom_size(e.module, options) + atom_size(e.function, options);
      add_small(static_cast<SWord>(e.arity));
    } else if (x.is_kind(Kind::Fun)) {
      Term creator = Term::from_bits(x.boxed_ptr()[term::FunWords::kCreator]);
      // Old index and uniq count five bytes each, whatever they will take.
      total += 30 + 10 + atom_size(term::fun_entry_fields(x).module, options) + 13 + node_size(creator);
      for (std::size_t i = 0; i < term::fun_captured_count(x); i++)
        rest.push_back(Term::from_bits(x.boxed_ptr()[term::FunWords::kFirstCaptured + i]));
    } else {
      term::Bits b = term::bits_of(x);
      if (b.byte_size() > kMaxBinary) return false;
      total += b.byte_size() + ((b.size & 7) != 0 ? 6 : 5);
    }
  }
  *size = total;
  return true;
}

bool compress(std::span<const Byte> bytes, int level, std::vector<Byte>* out) {
  constexpr std::size_t kHeader = 6;  // version, tag, size
  if (bytes.size() < kHeader || bytes.size() > 0xFFFFFFFF) return false;
  std::size_t start = out->size();
  out->resize(start + bytes.size());
  Byte* p = out->data() + start;
  z_stream stream{};
  if (deflateInit(&stream, level) != Z_OK) return false;
  stream.next_in = const_cast<Byte*>(bytes.data() + 1);
  stream.avail_in = static_cast<uInt>(bytes.size() - 1);
  stream.next_out = p + kHeader;
  stream.avail_out = static_cast<uInt>(bytes.size() - kHeader);
  int result = deflate(&stream, Z_FINISH);
  std::size_t used = stream.total_out;
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    out->resize(start);
    return false;
  }
  std::uint32_t original = __builtin_bswap32(static_cast<std::uint32_t>(bytes.size() - 1));
  p[0] = kVersion;
  p[1] = kCompressed;
  std::memcpy(p + 2, &original, 4);
  out->resize(start + kHeader + used);
  return true;
}

}  // namespace vm::etf
