// SPDX-License-Identifier: Apache-2.0
#include "heap/copy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "heap/evacuation.h"
#include "heap/object_layout.h"
#include "heap/shallow.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

// Above this many words a term is measured again with sharing in mind: its flat size may be exponential in its real one. Sharing is looked for in an
// eighth of so many words; a term that is larger even so is given eight times the room, and so on. So one without sharing is looked through in a seventh
// part, for looking takes several times as long as copying, and one with much costs what it really is, times a few.
constexpr std::size_t kSharingThreshold = 64 * 1024;
constexpr std::size_t kMoreRoom = 8;
constexpr std::size_t kExplosion = 8;  // a copy this many times as large as the term would do harm
// Messages up to this size are copied without being measured first.
constexpr std::size_t kSmallMessage = 32 - sizeof(HeapFragment) / kWordBytes;

// Evacuate: shared unless their area is on its way out.
enum class Literals { Share, Evacuate, Copy };

const Word* address_of(Word w) { return reinterpret_cast<const Word*>(w & ~Word{7}); }

template <Literals kMode>
inline bool is_copied(Word w) {
  if (!Term::from_bits(w).is_pointer()) return false;
  if (kMode == Literals::Copy || !is_literal(address_of(w))) return true;
  return kMode == Literals::Evacuate && is_evacuating(address_of(w));
}

// Work put off: the first entries lie in place, so that a small term costs no allocation. Pushing is a test and a store.
template <typename Entry>
class WorkStack {
 public:
  WorkStack() = default;
  WorkStack(const WorkStack&) = delete;
  ~WorkStack() {
    if (begin_ != in_place_) delete[] begin_;
  }
  bool empty() const { return top_ == begin_; }
  [[gnu::always_inline]] void push(const Entry& e) {
    if (VM_UNLIKELY(top_ == end_)) grow();
    *top_++ = e;
  }
  Entry pop() { return *--top_; }

 private:
  [[gnu::noinline]] void grow() {
    const auto count = static_cast<std::size_t>(end_ - begin_);
    auto* larger = new Entry[count * 2];
    std::copy(begin_, end_, larger);
    if (begin_ != in_place_) delete[] begin_;
    begin_ = larger;
    top_ = larger + count;
    end_ = larger + count * 2;
  }

  static constexpr std::size_t kInPlace = 32;
  Entry in_place_[kInPlace];
  Entry* begin_ = in_place_;
  Entry* top_ = in_place_;
  Entry* end_ = in_place_ + kInPlace;
};

struct Fields {
  const Word* next;
  const Word* end;
};

// Counts words, depth first: what waits is one entry per level. Stops beyond `limit` and answers more than it.
template <Literals kMode>
std::size_t measure(Term t, std::size_t limit) {
  WorkStack<Fields> rest;
  std::size_t total = 0;
  Word w = t.bits();
  Fields now{&w, &w + 1};
  for (;;) {
    while (now.next < now.end) {
      Word field = *now.next++;
      if (!is_copied<kMode>(field)) continue;
      const Word* p = address_of(field);
      if ((field & 7) == 2) {
        for (;;) {  // along the list, until a head needs a visit
          total += 2;
          if (VM_UNLIKELY(total > limit)) return total;
          if (is_copied<kMode>(p[0])) {
            if (now.next < now.end) rest.push(now);
            now = {p, p + 2};
            break;
          }
          field = p[1];
          if (!is_copied<kMode>(field)) break;
          p = address_of(field);
          if ((field & 7) != 2) break;
        }
        if (!is_copied<kMode>(field) || (field & 7) == 2) continue;
      }
      const HeaderWord h(p[0]);
      const ObjectShape shape = shape_of(h);
      total += h.words() + 1;
      if (VM_UNLIKELY(total > limit)) return total;
      bool pointers = false;
      for (std::size_t i = shape.first_term; i < shape.end_terms; i++) pointers |= Term::from_bits(p[i]).is_pointer();
      if (!pointers) continue;
      if (now.next < now.end) rest.push(now);
      now = {p + shape.first_term, p + shape.end_terms};
    }
    if (rest.empty()) return total;
    now = rest.pop();
  }
}

// Objects of a term with much sharing: tagged address -> copy, 0 while there is none. Open addressing.
class Seen {
 public:
  explicit Seen(std::size_t first = std::size_t{1} << 13) : slots_(first) {}  // a power of two
  // Whether it is new.
  bool add(Word w) {
    Slot& s = slot(w);
    if (s.key) return false;
    s.key = w;
    if (++used_ * 2 > slots_.size()) grow();
    return true;
  }
  Word& copy_of(Word w) {  // of an object that was added
    return slot(w).copy;
  }

 private:
  struct Slot {
    Word key = 0;
    Word copy = 0;
  };

