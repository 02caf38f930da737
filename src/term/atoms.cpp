// SPDX-License-Identifier: Apache-2.0
//
// Rules. 1. An entry never moves and never changes once its slot in the index is published, so readers take no lock.
// 2. Entries lie in segments that double in size; the segment is found from the leading bit of the index.
// 3. The index is open addressing over 64-bit slots (hash << 32 | atom index + 1). Writers hold the lock; growing publishes a new index through an
// atomic pointer and keeps the old one, which a reader may still be probing (together they are smaller than the new one).
#include "term/atoms.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <memory>

#include "sync/mutex.h"

namespace vm::term {
namespace {

struct Entry : AtomTable::Name {
  std::uint32_t ordinal;
  std::uint32_t hash;
};

struct StaticName {
  const char* text;
  std::uint32_t bytes;
};
constexpr StaticName kStaticNames[] = {
#include "term/atom_names.gen.inc"
};
static_assert(std::size(kStaticNames) == atoms::kStaticAtomCount);

constexpr unsigned kFirstSegmentBits = 10;
constexpr unsigned kSegments = 32 - kFirstSegmentBits + 1;

struct Position {
  unsigned segment;
  std::uint32_t offset;
};
// Segment 0 holds 1024 entries, segment k > 0 the next 1024 << (k - 1).
constexpr Position position_of(std::uint32_t index) {
  unsigned segment = static_cast<unsigned>(std::bit_width(index >> kFirstSegmentBits));
  return {segment, segment == 0 ? index : index - (std::uint32_t{1} << (segment - 1 + kFirstSegmentBits))};
}
constexpr std::size_t segment_size(unsigned segment) {
  return std::size_t{1} << (segment == 0 ? kFirstSegmentBits : segment - 1 + kFirstSegmentBits);
}

struct Index {
  std::size_t mask;
  Index* previous;  // kept reachable for readers that still probe it
  std::unique_ptr<std::atomic<Word>[]> slots;

  explicit Index(std::size_t size, Index* before) : mask(size - 1), previous(before), slots(new std::atomic<Word>[size]()) {}
};

// FNV-1a with a final mix; only the index uses it.
std::uint32_t index_hash(std::string_view text) {
  Word h = 0xcbf29ce484222325u;
  for (char c : text) h = (h ^ static_cast<Byte>(c)) * 0x100000001b3u;
  h ^= h >> 32;
  h *= 0x9E3779B97F4A7C15u;
  return static_cast<std::uint32_t>(h >> 32);
}

// P. J. Weinberger's hash over Latin-1 characters where a two-byte sequence stands for one, else over bytes.
std::uint32_t portable_hash(std::string_view text) {
  std::uint32_t h = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    Byte v = static_cast<Byte>(text[i]);
    if (i + 1 < text.size() && (v & 0xFE) == 0xC2 && (static_cast<Byte>(text[i + 1]) & 0xC0) == 0x80) {
      i++;
      v = static_cast<Byte>(v << 6 | (static_cast<Byte>(text[i]) & 0x3F));
    }
    h = (h << 4) + v;
    std::uint32_t g = h & 0xF0000000;
    if (g != 0) h = (h ^ g >> 24) ^ g;
  }
  return h;
}

std::uint32_t ordinal_of(std::string_view text) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; i++) value = value << 8 | (i < text.size() ? static_cast<Byte>(text[i]) : 0u);
  return value >> 1;
}

std::atomic<std::size_t> atom_limit{1048576};

// Outside the table so that reading an atom is two loads.
constinit std::array<std::atomic<Entry*>, kSegments> segments{};

class Table {
 public:
  Table() {
    index_.store(new Index(4096, nullptr), std::memory_order_relaxed);
    sync::MutexGuard guard(lock_);
    for (const StaticName& name : kStaticNames) add_locked({name.text, name.bytes}, index_hash({name.text, name.bytes}), Storage::Static);
    // Only now, for readers of static atoms take a published segment as complete.
    for (unsigned i = 0; i < kSegments; i++) segments[i].store(own_segments_[i], std::memory_order_release);
  }

  static const Entry& entry(std::uint32_t index) {
    Position p = position_of(index);
    return segments[p.segment].load(std::memory_order_acquire)[p.offset];
  }
  std::size_t count() const { return count_.load(std::memory_order_acquire); }
  std::size_t text_bytes() const { return text_bytes_.load(std::memory_order_relaxed); }

  Term find(std::string_view text, std::uint32_t hash) const {
    const Index& index = *index_.load(std::memory_order_acquire);
    for (std::size_t i = hash & index.mask;; i = (i + 1) & index.mask) {
      Word slot = index.slots[i].load(std::memory_order_acquire);
      if (slot == 0) return Term::non_value();
      if (slot >> 32 != hash) continue;
      std::uint32_t atom = static_cast<std::uint32_t>(slot) - 1;
      const Entry& e = entry(atom);
      if (e.bytes == text.size() && std::memcmp(e.text, text.data(), text.size()) == 0) return Term::atom(atom);
    }
  }

  Term intern(std::string_view text) {
    std::uint32_t hash = index_hash(text);
    Term found = find(text, hash);
    if (VM_LIKELY(found.is_value())) return found;
    sync::MutexGuard guard(lock_);
    found = find(text, hash);
    if (found.is_value()) return found;
    if (count() >= atom_limit.load(std::memory_order_relaxed)) return Term::non_value();
    return add_locked(text, hash, Storage::Copy);
  }

 private:
  enum class Storage { Static, Copy };

