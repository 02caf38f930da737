// SPDX-License-Identifier: Apache-2.0
//
// Rules. 1. A container is allocated whole, filled with zeros (valid terms), and a frame on an explicit stack says which cell comes next: cells
// never move, so frames hold plain pointers. 2. Every element takes a byte at least, so a container is refused before memory is taken when the
// bytes left are fewer than all elements still owed, those of the containers around it included: memory stays proportional to the
// input however it nests. 3. What must be put together when its parts are known (maps, funs) collects them in a Composite.
#include "etf/decode.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "etf/atom_text.h"
#include "etf/tags_internal.h"
#include "num/digits.h"
#include "num/float_text.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/nodes.h"
#include "term/views.h"
#include "term/work_stack.h"

namespace vm::etf {

namespace {

constexpr std::size_t kFlatMapLimit = 32;
constexpr std::size_t kMaxIntegerBytes = num::kMaxDigits * sizeof(num::Digit);
constexpr std::size_t kBestDeflateRatio = 1032;
constexpr std::uint32_t kLocalRefBits = 18;
constexpr std::uint32_t kMaxCaptured = 255;      // variables of a fun: they are arguments of its code
constexpr std::uint64_t kMaxNarrowCreation = 3;  // two bits in the tags that have one byte for it

class Decoder {
 public:
  Decoder(std::span<const Byte> bytes, term::HeapWriter& h, const DecodeOptions& options)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), h_(h), options_(options) {}
  ~Decoder() { close(); }
  Decoder(const Decoder&) = delete;

  bool run(Term* out);
  const Byte* position() const { return at_; }

 private:
  enum class Finish : std::uint8_t { None, FlatMap, Composite };
  // Cells to fill: `stride` words on from one to the next, `back` words from the one after that (keys and values of a flat map take turns).
  struct Frame {
    Word* next;
    std::size_t left;
    std::int32_t stride, back;
    Finish finish = Finish::None;
  };
  // A large map or fun whose parts are being read; innermost last.
  struct Composite {
    Word* target;  // where the finished term goes
    bool is_map;
    std::unique_ptr<Word[]> parts{};
    std::size_t part_count = 0;
    FunParts fun{};
  };

  // Terms are small and many: their words come out of a chunk, and what is left of it goes back before anybody else takes from the writer.
  Word* alloc(std::size_t words) {
    if (VM_UNLIKELY(static_cast<std::size_t>(limit_ - top_) < words)) open(words);
    Word* p = top_;
    top_ += words;
    return p;
  }
  void open(std::size_t words) {
    constexpr std::size_t kChunkWords = 2048;
    close();
    words += std::min(remaining(), kChunkWords);
    top_ = h_.alloc(words);
    limit_ = top_ + words;
  }
  void close() {
    if (limit_ != top_) h_.trim(top_, limit_);
    top_ = limit_ = nullptr;
  }
  term::HeapWriter& heap() {
    close();
    return h_;
  }
  void tuple(std::size_t count, Word* to) {
    Word* p = alloc(1 + count);
    *p = term::HeaderWord::make(term::Kind::Tuple, count).bits();
    std::fill_n(p + 1, count, Word{0});
    *to = Term::boxed(p).bits();
    if (count > 0) push(p + 1, count, 1);
  }

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool take(std::size_t n, const Byte** out) {
    if (n > remaining()) return false;
    *out = at_;
    at_ += n;
    return true;
  }
  bool number(unsigned bytes, std::uint64_t* out) {
    const Byte* p;
    if (!take(bytes, &p)) return false;
    std::uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) v = v << 8 | p[i];
    *out = v;
    return true;
  }
  bool number32(std::uint32_t* out) {
    std::uint64_t v;
    if (!number(4, &v)) return false;
    *out = static_cast<std::uint32_t>(v);
    return true;
  }
  static bool put(Word* to, Term t) {
    *to = t.bits();
    return t.is_value();
  }

