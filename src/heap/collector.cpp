// SPDX-License-Identifier: Apache-2.0
#include "heap/collector.h"

#include <cstring>

#include "heap/block_cache.h"
#include "heap/copy.h"
#include "heap/object_layout.h"
#include "term/binary_data.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

inline bool in_range(const Word* p, const Word* begin, std::size_t words) {
  return reinterpret_cast<Word>(p) - reinterpret_cast<Word>(begin) < words * kWordBytes;
}

}  // namespace

// Whether the object at p is to be copied by this collection. Young terms lie in the block or in fragments; what is neither old nor
// literal, nor in the block, nor copied already (the links of a list point to cells of the new space) must be in a fragment.
template <bool kMinor>
inline bool Collector::moves(const Word* p) const {
  if (VM_LIKELY(in_range(p, from_start_, from_words_))) return true;
  if (is_literal(p) || in_range(p, to_start_, to_words_)) return false;
  return !kMinor || !in_range(p, old_start_, old_words_);
}

template <bool kMinor>
inline Word*& Collector::target_for(const Word* p) {
  if (kMinor && in_range(p, from_start_, mature_words_)) return old_top_;
  return to_top_;
}

// Copies the list that starts at `cell` as far as its cells are young, unmoved and bound for the same space.
template <bool kMinor>
Word Collector::evacuate_list(Word* cell) {
  Word* first = nullptr;
  Word* previous = nullptr;
  Word*& top = target_for<kMinor>(cell);
  for (;;) {
    Word* copy = top;
    top += 2;
    copy[0] = cell[0];
    Word tail = cell[1];
    copy[1] = tail;
    Word moved = Term::cons(copy).bits();
    cell[0] = Term::kNonValue;
    cell[1] = moved;
    if (previous) previous[1] = moved;
    else first = copy;
    previous = copy;
    if ((tail & 7) != 2) break;
    cell = reinterpret_cast<Word*>(tail - 2);
    if (!moves<kMinor>(cell)) break;
    if (cell[0] == Term::kNonValue) {
      copy[1] = cell[1];
      break;
    }
    if (kMinor && &target_for<kMinor>(cell) != &top) break;  // the scan goes on with it
  }
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
  Word header = object[0];
  if ((header & 7) == 1) return header;  // moved already
  std::size_t words = HeaderWord(header).words() + 1;
  Word*& top = target_for<kMinor>(object);
  Word* copy = top;
  top += words;
  for (std::size_t i = 0; i < words; i++) copy[i] = object[i];
  return object[0] = Term::boxed(copy).bits();
}

// Scans to-space words from p until `end` (which grows meanwhile); answers the new end.
template <bool kMinor>
Word* Collector::scan(Word* p, Word* const& end) {
  while (p < end) {
    Word w = *p;
    if (Term::from_bits(w).is_pointer()) {
      *p++ = evacuate<kMinor>(w);
    } else if ((w & 7) == 7 && w != Term::kNonValue) {
      HeaderWord h(w);
      ObjectShape shape = shape_of(h);
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
void Collector::run(std::size_t block_words, Term* registers, std::size_t live, RootSource& source) {
  minor_ = kMinor;
  ProcessHeap& h = heap_;
  from_start_ = h.start_;
  from_words_ = static_cast<std::size_t>(h.top_ - h.start_);
  mature_words_ = kMinor ? static_cast<std::size_t>(h.mature_ - h.start_) : 0;
  old_start_ = h.old_start_;
  old_words_ = h.old_block_words();  // all of it: terms are promoted to its free part
  Word* block = allocate_block(block_words);
  std::size_t capacity = block_capacity(block_words);
  to_start_ = to_top_ = block;
  to_words_ = capacity;
  old_top_ = h.old_top_;
  Word* old_scan = h.old_top_;
  Word* new_scan = block;

  evacuate_roots<kMinor>(registers, live);
  evacuate_stack<kMinor>();
  source.visit_roots(*this);
  do {
    new_scan = scan<kMinor>(new_scan, to_top_);
    if (kMinor) old_scan = scan<kMinor>(old_scan, old_top_);
  } while (new_scan < to_top_ || (kMinor && old_scan < old_top_));

  h.old_top_ = old_top_;
  sweep_off_heap(kMinor);

  std::size_t stack = h.stack_words();
  Word* end = block + capacity;
  std::memcpy(end - stack, h.limit_, stack * kWordBytes);
  // Under stress a stale pointer shall meet nonsense, not yesterday's term.
  if (stress_modes.collect_every_point) std::memset(h.start_, 0xDB, h.block_words() * kWordBytes);
  free_block(h.start_, h.block_words());
  while (HeapFragment* f = h.fragments_) {
    h.fragments_ = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Keep);
  }
  h.fragment_words_ = h.fragment_capacity_ = 0;
  if (!kMinor && h.old_start_) {
    free_block(h.old_start_, h.old_block_words());
    h.old_start_ = h.old_top_ = h.old_end_ = nullptr;
  }
  h.start_ = block;
  h.end_ = end;
  h.limit_ = end - stack;
  h.top_ = h.mature_ = to_top_;
}

// Relinks the survivors of one list to the list of the space they went to; drops the references of the dead.
void Collector::sweep_list(term::OffHeapList from, bool minor) {
  Word* p = from.first;
  while (p) {
    Word* next = term::OffHeapList::next(p);
    bool moved = (*p & 7) == 1;
    Word* at = moved ? reinterpret_cast<Word*>(*p - 1) : p;
    if (moved) {
      // Where an object went tells its generation: the old heap grew, or the new block did.
      bool old = minor && in_range(at, heap_.old_start_, heap_.old_block_words());
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
    sweep_list(old, false);
  }
  sweep_list(young, minor);
}

void Collector::minor(std::size_t block_words, Term* registers, std::size_t live, RootSource& source) {
  run<true>(block_words, registers, live, source);
}

void Collector::resize(std::size_t block_words, Term* registers, std::size_t live, RootSource& source) {
  heap_.mature_ = heap_.start_;
  run<true>(block_words, registers, live, source);
}

void Collector::major(std::size_t block_words, Term* registers, std::size_t live, RootSource& source) {
  run<false>(block_words, registers, live, source);
}

}  // namespace vm::heap
