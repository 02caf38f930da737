// SPDX-License-Identifier: Apache-2.0
#include "heap/collector.h"

#include <algorithm>
#include <cstring>

#include "heap/copy.h"
#include "heap/object_layout.h"
#include "term/binary_data.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

inline bool within(const Word* p, const Word* begin, const Word* end) {
  return reinterpret_cast<Word>(p) - reinterpret_cast<Word>(begin) < reinterpret_cast<Word>(end) - reinterpret_cast<Word>(begin);
}

// Objects are small as a rule: a loop the compiler leaves alone beats a call. Two words at a time.
inline void copy_object(Word* to, const Word* from, std::size_t words) {
  if (VM_UNLIKELY(words > 32)) {
    std::memcpy(to, from, words * kWordBytes);
    return;
  }
  const Word* last = from + words - 1;
  while (from < last) {
    std::memcpy(to, from, 2 * kWordBytes);
    to += 2;
    from += 2;
    asm volatile("" : "+r"(from));  // or it becomes a call after all
  }
  if (from == last) *to = *from;
}

// Lists of at least this many cells are worth a note.
constexpr std::ptrdiff_t kFlatWords = 32;

}  // namespace

// Whether the object at p is to be copied by this collection. Young terms lie in the block or in fragments; what is neither old nor
// literal, nor in the block, nor copied already (the links of a list point to cells of the new space) must be in a fragment.
template <bool kMinor>
inline bool Collector::moves(const Word* p) const {
  if (VM_LIKELY(within(p, from_, from_end_))) return true;
  if (!kMinor && within(p, old_, old_end_)) return true;
  if (VM_LIKELY(!fragments_)) return false;
  return !is_literal(p) && !within(p, to_, to_end_) && !(kMinor && within(p, old_, old_end_));
}

template <bool kMinor>
inline Collector::Space& Collector::space_for(const Word* p) {
  if (kMinor && within(p, from_, mature_end_)) return promoted_;
  return young_;
}

inline void Collector::note_flat(Space& space, Word* begin, Word* end) {
  if (space.skip_count == Space::kSkips) return;
  space.skips[(space.first_skip + space.skip_count) % Space::kSkips] = {begin, end};
  space.skip_count++;
}

// Copies the list that starts at `cell` as far as its cells are young, unmoved and bound for the same space.
template <bool kMinor>
inline Word Collector::evacuate_list(Word* cell) {
  Space& space = space_for<kMinor>(cell);
  Word* const first = space.top;
  Word* copy = first;
  bool flat = true;
  Word* flat_end;  // the last tail may need the scan
  for (;;) {
    const Word head = cell[0];
    const Word tail = cell[1];
    copy[0] = head;
    copy[1] = tail;
    flat &= !Term::from_bits(head).is_pointer();
    cell[0] = Term::kNonValue;
    cell[1] = Term::cons(copy).bits();
    flat_end = copy += 2;
    if ((tail & 7) != 2) {
      if (Term::from_bits(tail).is_pointer()) flat_end = copy - 2;
      break;
    }
    cell = reinterpret_cast<Word*>(tail - 2);
    if (!moves<kMinor>(cell)) break;
    if (cell[0] == Term::kNonValue) {
      copy[-1] = cell[1];
      break;
    }
    if (kMinor && &space_for<kMinor>(cell) != &space) {  // the scan goes on with it
      flat_end = copy - 2;
      break;
    }
    copy[-1] = Term::cons(copy).bits();
  }
  space.top = copy;
  if (flat && flat_end - first >= kFlatWords) note_flat(space, first, flat_end);
  return Term::cons(first).bits();
}