  bool term(Word* to);
  bool identifier_or_container(unsigned tag, Word* to);
  bool cells(unsigned tag, Word* to);
  bool list(Word* to);
  bool string(Word* to);
  void bytes_list(const Byte* bytes, std::size_t count, Word* to);
  bool integer(unsigned tag, Word* to);
  bool floating(unsigned tag, Word* to);
  bool binary(unsigned tag, Word* to);
  bool atom(unsigned tag, Term* out);
  bool next_atom(Term* out);
  bool cached_atom(Term* out) {
    std::uint64_t index;
    if (options_.cached_atoms.empty() || !number(1, &index) || index >= options_.cached_atoms.size()) return false;
    *out = options_.cached_atoms[index];
    return out->is_value();
  }
  bool next_small(std::uint32_t* out);
  bool node(Term* name);
  bool creation(bool wide, std::uint32_t* out) {
    std::uint64_t v;
    if (!number(wide ? 4 : 1, &v) || (!wide && v > kMaxNarrowCreation)) return false;
    *out = static_cast<std::uint32_t>(v);
    return true;
  }
  static bool is_this_node(Term name, std::uint32_t creation) {
    const term::NodeEntry* me = term::this_node();
    return name == me->name && (creation == me->creation || creation == 0);
  }
  bool pid(unsigned tag, Term* out);
  bool port(unsigned tag, Word* to);
  bool reference(unsigned tag, Word* to);
  bool make_reference(Term name, std::uint32_t creation, std::span<const std::uint32_t> numbers, Word* to);
  bool export_fun(Word* to);
  bool map(Word* to);
  bool fun(Word* to);
  bool finish(Composite& c);
  static bool finish_flat_map(Word* map);
  bool finish_large_map(Composite& c);
  // Whether the input can hold `count` more elements besides those that are owed already.
  bool can_hold(std::uint64_t count) const { return count <= remaining() && owed_ <= remaining() - count; }
  void push(Word* next, std::size_t left, std::int32_t stride, Finish finish = Finish::None) {
    stack_.push({next, left, stride, stride, finish});
    owed_ += left;
  }
  bool elements();
  std::size_t short_binary(const Byte* at, const Byte* end, Word* to);
  std::size_t short_string(const Byte* at, const Byte* end, Word* to);
  static bool short_float(const Byte* at, Word* to);
  bool known_atom(const Byte* name, std::size_t size, Word* to) const;

  // Atoms read lately, by name.
  static constexpr std::size_t kRecentBytes = 15;
  struct AtomKey {
    Word low = 0, high = 0;  // high: length in the top byte, so that no name is all zero
  };
  struct RecentAtom {
    AtomKey key;
    Term atom;
  };
  bool short_key(const Byte* p, std::size_t size, AtomKey* key) const;
  static std::size_t set_of(const AtomKey& key) { return ((key.low ^ key.low >> 17 ^ key.high) * 0x9E3779B97F4A7C15 >> 60) * 2; }
  const RecentAtom* find_recent(const AtomKey& key) const {
    const RecentAtom* set = recent_ + set_of(key);
    for (unsigned i = 0; i < 2; i++, set++)
      if (set->key.low == key.low && set->key.high == key.high) return set;
    return nullptr;
  }

  const Byte* at_;
  const Byte* end_;
  static constexpr unsigned kRecentSets = 16;  // of two atoms each, the later one first
  RecentAtom recent_[2 * kRecentSets];
  term::HeapWriter& h_;
  Word* top_ = nullptr;
  Word* limit_ = nullptr;
  const DecodeOptions& options_;
  term::WorkStack<Frame, 12> stack_;
  std::vector<Composite> composites_;
  std::size_t owed_ = 0;  // elements that frames still wait for
};

bool Decoder::run(Term* out) {
  Word result = 0;
  push(&result, 1, 1);
  while (!stack_.empty()) {
    Frame& top = stack_.top();
    if (top.left > 0) {
      if (!elements()) return false;
      continue;
    }
    Frame filled = stack_.pop();
    if (filled.finish == Finish::FlatMap) {
      if (!finish_flat_map(filled.next)) return false;
      continue;
    }
    Composite done = std::move(composites_.back());
    composites_.pop_back();
    if (!finish(done)) return false;
  }
  *out = Term::from_bits(result);
  return true;
}