  Slot& slot(Word w) {
    const std::size_t mask = slots_.size() - 1;
    Word hash = w * 0x9E3779B97F4A7C15;
    for (std::size_t i = (hash ^ hash >> 32) & mask;; i = (i + 1) & mask)
      if (slots_[i].key == w || !slots_[i].key) return slots_[i];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& s : old)
      if (s.key) slot(s.key).key = s.key;
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

// Counts words, each object once. Stops beyond `limit` and answers more than it. Nothing may have been copied yet: growing forgets copies.
template <Literals kMode>
std::size_t measure_shared(Term t, Seen& seen, std::size_t limit = ~std::size_t{0}) {
  std::size_t total = 0;
  std::vector<Word> rest{t.bits()};
  while (!rest.empty() && total <= limit) {
    Word w = rest.back();
    rest.pop_back();
    while (total <= limit && is_copied<kMode>(w) && seen.add(w)) {
      const Word* p = address_of(w);
      if ((w & 7) == 2) {
        total += 2;
        if (is_copied<kMode>(p[0])) rest.push_back(p[0]);
        w = p[1];
        continue;
      }
      HeaderWord h(p[0]);
      ObjectShape shape = shape_of(h);
      total += h.words() + 1;
      for (std::size_t i = shape.first_term; i < shape.end_terms; i++)
        if (is_copied<kMode>(p[i])) rest.push_back(p[i]);
      break;
    }
  }
  return total;
}

// Makes the words of an object that is no tuple an object of their own: counted and linked where that is to be.
void hold_copy(Word* copy, HeaderWord h, term::OffHeapList& off_heap) {
  switch (h.kind()) {
    case Kind::RefcBinary: {
      auto* data = reinterpret_cast<term::BinaryData*>(copy[term::RefcBinaryWords::kData]);
      data->add_ref();
      off_heap.link(copy, data->size);
      break;
    }
    case Kind::MagicRef:
      reinterpret_cast<term::MagicData*>(copy[4])->add_ref();
      off_heap.link(copy, 0);
      break;
    case Kind::SubBits:  // only its maker may append in place
      copy[0] = HeaderWord::make(Kind::SubBits, h.words()).bits();
      break;
    default: break;
  }
}

// Copies into one block. A list is copied whole, so that its cells lie in sequence, then what its heads refer to; an object, then what its
// fields refer to. A field that waits holds the source's word.
enum class Sharing { Ignore, Keep };

template <Literals kMode, Sharing kSharing>
class Copier {
 public:
  Copier(Word* to, term::OffHeapList& off_heap, Seen* seen) : top_(to), off_heap_(off_heap), seen_(seen) {}

  Term run(Term t) {
    Word root = t.bits();
    now_ = {&root, &root + 1, 1};
    for (;;) {
      while (now_.next < now_.end) {
        Word* slot = now_.next;
        now_.next += now_.stride;
        if (!is_copied<kMode>(*slot)) continue;
        if (kSharing == Sharing::Keep) {
          if (Word copy = seen_->copy_of(*slot)) {
            *slot = copy;
            continue;
          }
        }
        if ((*slot & 7) == 2) list(slot);
        else object(slot);
      }
      if (rest_.empty()) return Term::from_bits(root);
      now_ = rest_.pop();
    }
  }
  Word* end() const { return top_; }

 private:
  // Waiting fields: every `stride`th word, 2 for the heads of a list.
  struct Waiting {
    Word* next;
    Word* end;
    std::ptrdiff_t stride;
  };

  [[gnu::always_inline]] void visit(const Waiting& fields) {
    if (now_.next < now_.end) rest_.push(now_);
    now_ = fields;
  }

  [[gnu::always_inline]] void list(Word* slot) {
    Word w = *slot;
    Word* const first = top_;
    Word* copy = first;
    bool pointers = false;
    *slot = Term::cons(first).bits();
    for (;;) {
      const Word* cell = address_of(w);
      if (kSharing == Sharing::Keep) seen_->copy_of(w) = Term::cons(copy).bits();
      const Word head = cell[0];
      w = cell[1];
      pointers |= Term::from_bits(head).is_pointer();
      copy[0] = head;
      copy += 2;
      if ((w & 7) != 2 || !is_copied<kMode>(w)) break;
      if (kSharing == Sharing::Keep) {
        if (Word before = seen_->copy_of(w)) {
          w = before;
          break;
        }
      }
      copy[-1] = Term::cons(copy).bits();  // the next cell comes right behind
    }
    copy[-1] = w;
    top_ = copy;
    if ((w & 7) == 1) visit({copy - 1, copy, 1});  // improper
    if (pointers) visit({first, copy, 2});
  }