template <bool kMinor>
inline Word Collector::evacuate(Word w) {
  if ((w & 7) == 2) {
    Word* cell = reinterpret_cast<Word*>(w - 2);
    if (!moves<kMinor>(cell)) return w;
    if (cell[0] == Term::kNonValue) return cell[1];
    return evacuate_list<kMinor>(cell);
  }
  Word* object = reinterpret_cast<Word*>(w - 1);
  if (!moves<kMinor>(object)) return w;
  const Word header = object[0];
  if ((header & 7) == 1) return header;  // moved already
  const std::size_t words = HeaderWord(header).words() + 1;
  Space& space = space_for<kMinor>(object);
  Word* copy = space.top;
  space.top = copy + words;
  copy_object(copy, object, words);
  return object[0] = Term::boxed(copy).bits();
}

// Scans to-space words from p up to `stop`, where an object ends. Answers stop.
template <bool kMinor>
Word* Collector::scan_until(Word* p, Word* stop) {
  while (p < stop) {
    const Word w = *p;
    if (Term::from_bits(w).is_pointer()) {
      // The tail of a cell most often points to the next cell, right behind it.
      if (w != Term::cons(p + 1).bits()) *p = evacuate<kMinor>(w);
      p++;
    } else if ((w & 7) == 7 && w != Term::kNonValue) {
      const HeaderWord h(w);
      const ObjectShape shape = shape_of(h);
      Word* next = p + h.words() + 1;
      for (Word *q = p + shape.first_term, *last = p + shape.end_terms; q < last; q++)
        if (Term::from_bits(*q).is_pointer()) *q = evacuate<kMinor>(*q);
      p = next;
    } else {
      p++;
    }
  }
  return p;
}

// Scans all there is from p on, while it grows. Answers the space's end.
template <bool kMinor>
Word* Collector::scan(Word* p, Space& space) {
  for (;;) {
    if (space.skip_count) {
      const Skip skip = space.skips[space.first_skip];
      scan_until<kMinor>(p, skip.begin);
      p = skip.end;
      space.first_skip = (space.first_skip + 1) % Space::kSkips;
      space.skip_count--;
    } else if (p < space.top) {
      p = scan_until<kMinor>(p, space.top);
    } else {
      return p;
    }
  }
}

template <bool kMinor>
void Collector::evacuate_roots(Term* first, std::size_t count) {
  for (std::size_t i = 0; i < count; i++)
    if (first[i].is_pointer()) first[i] = Term::from_bits(evacuate<kMinor>(first[i].bits()));
}

void Collector::roots(Term* first, std::size_t count) {
  if (minor_) evacuate_roots<true>(first, count);
  else evacuate_roots<false>(first, count);
}

template <bool kMinor>
void Collector::evacuate_stack() {
  for (Word *p = heap_.limit_, *end = heap_.end_; p < end; p++) {
    Word w = *p;
    if (w == kFrameMarker) p++;  // the code address behind it is no term
    else if (Term::from_bits(w).is_pointer()) *p = evacuate<kMinor>(w);
  }
}

template <bool kMinor>
void Collector::run(Block block, Term* registers, std::size_t live, RootSource& source) {
  minor_ = kMinor;
  ProcessHeap& h = heap_;
  from_ = h.start_;
  from_end_ = h.top_;
  mature_end_ = kMinor ? h.mature_ : h.start_;
  fragments_ = h.fragments_ != nullptr;
  old_ = h.old_start_;
  old_end_ = kMinor ? h.old_end_ : h.old_top_;
  block_ = block;
  to_ = young_.top = block_.start;
  to_end_ = to_ + block_.words;
  promoted_.top = h.old_top_;
  Word* new_scan = to_;
  Word* old_scan = h.old_top_;

  evacuate_roots<kMinor>(registers, live);
  evacuate_stack<kMinor>();
  source.visit_roots(*this);
  do {
    new_scan = scan<kMinor>(new_scan, young_);
    if (kMinor) old_scan = scan<kMinor>(old_scan, promoted_);
  } while (new_scan < young_.top);
  VM_CHECK(young_.top <= to_end_ && (!kMinor || promoted_.top <= h.old_end_));
  survivors_ = static_cast<std::size_t>((young_.top - to_) + (promoted_.top - h.old_top_));
}