// Of elements at `at`, whose tag and length are there. The bytes they took; 0: they are not there, or of no bytes, or too long.
[[gnu::always_inline]] inline std::size_t Decoder::short_binary(const Byte* at, const Byte* end, Word* to) {
  std::uint32_t number;
  std::memcpy(&number, at + 1, 4);
  const std::size_t size = __builtin_bswap32(number), words = (size + kWordBytes - 1) / kWordBytes;
  if (size == 0 || size > term::kHeapBinaryLimit || end - at - 5 < static_cast<std::ptrdiff_t>(size)) return 0;
  Word* p = alloc(2 + words);
  p[0] = term::HeaderWord::make(term::Kind::HeapBinary, 1 + words).bits();
  p[1] = size;
  p[1 + words] = 0;
  std::memcpy(p + 2, at + 5, size);
  *to = Term::boxed(p).bits();
  return 5 + size;
}
[[gnu::always_inline]] inline std::size_t Decoder::short_string(const Byte* at, const Byte* end, Word* to) {
  const std::size_t count = std::size_t{at[1]} << 8 | at[2];
  if (count == 0 || end - at - 3 < static_cast<std::ptrdiff_t>(count)) return 0;
  bytes_list(at + 3, count, to);
  return 3 + count;
}
// One that is an immediate.
[[gnu::always_inline]] inline bool Decoder::short_float(const Byte* at, Word* to) {
  Word bits;
  std::memcpy(&bits, at + 1, sizeof bits);
  double d = std::bit_cast<double>(__builtin_bswap64(bits));
  Term t = std::isfinite(d) ? term::float_immediate(d) : Term::non_value();
  *to = t.bits();
  return t.is_value();
}

// Fills cells, the innermost frame's first, up to an element that is not of the usual kinds.
bool Decoder::elements() {
  // With so many bytes left, what is decoded here needs no further look.
  constexpr std::ptrdiff_t kSafe = 24;
  const Byte* at = at_;
  const Byte* const end = end_;
  Frame* top;
  Word* to;
  std::int32_t stride, back;
  std::size_t left;
  auto enter = [&] {
    top = &stack_.top();
    to = top->next;
    stride = top->stride;
    back = top->back;
    left = top->left;
  };
  auto leave = [&] {
    at_ = at;
    owed_ -= top->left - left;
    top->next = to;
    top->stride = stride;
    top->back = back;
    top->left = left;
    // A frame leaves before its last element is read, so that what nests in last elements takes no room.
    if (left == 0 && top->finish == Finish::None) stack_.pop();
  };
  auto next_cell = [&] {
    Word* cell = to;
    to += stride;
    std::swap(stride, back);
    left--;
    return cell;
  };
  enter();
  for (;;) {
    if (left == 0) {
      leave();
      if (stack_.empty() || stack_.top().left == 0) return true;
      enter();
    }
    if (end - at < kSafe) break;
    std::uint32_t number;
    switch (*at) {
      case kSmallInteger: *to = Term::small(at[1]).bits(), at += 2; break;
      case kInteger:
        std::memcpy(&number, at + 1, 4);
        *to = Term::small(static_cast<std::int32_t>(__builtin_bswap32(number))).bits(), at += 5;
        break;
      case kNil: *to = term::kNil.bits(), at++; break;
      case kSmallAtomUtf8:
      case kSmallAtom:
        if (!known_atom(at + 2, at[1], to)) goto other;
        at += 2 + at[1];
        break;
      case kAtom:
      case kAtomUtf8:
        if (at[1] != 0 || !known_atom(at + 3, at[2], to)) goto other;
        at += 3 + at[2];
        break;
      case kNewFloat:
        if (!short_float(at, to)) goto other;
        at += 9;
        break;
      case kBinary:
        if (std::size_t n = short_binary(at, end, to); n != 0) at += n;
        else goto other;
        break;
      case kString:
        if (std::size_t n = short_string(at, end, to); n != 0) at += n;
        else goto other;
        break;
      case kSmallTuple: {
        const std::size_t count = at[1];
        at += 2;
        Word* cell = next_cell();
        leave();
        if (!can_hold(count)) return false;
        tuple(count, cell);
        if (count == 0) return true;
        enter();
        continue;
      }
      case kList: {
        at++;
        Word* cell = next_cell();
        leave();
        if (!list(cell)) return false;
        at = at_;
        enter();
        continue;
      }
      default: goto other;
    }
    next_cell();
  }
other:
  Word* cell = next_cell();
  leave();
  return term(cell);
}

// An atom read lately; 16 bytes can be read at its name.
inline bool Decoder::known_atom(const Byte* name, std::size_t size, Word* to) const {
  AtomKey key{};
  if (size > kRecentBytes || size == 0 || !short_key(name, size, &key)) return false;
  const RecentAtom* recent = find_recent(key);
  if (recent == nullptr) return false;
  *to = recent->atom.bits();
  return true;
}