  [[gnu::always_inline]] void object(Word* slot) {
    const Word* p = address_of(*slot);
    const HeaderWord h(p[0]);
    const std::size_t words = h.words() + 1;
    Word* copy = top_;
    top_ += words;
    const Word moved = Term::boxed(copy).bits();
    if (kSharing == Sharing::Keep) seen_->copy_of(*slot) = moved;
    *slot = moved;
    if (h.kind() == Kind::Tuple) {
      copy[0] = p[0];
      bool pointers = false;
      for (std::size_t i = 1; i < words; i++) {
        const Word w = p[i];
        pointers |= Term::from_bits(w).is_pointer();
        copy[i] = w;
      }
      if (pointers) visit({copy + 1, copy + words, 1});
      return;
    }
    for (std::size_t i = 0; i < words; i++) copy[i] = p[i];
    hold_copy(copy, h, off_heap_);
    const ObjectShape shape = shape_of(h);
    if (shape.first_term != shape.end_terms) visit({copy + shape.first_term, copy + shape.end_terms, 1});
  }

  Word* top_;
  term::OffHeapList& off_heap_;
  Seen* seen_;
  Waiting now_{};
  WorkStack<Waiting> rest_;
};

template <Literals kMode, Sharing kSharing>
Term fill(Term t, Word* block, std::size_t words, term::OffHeapList& off_heap, Seen* seen) {
  Copier<kMode, kSharing> copier(block, off_heap, seen);
  const Term result = copier.run(t);
  VM_CHECK(copier.end() == block + words);
  return result;
}

constexpr std::size_t kFew = 64;

// Words of t's copy. Where it keeps sharing, `seen` has all objects.
template <Literals kMode>
std::size_t plan_copy(Term t, std::optional<Seen>& seen) {
  for (std::size_t limit = kSharingThreshold;; limit *= kMoreRoom) {
    const std::size_t flat = measure<kMode>(t, limit);
    if (VM_LIKELY(flat <= limit)) {
      seen.reset();
      return flat;
    }
    const std::size_t words = measure_shared<kMode>(t, seen.emplace(), limit / kExplosion);
    if (words <= limit / kExplosion) return words;
  }
}

template <Literals kMode>
Term copy_keeping_sharing(Term t, term::HeapWriter& to, Seen&& seen) {
  const std::size_t words = measure_shared<kMode>(t, seen);
  return fill<kMode, Sharing::Keep>(t, to.alloc(words), words, to.off_heap(), &seen);
}

template <Literals kMode>
Term copy_term(Term t, term::HeapWriter& to) {
  if (!is_copied<kMode>(t.bits())) return t;
  std::optional<Seen> seen;
  const std::size_t words = plan_copy<kMode>(t, seen);
  if (VM_UNLIKELY(seen.has_value())) return fill<kMode, Sharing::Keep>(t, to.alloc(words), words, to.off_heap(), &*seen);
  return fill<kMode, Sharing::Ignore>(t, to.alloc(words), words, to.off_heap(), nullptr);
}

template <Literals kMode>
CopySize size_of_copy(Term t) {
  std::optional<Seen> seen;
  const std::size_t words = plan_copy<kMode>(t, seen);
  return {words, seen.has_value(), false};
}

// Copies a message of few words, breadth first: what was copied and not looked at yet is all there is to remember. False: it doesn't fit; what
// was linked into `off_heap` until then stays there.
template <Literals kMode>
bool copy_breadth_first(Word* root, Word* const to, std::size_t room, term::OffHeapList& off_heap, Word** end) {
  Word* top = to;  // these are locals, so that what is written to the copy can't change them
  Word* const limit = to + room;
  const auto take = [&](Word * slot) __attribute__((always_inline)) {
    const Word* p = address_of(*slot);
    Word* const copy = top;
    if ((*slot & 7) == 2) {
      if (VM_UNLIKELY(limit - copy < 2)) return false;
      copy[0] = p[0];
      copy[1] = p[1];
      top = copy + 2;
      *slot = Term::cons(copy).bits();
      return true;
    }
    const HeaderWord h(p[0]);
    const std::size_t words = h.words();
    if (VM_UNLIKELY(static_cast<std::size_t>(limit - copy) <= words)) return false;
    copy[0] = h.bits();
    for (std::size_t i = 1; i <= words; i++) copy[i] = p[i];
    top = copy + words + 1;
    *slot = Term::boxed(copy).bits();
    if (VM_LIKELY(!is_off_heap_kind(h.kind()) && h.kind() != Kind::SubBits)) return true;
    hold_copy(copy, h, off_heap);
    return true;
  };
  if (!take(root)) return false;
  for (Word* p = to; p < top;) {
    const Word w = *p;
    if (Term::from_bits(w).is_pointer()) {
      if (is_copied<kMode>(w) && !take(p)) return false;
      p++;
    } else if ((w & 7) != 7 || HeaderWord(w).kind() == Kind::Tuple) {
      p++;
    } else {
      const HeaderWord h(w);
      const ObjectShape shape = shape_of(h);
      for (Word *q = p + shape.first_term, *last = p + shape.end_terms; q < last; q++)
        if (is_copied<kMode>(*q) && !take(q)) return false;
      p += h.words() + 1;
    }
  }
  *end = top;
  return true;
}

template <Literals kMode>
bool copy_small(Term t, OwnedTerm& owned) {
  HeapFragment* f = HeapFragment::allocate(kSmallMessage);
  Word root = t.bits();
  Word* end;
  if (VM_UNLIKELY(!copy_breadth_first<kMode>(&root, f->data, f->capacity, f->off_heap, &end))) {
    HeapFragment::release(f, HeapFragment::OffHeap::Release);
    return false;
  }
  f->used = static_cast<std::size_t>(end - f->data);
  owned.term = Term::from_bits(root);
  owned.fragments = f;
  return true;
}

}  // namespace