// The stack moves to the end of `block`, which becomes the young block.
void Collector::place_stack(Block block) {
  ProcessHeap& h = heap_;
  const std::size_t stack = h.stack_words();
  Word* end = block.start + block.words;
  std::memcpy(end - stack, h.limit_, stack * kWordBytes);
  // Under stress a stale pointer shall meet nonsense, not yesterday's term.
  if (stress_modes.collect_every_point) std::memset(h.start_, 0xDB, h.block_words() * kWordBytes);
  h.free_young_block();
  h.start_ = block.start;
  h.end_ = end;
  h.limit_ = end - stack;
}

void Collector::release_from_space(bool with_old) {
  ProcessHeap& h = heap_;
  while (HeapFragment* f = h.fragments_) {
    h.fragments_ = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Keep);
  }
  h.fragment_words_ = h.fragment_capacity_ = 0;
  if (!with_old || !h.old_start_) return;
  free_block(h.old_start_, h.old_block_words());
  h.old_start_ = h.old_top_ = h.old_end_ = nullptr;
}

// Relinks the survivors of one list to the list of the space they went to; drops the references of the dead.
void Collector::sweep_list(term::OffHeapList from) {
  Word* p = from.first;
  while (p) {
    Word* next = term::OffHeapList::next(p);
    bool moved = (*p & 7) == 1;
    Word* at = moved ? reinterpret_cast<Word*>(*p - 1) : p;
    if (moved) {
      // Where an object went tells its generation: the old heap grew, or the new block did.
      bool old = all_old_ || !within(at, to_, to_end_);
      std::size_t bytes = 0;
      if (HeaderWord(*at).kind() == Kind::RefcBinary)
        bytes = reinterpret_cast<term::BinaryData*>(at[term::RefcBinaryWords::kData])->size;
      (old ? heap_.off_heap_old_ : heap_.off_heap_young_).link(at, bytes);
    } else {
      term::OffHeapList dead;
      dead.first = p;
      p[1] = 0;
      release_off_heap(dead);
    }
    p = next;
  }
}

void Collector::sweep_off_heap(bool minor) {
  term::OffHeapList young = heap_.off_heap_young_;
  heap_.off_heap_young_ = term::OffHeapList{};
  if (!minor) {
    term::OffHeapList old = heap_.off_heap_old_;
    heap_.off_heap_old_ = term::OffHeapList{};
    sweep_list(old);
  }
  sweep_list(young);
}

void Collector::minor(Block block, Term* registers, std::size_t live, RootSource& source) {
  run<true>(block, registers, live, source);
  heap_.old_top_ = promoted_.top;
  sweep_off_heap(true);
  place_stack(block_);
  release_from_space(false);
  heap_.top_ = heap_.mature_ = young_.top;
}

void Collector::resize(Block block, Term* registers, std::size_t live, RootSource& source) {
  heap_.mature_ = heap_.start_;
  minor(block, registers, live, source);
}

void Collector::major(Block block, std::size_t old_from, std::size_t nursery_words, Term* registers, std::size_t live,
                      RootSource& source) {
  run<false>(block, registers, live, source);
  const auto used = static_cast<std::size_t>(young_.top - to_);
  all_old_ = old_from && used >= old_from;
  sweep_off_heap(false);
  release_from_space(true);
  if (!all_old_) {
    place_stack(block_);
    heap_.top_ = heap_.mature_ = young_.top;
    return;
  }
  const std::size_t room = used + used / 2;
  if (block_.words > 2 * room) block_.words = shrink_block(block_.start, block_.words, room);
  heap_.old_start_ = block_.start;
  heap_.old_top_ = young_.top;
  heap_.old_end_ = block_.start + block_.words;
  place_stack(allocate_block(std::max(nursery_words, 2 * heap_.stack_words() + nursery_words / 4)));
  heap_.top_ = heap_.mature_ = heap_.start_;
}

}  // namespace vm::heap