bool Decoder::term(Word* to) {
  std::uint64_t tag;
  if (!number(1, &tag)) return false;
  Term t;
  switch (tag) {
    case kSmallInteger:
    case kInteger:
    case kSmallBig:
    case kLargeBig: return integer(static_cast<unsigned>(tag), to);
    case kAtom:
    case kSmallAtom:
    case kAtomUtf8:
    case kSmallAtomUtf8: return atom(static_cast<unsigned>(tag), &t) && put(to, t);
    case kAtomCacheRef: return cached_atom(&t) && put(to, t);
    case kNil: return put(to, term::kNil);
    case kNewFloat:
    case kFloat: return floating(static_cast<unsigned>(tag), to);
    case kBinary:
    case kBitBinary: return binary(static_cast<unsigned>(tag), to);
    default: return identifier_or_container(static_cast<unsigned>(tag), to);
  }
}

bool Decoder::identifier_or_container(unsigned tag, Word* to) {
  Term t;
  switch (tag) {
    case kSmallTuple:
    case kLargeTuple: return cells(tag, to);
    case kList: return list(to);
    case kString: return string(to);
    case kMap: return map(to);
    case kPid:
    case kNewPid: return pid(tag, &t) && put(to, t);
    case kPort:
    case kNewPort:
    case kV4Port: return port(tag, to);
    case kReference:
    case kNewReference:
    case kNewerReference: return reference(tag, to);
    case kExport: return export_fun(to);
    case kNewFun: return fun(to);
    default: return false;
  }
}

// --- leaves ---------------------------------------------------------------------------------------------------------------

bool Decoder::integer(unsigned tag, Word* to) {
  std::uint64_t v;
  if (tag == kSmallInteger) return number(1, &v) && put(to, Term::small(static_cast<SWord>(v)));
  if (tag == kInteger) return number(4, &v) && put(to, Term::small(static_cast<std::int32_t>(static_cast<std::uint32_t>(v))));
  std::uint64_t sign;
  const Byte* p;
  if (!number(tag == kSmallBig ? 1 : 4, &v) || v > kMaxIntegerBytes || !number(1, &sign) || !take(v, &p)) return false;
  if (v <= kWordBytes) {
    Word limb = 0;
    for (std::size_t i = 0; i < v; i++) limb |= Word{p[i]} << (8 * i);
    return put(to, term::make_big(heap(), {&limb, 1}, sign != 0));
  }
  std::vector<Word> limbs((v + kWordBytes - 1) / kWordBytes, 0);
  for (std::size_t i = 0; i < v; i++) limbs[i / kWordBytes] |= Word{p[i]} << (8 * (i % kWordBytes));
  return put(to, term::make_big(heap(), limbs, sign != 0));
}

bool Decoder::floating(unsigned tag, Word* to) {
  double d = 0;
  if (tag == kNewFloat) {
    std::uint64_t bits;
    if (!number(8, &bits)) return false;
    d = std::bit_cast<double>(bits);
  } else {
    constexpr std::size_t kTextBytes = 31;
    const Byte* p;
    if (!take(kTextBytes, &p)) return false;
    const char* text = reinterpret_cast<const char*>(p);
    const auto value = num::parse_float(std::string_view(text, static_cast<std::size_t>(std::find(text, text + kTextBytes, '\0') - text)));
    if (!value) return false;
    d = *value;
  }
  return std::isfinite(d) && put(to, term::make_float(heap(), d));
}

bool Decoder::binary(unsigned tag, Word* to) {
  std::uint64_t size;
  std::uint64_t last_bits = 8;
  const Byte* p;
  if (!number(4, &size) || (tag == kBitBinary && !number(1, &last_bits)) || !take(size, &p)) return false;
  if (tag == kBitBinary && (last_bits > 8 || (last_bits == 0) != (size == 0))) return false;
  if (last_bits == 8 || size == 0) return put(to, term::make_binary(heap(), std::span(p, size)));
  return put(to, term::make_bitstring(heap(), term::Bits{p, 0, (size - 1) * 8 + last_bits}));
}