std::size_t flat_size(Term t) { return measure<Literals::Share>(t, static_cast<std::size_t>(-1)); }

Term copy(Term t, term::HeapWriter& to) {
  return literals_evacuate() ? copy_term<Literals::Evacuate>(t, to) : copy_term<Literals::Share>(t, to);
}

Term copy_measured(Term t, CopySize size, term::HeapWriter& to) {
  if (size.shared)
    return size.evacuate ? copy_keeping_sharing<Literals::Evacuate>(t, to, Seen()) : copy_keeping_sharing<Literals::Share>(t, to, Seen());
  if (size.words == 0) return t;
  Word* block = to.alloc(size.words);
  if (size.evacuate) return fill<Literals::Evacuate, Sharing::Ignore>(t, block, size.words, to.off_heap(), nullptr);
  return fill<Literals::Share, Sharing::Ignore>(t, block, size.words, to.off_heap(), nullptr);
}

CopySize copy_size(Term t) {
  if (!literals_evacuate()) return size_of_copy<Literals::Share>(t);
  CopySize size = size_of_copy<Literals::Evacuate>(t);
  size.evacuate = true;
  return size;
}

std::size_t copied_words(Term t) { return copy_size(t).words; }

std::size_t copied_words_with_literals(Term t) { return size_of_copy<Literals::Copy>(t).words; }

Term copy_with_literals(Term t, term::HeapWriter& to) { return copy_term<Literals::Copy>(t, to); }

std::size_t copied_words_sharing_all(Term t) {
  if (!is_copied<Literals::Copy>(t.bits())) return 0;
  Seen seen(kFew);
  return measure_shared<Literals::Copy>(t, seen);
}

Term copy_sharing_all(Term t, term::HeapWriter& to) {
  return is_copied<Literals::Copy>(t.bits()) ? copy_keeping_sharing<Literals::Copy>(t, to, Seen(kFew)) : t;
}

namespace {

template <Literals kMode>
OwnedTerm fragment_copy(Term t) {
  OwnedTerm owned;
  if (!is_copied<kMode>(t.bits())) {
    owned.term = t;
    return owned;
  }
  if (const std::size_t words = shallow_words(t)) {
    owned.fragments = HeapFragment::allocate(words);
    owned.fragments->used = words;
    owned.term = copy_shallow(t, owned.fragments->data);
    return owned;
  }
  if (VM_LIKELY(copy_small<kMode>(t, owned))) return owned;
  FragmentWriter writer;
  owned.term = copy_term<kMode>(t, writer);
  owned.fragments = writer.take();
  return owned;
}

}  // namespace

OwnedTerm copy_to_fragment(Term t) {
  return literals_evacuate() ? fragment_copy<Literals::Evacuate>(t) : fragment_copy<Literals::Share>(t);
}

bool copy_few_words(Term t, term::HeapWriter& to, std::size_t room, Term* copy) {
  if (literals_evacuate()) return false;
  Word root = t.bits();
  if (is_copied<Literals::Share>(root)) {
    term::OffHeapList counted;
    Word* end;
    if (VM_UNLIKELY(!copy_breadth_first<Literals::Share>(&root, to.top_, room, counted, &end))) {
      release_off_heap(counted);
      return false;
    }
    to.top_ = end;
    to.off_heap().take(counted);
  }
  *copy = Term::from_bits(root);
  return true;
}

OwnedTerm copy_to_keep(Term t) { return fragment_copy<Literals::Copy>(t); }

void release(OwnedTerm& t) {
  while (HeapFragment* f = t.fragments) {
    t.fragments = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Release);
  }
  t.term = OwnedTerm::kNilTerm;
}

}  // namespace vm::heap