  Term add_locked(std::string_view text, std::uint32_t hash, Storage storage) VM_REQUIRES(lock_) {
    std::uint32_t number = static_cast<std::uint32_t>(count_.load(std::memory_order_relaxed));
    Position p = position_of(number);
    Entry*& segment = own_segments_[p.segment];
    if (segment == nullptr) {
      segment = new Entry[segment_size(p.segment)]();
      if (storage == Storage::Copy) segments[p.segment].store(segment, std::memory_order_release);
    }
    Entry& e = segment[p.offset];
    e.text = storage == Storage::Static ? text.data() : keep_text_locked(text);
    e.bytes = static_cast<std::uint32_t>(text.size());
    e.characters = 0;
    e.latin1 = true;
    for (char c : text) {
      Byte b = static_cast<Byte>(c);
      if ((b & 0xC0) != 0x80) e.characters++;
      if (b >= 0xC4) e.latin1 = false;
    }
    e.ordinal = ordinal_of(text);
    e.hash = portable_hash(text);
    text_bytes_.fetch_add(text.size(), std::memory_order_relaxed);
    count_.store(number + 1, std::memory_order_release);
    publish_locked(hash, number);
    return Term::atom(number);
  }

  // Texts lie in blocks that are never freed.
  const char* keep_text_locked(std::string_view text) VM_REQUIRES(lock_) {
    constexpr std::size_t kBlock = 1 << 16;
    if (block_ == nullptr || block_used_ + text.size() > kBlock) {
      char* block = static_cast<char*>(std::malloc(kBlock));
      VM_CHECK(block != nullptr);
      block_ = block;
      block_used_ = 0;
    }
    char* place = block_ + block_used_;
    std::memcpy(place, text.data(), text.size());
    block_used_ += text.size();
    return place;
  }

  void publish_locked(std::uint32_t hash, std::uint32_t number) VM_REQUIRES(lock_) {
    Index* index = index_.load(std::memory_order_relaxed);
    if ((std::size_t{number} + 1) * 2 > index->mask) {
      Index* bigger = new Index((index->mask + 1) * 4, index);
      for (std::size_t i = 0; i <= index->mask; i++) {
        Word slot = index->slots[i].load(std::memory_order_relaxed);
        if (slot != 0) put(*bigger, slot);
      }
      put(*bigger, Word{hash} << 32 | (number + 1));
      index_.store(bigger, std::memory_order_release);
      return;
    }
    put(*index, Word{hash} << 32 | (number + 1));
  }

  static void put(Index& index, Word slot) {
    std::size_t i = (slot >> 32) & index.mask;
    while (index.slots[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & index.mask;
    index.slots[i].store(slot, std::memory_order_release);
  }

  sync::Mutex lock_{sync::LockRank::Atoms};
  std::array<Entry*, kSegments> own_segments_ VM_GUARDED_BY(lock_){};
  std::atomic<Index*> index_{nullptr};
  std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> text_bytes_{0};
  char* block_ VM_GUARDED_BY(lock_) = nullptr;
  std::size_t block_used_ VM_GUARDED_BY(lock_) = 0;
};

// Made at first use, never destroyed: atoms outlive every thread.
Table& table() {
  static Table* the_table = new Table;
  return *the_table;
}

inline const Entry& entry_of(Term atom) {
  VM_ASSERT(atom.is_atom());
  Position p = position_of(atom.atom_index());
  Entry* segment = segments[p.segment].load(std::memory_order_acquire);
  // Only a static atom can be known before the table is.
  if (VM_UNLIKELY(segment == nullptr)) return (table(), Table::entry(atom.atom_index()));
  return segment[p.offset];
}

}  // namespace

void AtomTable::set_limit(std::size_t limit) { atom_limit.store(limit, std::memory_order_relaxed); }
std::size_t AtomTable::limit() { return atom_limit.load(std::memory_order_relaxed); }
std::size_t AtomTable::count() { return table().count(); }

Term AtomTable::intern(std::string_view utf8) { return table().intern(utf8); }

Term AtomTable::intern_latin1(std::string_view latin1) {
  char buffer[2 * kMaxCharacters];
  VM_CHECK(latin1.size() <= kMaxCharacters);
  std::size_t n = 0;
  for (char c : latin1) {
    Byte b = static_cast<Byte>(c);
    if (b < 0x80) {
      buffer[n++] = c;
    } else {
      buffer[n++] = static_cast<char>(0xC0 | b >> 6);
      buffer[n++] = static_cast<char>(0x80 | (b & 0x3F));
    }
  }
  return intern({buffer, n});
}

Term AtomTable::find(std::string_view utf8) { return table().find(utf8, index_hash(utf8)); }
std::string_view AtomTable::text(Term atom) {
  const Entry& e = entry_of(atom);
  return {e.text, e.bytes};
}
const AtomTable::Name& AtomTable::name(Term atom) { return entry_of(atom); }
std::size_t AtomTable::length(Term atom) { return entry_of(atom).characters; }
std::uint32_t AtomTable::ordinal(Term atom) { return entry_of(atom).ordinal; }
std::uint32_t AtomTable::hash(Term atom) { return entry_of(atom).hash; }
bool AtomTable::is_latin1(Term atom) { return entry_of(atom).latin1; }
std::size_t AtomTable::memory_bytes() { return table().text_bytes(); }
Term AtomTable::at(std::uint32_t index) { return index < count() ? Term::atom(index) : Term::non_value(); }

}  // namespace vm::term