bool Decoder::atom(unsigned tag, Term* out) {
  std::uint64_t size;
  const Byte* p;
  const bool is_short = tag == kSmallAtom || tag == kSmallAtomUtf8;
  if (!number(is_short ? 1 : 2, &size) || !take(size, &p)) return false;
  const std::string_view text(reinterpret_cast<const char*>(p), size);
  // Short names come again and again; those of ASCII characters mean the same under all tags.
  RecentAtom* recent = nullptr;
  AtomKey key{};
  if (size <= kRecentBytes && size > 0 && short_key(p, size, &key)) {
    if (const RecentAtom* known = find_recent(key)) {
      *out = known->atom;
      return true;
    }
    recent = &recent_[set_of(key)];
  }
  const AtomLookup lookup = options_.existing_atoms_only ? AtomLookup::ExistingOnly : AtomLookup::Intern;
  *out = tag == kAtomUtf8 || tag == kSmallAtomUtf8 ? atom_from_utf8(text, lookup) : atom_from_latin1(text, lookup);
  if (recent && out->is_value()) {
    recent[1] = recent[0];
    recent[0] = {key, *out};
  }
  return out->is_value();
}

// The name in two words with its length; false when it is not all ASCII.
inline bool Decoder::short_key(const Byte* p, std::size_t size, AtomKey* key) const {
  Word words[2] = {0, 0};
  if (end_ - p >= 16) {
    std::memcpy(words, p, 16);
    if (size < 8) words[0] &= (Word{1} << size * 8) - 1, words[1] = 0;
    else words[1] &= (Word{1} << (size - 8) * 8) - 1;
  } else {
    std::memcpy(words, p, size);
  }
  if (((words[0] | words[1]) & 0x8080808080808080) != 0) return false;
  *key = {words[0], words[1] | Word{size} << 56};
  return true;
}

bool Decoder::next_atom(Term* out) {
  std::uint64_t tag;
  if (!number(1, &tag)) return false;
  if (tag == kAtomCacheRef) return cached_atom(out);
  const bool is_atom = tag == kAtom || tag == kSmallAtom || tag == kAtomUtf8 || tag == kSmallAtomUtf8;
  return is_atom && atom(static_cast<unsigned>(tag), out);
}

// A non-negative integer of at most 32 bits, where the format says "an integer".
bool Decoder::next_small(std::uint32_t* out) {
  std::uint64_t tag;
  std::uint64_t v;
  if (!number(1, &tag)) return false;
  if (tag == kSmallInteger || tag == kInteger) {
    if (!number(tag == kSmallInteger ? 1 : 4, &v)) return false;
  } else {
    std::uint64_t size;
    std::uint64_t sign;
    const Byte* p;
    if (tag != kSmallBig || !number(1, &size) || size > 4 || !number(1, &sign) || !take(size, &p)) return false;
    v = 0;
    for (std::size_t i = size; i-- > 0;) v = v << 8 | p[i];
  }
  *out = static_cast<std::uint32_t>(v);
  return true;
}

// --- identifiers ----------------------------------------------------------------------------------------------------------

bool Decoder::pid(unsigned tag, Term* out) {
  constexpr std::uint32_t kNumberBits = 28;
  Term name;
  std::uint32_t id;
  std::uint32_t serial;
  std::uint32_t cr;
  if (!next_atom(&name) || !number32(&id) || !number32(&serial) || !creation(tag == kNewPid, &cr)) return false;
  if (is_this_node(name, cr)) {
    if (id >> kNumberBits != 0 || serial >> (58 - kNumberBits) != 0) return false;
    *out = Term::local_pid(Word{serial} << kNumberBits | id);
  } else {
    *out = term::make_external_pid(heap(), term::intern_node(name, cr), id, serial);
  }
  return true;
}

bool Decoder::port(unsigned tag, Word* to) {
  Term name;
  std::uint64_t id;
  std::uint32_t cr;
  if (!next_atom(&name) || !number(tag == kV4Port ? 8 : 4, &id) || !creation(tag != kPort, &cr)) return false;
  if (!is_this_node(name, cr)) return put(to, term::make_external_port(heap(), term::intern_node(name, cr), id));
  return id >> 58 == 0 && put(to, Term::local_port(id));
}

bool Decoder::reference(unsigned tag, Word* to) {
  constexpr std::size_t kMaxNumbers = 5;
  Term name;
  std::uint32_t cr;
  std::uint32_t numbers[kMaxNumbers];
  std::uint64_t count = 1;
  if (tag == kReference) {
    if (!next_atom(&name) || !number32(&numbers[0]) || !creation(false, &cr)) return false;
  } else {
    if (!number(2, &count) || count == 0 || count > kMaxNumbers || !next_atom(&name) || !creation(tag == kNewerReference, &cr))
      return false;
    for (std::size_t i = 0; i < count; i++) {
      if (!number32(&numbers[i])) return false;
    }
  }
  if (tag != kNewerReference && numbers[0] >> kLocalRefBits != 0) return false;
  return make_reference(name, cr, std::span(numbers, count), to);
}

bool Decoder::make_reference(Term name, std::uint32_t cr, std::span<const std::uint32_t> numbers, Word* to) {
  constexpr std::size_t kPlainNumbers = 3;
  if (!is_this_node(name, cr)) return put(to, term::make_external_ref(heap(), term::intern_node(name, cr), numbers));
  if (numbers[0] >> kLocalRefBits != 0) return false;
  const DecodeHooks* hooks = options_.hooks;
  if (hooks != nullptr && hooks->local_ref != nullptr) return put(to, hooks->local_ref(hooks->context, heap(), numbers));
  std::uint32_t plain[kPlainNumbers] = {};
  if (numbers.size() > kPlainNumbers) return false;
  std::copy(numbers.begin(), numbers.end(), plain);
  return put(to, term::make_ref(heap(), plain));
}

bool Decoder::export_fun(Word* to) {
  Term module;
  Term function;
  std::uint32_t arity;
  if (!next_atom(&module) || !next_atom(&function) || !next_small(&arity) || arity > 255) return false;
  const DecodeHooks* hooks = options_.hooks;
  return hooks != nullptr && hooks->export_fun != nullptr && put(to, hooks->export_fun(hooks->context, heap(), module, function, arity));
}

// --- containers -----------------------------------------------------------------------------------------------------------

bool Decoder::cells(unsigned tag, Word* to) {
  std::uint64_t count;
  if (!number(tag == kSmallTuple ? 1 : 4, &count) || !can_hold(count)) return false;
  tuple(count, to);
  return true;
}

bool Decoder::list(Word* to) {
  std::uint64_t count;
  if (!number(4, &count) || !can_hold(count + 1)) return false;
  if (count == 0) {
    push(to, 1, 1);
    return true;
  }
  Word* p = alloc(2 * count);
  *to = Term::cons(p).bits();
  for (Word *cell = p, *end = p + 2 * count; cell != end; cell += 2) {
    cell[0] = 0;
    cell[1] = Term::cons(cell + 2).bits();
  }
  p[2 * count - 1] = term::kNil.bits();
  push(p + 2 * count - 1, 1, 1);
  push(p, count, 2);
  return true;
}

bool Decoder::string(Word* to) {
  std::uint64_t count;
  const Byte* bytes;
  if (!number(2, &count) || !take(count, &bytes)) return false;
  if (count == 0) return put(to, term::kNil);
  bytes_list(bytes, count, to);
  return true;
}

// A list of bytes, at least one.
inline void Decoder::bytes_list(const Byte* bytes, std::size_t count, Word* to) {
  Word* p = alloc(2 * count);
  *to = Term::cons(p).bits();
  for (const Byte* end = bytes + count; bytes != end; bytes++, p += 2) {
    p[0] = Term::small(*bytes).bits();
    p[1] = Term::cons(p + 2).bits();
  }
  p[-1] = term::kNil.bits();
}

bool Decoder::map(Word* to) {
  std::uint64_t count;
  if (!number(4, &count) || !can_hold(2 * count)) return false;
  if (count <= kFlatMapLimit) {
    // Keys and map lie one behind the other and are filled in turns. Writers send keys in order, so nothing has to be moved.
    const std::int32_t n = static_cast<std::int32_t>(count);
    Word* p = alloc(2 * count + 3);
    p[0] = term::HeaderWord::make(term::Kind::Tuple, count).bits();
    std::fill_n(p + 1, 2 * count + 2, Word{0});
    p[count + 1] = term::HeaderWord::make(term::Kind::FlatMap, count + 1).bits();
    p[count + 2] = Term::boxed(p).bits();
    *to = Term::boxed(p + count + 1).bits();
    if (count != 0) stack_.push({p + 1, 2 * count, n + 2, -(n + 1), Finish::FlatMap});
    owed_ += 2 * count;
    return true;
  }
  *to = 0;
  Composite c{to, true};
  c.parts = std::make_unique<Word[]>(2 * count);
  c.part_count = 2 * count;
  push(c.parts.get(), 2 * count, 1, Finish::Composite);
  composites_.push_back(std::move(c));
  return true;
}

bool Decoder::fun(Word* to) {
  std::uint32_t size;
  std::uint64_t arity;
  std::uint32_t num_free;
  Composite c{to, false};
  if (!number32(&size) || !number(1, &arity) || !take(16, &c.fun.uniq) || !number32(&c.fun.index) || !number32(&num_free)) return false;
  if (!next_atom(&c.fun.module) || !next_small(&c.fun.old_index) || !next_small(&c.fun.old_uniq)) return false;
  std::uint64_t tag;
  if (!number(1, &tag) || (tag != kPid && tag != kNewPid) || !pid(static_cast<unsigned>(tag), &c.fun.creator)) return false;
  if (num_free > kMaxCaptured || !can_hold(num_free)) return false;
  *to = 0;
  c.fun.arity = static_cast<std::uint32_t>(arity);
  c.parts = std::make_unique<Word[]>(num_free);
  c.part_count = num_free;
  push(c.parts.get(), num_free, 1, Finish::Composite);
  composites_.push_back(std::move(c));
  return true;
}

bool Decoder::finish(Composite& c) {
  if (c.is_map) return finish_large_map(c);
  const DecodeHooks* hooks = options_.hooks;
  if (hooks == nullptr || hooks->local_fun == nullptr) return false;
  c.fun.captured = {reinterpret_cast<const Term*>(c.parts.get()), c.part_count};
  return put(c.target, hooks->local_fun(hooks->context, heap(), c.fun));
}

bool Decoder::finish_large_map(Composite& c) {
  const DecodeHooks* hooks = options_.hooks;
  const std::span<const Term> pairs(reinterpret_cast<const Term*>(c.parts.get()), c.part_count);
  return hooks != nullptr && hooks->large_map != nullptr && put(c.target, hooks->large_map(hooks->context, heap(), pairs));
}

// map: the header, right behind the keys. Puts them in order, which most are in; false when one occurs twice.
bool Decoder::finish_flat_map(Word* map) {
  const std::size_t count = term::HeaderWord(*map).words() - 1;
  Word* keys = map - count;
  Word* values = map + 2;
  for (std::size_t i = 1; i < count; i++) {
    const Word key = keys[i], value = values[i];
    std::size_t at = i;
    for (; at > 0; at--) {
      const int order = term::compare_total(Term::from_bits(keys[at - 1]), Term::from_bits(key));
      if (order == 0) return false;
      if (order < 0) break;
      keys[at] = keys[at - 1];
      values[at] = values[at - 1];
    }
    keys[at] = key;
    values[at] = value;
  }
  return true;
}

}  // namespace

bool decode(std::span<const Byte> bytes, term::HeapWriter& h, Term* out, const DecodeOptions& options, std::size_t* used) {
  const Byte* const begin = bytes.data();
  if (options.version_byte) {
    if (bytes.empty() || bytes[0] != kVersion) return false;
    bytes = bytes.subspan(1);
  }
  if (!bytes.empty() && bytes[0] == kCompressed) {
    if (bytes.size() < 5) return false;
    const std::size_t size = std::size_t{bytes[1]} << 24 | std::size_t{bytes[2]} << 16 | std::size_t{bytes[3]} << 8 | bytes[4];
    bytes = bytes.subspan(5);
    if (size / kBestDeflateRatio > bytes.size()) return false;
    std::vector<Byte> plain(size);
    uLongf produced = size;
    uLong consumed = bytes.size();
    if (::uncompress2(plain.data(), &produced, bytes.data(), &consumed) != Z_OK || produced != size) return false;
    Decoder decoder(plain, h, options);
    if (!decoder.run(out) || decoder.position() != plain.data() + plain.size()) return false;
    if (used != nullptr) *used = static_cast<std::size_t>(bytes.data() + consumed - begin);
    return true;
  }
  Decoder decoder(bytes, h, options);
  if (!decoder.run(out)) return false;
  if (used != nullptr) *used = static_cast<std::size_t>(decoder.position() - begin);
  return true;
}

}  // namespace vm::etf
