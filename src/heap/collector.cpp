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

// Whether no element of the tuple is a pointer.
inline bool is_flat(const Word* tuple, std::size_t words) {
  for (std::size_t i = 1; i < words; i++)
    if (Term::from_bits(tuple[i]).is_pointer()) return false;
  return true;
}

// Lists and rows of tuples of at least so many words are worth a note.
constexpr std::ptrdiff_t kFlatWords = 32;
// How far ahead of the scan memory is asked for, in words: what was copied long ago has left the caches.
constexpr std::ptrdiff_t kAhead = 192;

}  // namespace

namespace {

// Whether the object at p is to be copied by this collection. Young terms lie in the block or in fragments; what is neither old nor
// literal, nor in the block, nor copied already (the links of a list point to cells of the new space) must be in a fragment.
template <bool kMinor, typename Bounds>
[[gnu::always_inline]] inline bool moves(const Bounds& b, const Word* p) {
  if (VM_LIKELY(within(p, b.from, b.from_end))) return true;
  if (!kMinor && within(p, b.old, b.old_end)) return true;
  if (VM_LIKELY(!b.fragments)) return false;
  return !is_literal(p) && !within(p, b.to, b.to_end) && !(kMinor && within(p, b.old, b.old_end));
}

template <bool kMinor, typename Bounds>
[[gnu::always_inline]] inline bool is_promoted(const Bounds& b, const Word* p) {
  return kMinor && within(p, b.from, b.mature_end);
}

}  // namespace

// Ends the row of flat tuples, before anything with a higher address is noted: notes out of order would have words scanned twice.
[[gnu::always_inline]] inline void Collector::end_flat(Tops& tops) {
  if (tops.flat_end - tops.flat_begin >= kFlatWords) young_skips_.add(tops.flat_begin, tops.flat_end);
  tops.flat_begin = tops.flat_end = nullptr;
}

// The tuple was copied to the end of the new block.
[[gnu::always_inline]] inline void Collector::note_flat(Tops& tops, Word* tuple, std::size_t words) {
  if (tops.flat_end != tuple) {
    end_flat(tops);
    tops.flat_begin = tuple;
  }
  tops.flat_end = tuple + words;
}

// The end of a loop that worked on `tops`.
inline void Collector::keep(Tops& tops) {
  end_flat(tops);
  tops_ = tops;
}

// Copies the list that starts at `cell` as far as its cells are young, unmoved and bound for the same space.
template <Collector::Mode kMode>
[[gnu::always_inline]] inline Word Collector::evacuate_list(const Bounds& b, Tops& tops, Word* cell) {
  const bool promoted = is_promoted<kMode == Mode::Minor>(b, cell);
  Word* const first = promoted ? tops.promoted : tops.young;
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
    if (!moves<kMode == Mode::Minor>(b, cell)) {
      if (kMode == Mode::Evacuate) flat_end = copy - 2;
      break;
    }
    if (cell[0] == Term::kNonValue) {
      copy[-1] = cell[1];
      break;
    }
    if (kMode == Mode::Minor && is_promoted<kMode == Mode::Minor>(b, cell) != promoted) {  // the scan goes on with it
      flat_end = copy - 2;
      break;
    }
    copy[-1] = Term::cons(copy).bits();
  }
  if (promoted) tops.promoted = copy;
  else tops.young = copy;
  if (flat && flat_end - first >= kFlatWords) {
    if (!promoted) end_flat(tops);
    (promoted ? promoted_skips_ : young_skips_).add(first, flat_end);
  }
  return Term::cons(first).bits();
}

template <Collector::Mode kMode>
[[gnu::always_inline]] inline Word Collector::evacuate(const Bounds& b, Tops& tops, Word w) {
  if ((w & 7) == 2) {
    Word* cell = reinterpret_cast<Word*>(w - 2);
    if (!moves<kMode == Mode::Minor>(b, cell)) return kMode == Mode::Evacuate ? evacuate_literal(tops, w) : w;
    if (cell[0] == Term::kNonValue) return cell[1];
    return evacuate_list<kMode>(b, tops, cell);
  }
  Word* object = reinterpret_cast<Word*>(w - 1);
  if (!moves<kMode == Mode::Minor>(b, object)) return kMode == Mode::Evacuate ? evacuate_literal(tops, w) : w;
  const Word header = object[0];
  if ((header & 7) == 1) return header;  // moved already
  const std::size_t words = HeaderWord(header).words() + 1;
  Word* copy;
  if (is_promoted<kMode == Mode::Minor>(b, object)) {
    copy = tops.promoted;
    tops.promoted = copy + words;
  } else {
    copy = tops.young;
    tops.young = copy + words;
    if (HeaderWord(header).kind() == Kind::Tuple && is_flat(object, words)) note_flat(tops, copy, words);
  }
  copy_object(copy, object, words);
  return object[0] = Term::boxed(copy).bits();
}

// Of a pointer into no space of the heap: a copy of the literal when its area is on its way out.
Word Collector::evacuate_literal(Tops& tops, Word w) {
  const Word* p = reinterpret_cast<const Word*>(w & ~Word{7});
  Word* note = is_literal(p) ? targets_->copy_of(p) : nullptr;
  if (!note) return w;
  if (*note) return *note;
  Word* copy = tops.young;
  if ((w & 7) == 2) {
    copy[0] = p[0];
    copy[1] = p[1];
    tops.young = copy + 2;
    return *note = Term::cons(copy).bits();
  }
  const HeaderWord h(p[0]);
  const std::size_t words = h.words() + 1;
  copy_object(copy, p, words);
  tops.young = copy + words;
  if (h.kind() == Kind::RefcBinary) {
    reinterpret_cast<term::BinaryData*>(copy[term::RefcBinaryWords::kData])->add_ref();
    evacuated_.link(copy, 0);
  } else if (h.kind() == Kind::MagicRef) {
    reinterpret_cast<term::MagicData*>(copy[4])->add_ref();
    evacuated_.link(copy, 0);
  }
  return *note = Term::boxed(copy).bits();
}

// Scans to-space words from p up to `stop`, where an object ends. Answers stop.
template <Collector::Mode kMode>
Word* Collector::scan_until(Word* p, Word* stop) {
  const Bounds b = bounds_;
  Tops tops = tops_;
  while (p < stop) {
    const Word w = *p;
    if (Term::from_bits(w).is_pointer()) {
      // The tail of a cell most often points to the next cell, right behind it.
      if (w != Term::cons(p + 1).bits()) *p = evacuate<kMode>(b, tops, w);
      p++;
    } else if ((w & 7) == 7 && w != Term::kNonValue) {
      __builtin_prefetch(p + kAhead);
      const HeaderWord h(w);
      Word* const next = p + h.words() + 1;
      Word *q = p + 1, *last = next;
      if (VM_UNLIKELY(h.kind() != Kind::Tuple)) {
        const ObjectShape shape = shape_of(h);
        q = p + shape.first_term;
        last = p + shape.end_terms;
      }
      for (; q < last; q++)
        if (Term::from_bits(*q).is_pointer()) *q = evacuate<kMode>(b, tops, *q);
      p = next;
    } else {
      p++;
    }
  }
  keep(tops);
  return p;
}

// Scans all there is from p on, while it grows. Answers the space's end.
template <Collector::Mode kMode>
Word* Collector::scan(Word* p, Word* const& top, Skips& skips) {
  for (;;) {
    if (skips.count) {
      const Skip skip = skips.take();
      scan_until<kMode>(p, skip.begin);
      p = skip.end;
    } else if (p < top) {
      p = scan_until<kMode>(p, top);
    } else {
      return p;
    }
  }
}

template <Collector::Mode kMode>
void Collector::evacuate_roots(Term* first, std::size_t count) {
  const Bounds b = bounds_;
  Tops tops = tops_;
  for (std::size_t i = 0; i < count; i++)
    if (first[i].is_pointer()) first[i] = Term::from_bits(evacuate<kMode>(b, tops, first[i].bits()));
  keep(tops);
}

void Collector::roots(Term* first, std::size_t count) {
  switch (mode_) {
    case Mode::Minor: return evacuate_roots<Mode::Minor>(first, count);
    case Mode::Major: return evacuate_roots<Mode::Major>(first, count);
    case Mode::Evacuate: return evacuate_roots<Mode::Evacuate>(first, count);
  }
}

template <Collector::Mode kMode>
void Collector::evacuate_stack() {
  const Bounds b = bounds_;
  Tops tops = tops_;
  for (Word *p = heap_.limit_, *end = heap_.end_; p < end; p++) {
    Word w = *p;
    if (w == kFrameMarker) p++;  // the code address behind it is no term
    else if (Term::from_bits(w).is_pointer()) *p = evacuate<kMode>(b, tops, w);
  }
  keep(tops);
}

template <Collector::Mode kMode>
void Collector::run(Block block, Term* registers, std::size_t live, RootSource& source) {
  mode_ = kMode;
  constexpr bool kMinor = kMode == Mode::Minor;
  ProcessHeap& h = heap_;
  block_ = block;
  bounds_ = {h.start_,
             h.top_,
             kMinor ? h.mature_ : h.start_,
             h.old_start_,
             kMinor ? h.old_end_ : h.old_top_,
             block.start,
             block.start + block.words,
             h.fragments_ != nullptr || kMode == Mode::Evacuate};
  tops_ = {block.start, h.old_top_};
  Word* new_scan = tops_.young;
  Word* old_scan = tops_.promoted;

  evacuate_roots<kMode>(registers, live);
  evacuate_stack<kMode>();
  source.visit_roots(*this);
  do {
    new_scan = scan<kMode>(new_scan, tops_.young, young_skips_);
    if (kMinor) old_scan = scan<kMode>(old_scan, tops_.promoted, promoted_skips_);
  } while (new_scan < tops_.young);
  VM_CHECK(tops_.young <= bounds_.to_end && (!kMinor || tops_.promoted <= h.old_end_));
  survivors_ = static_cast<std::size_t>((tops_.young - bounds_.to) + (tops_.promoted - h.old_top_));
}

// The stack moves to the end of `block`, which becomes the young block.
void Collector::place_stack(Block block) {
  ProcessHeap& h = heap_;
  const std::size_t stack = h.stack_words();
  Word* end = block.start + block.words;
  std::memcpy(end - stack, h.limit_, stack * kWordBytes);
  // Under stress a stale pointer shall meet nonsense, not yesterday's term. Only what was used: clearing all of a large block at every point would take
  // most of the time.
  if (stress_modes.collect_every_point) {
    std::memset(h.start_, 0xDB, static_cast<std::size_t>(h.top_ - h.start_) * kWordBytes);
    std::memset(h.limit_, 0xDB, stack * kWordBytes);
  }
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
      bool old = all_old_ || !within(at, bounds_.to, bounds_.to_end);
      std::size_t bytes = 0;
      if (HeaderWord(*at).kind() == Kind::RefcBinary) bytes = reinterpret_cast<term::BinaryData*>(at[term::RefcBinaryWords::kData])->size;
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
  run<Mode::Minor>(block, registers, live, source);
  heap_.old_top_ = tops_.promoted;
  sweep_off_heap(true);
  place_stack(block_);
  release_from_space(false);
  heap_.top_ = heap_.mature_ = tops_.young;
}

void Collector::resize(Block block, Term* registers, std::size_t live, RootSource& source) {
  heap_.mature_ = heap_.start_;
  minor(block, registers, live, source);
}

void Collector::major(Block block, std::size_t old_from, std::size_t nursery_words, Term* registers, std::size_t live, RootSource& source) {
  run<Mode::Major>(block, registers, live, source);
  finish_major(old_from, nursery_words);
}

void Collector::evacuate_literals(Block block, std::size_t old_from, std::size_t nursery_words, Term* registers, std::size_t live,
                                  RootSource& source, EvacuationTargets& targets) {
  targets_ = &targets;
  run<Mode::Evacuate>(block, registers, live, source);
  finish_major(old_from, nursery_words);
  // They count for the generation they went to.
  while (Word* object = evacuated_.first) {
    evacuated_.first = term::OffHeapList::next(object);
    std::size_t bytes = 0;
    if (HeaderWord(*object).kind() == Kind::RefcBinary)
      bytes = reinterpret_cast<term::BinaryData*>(object[term::RefcBinaryWords::kData])->size;
    (all_old_ ? heap_.off_heap_old_ : heap_.off_heap_young_).link(object, bytes);
  }
}

void Collector::finish_major(std::size_t old_from, std::size_t nursery_words) {
  const auto used = static_cast<std::size_t>(tops_.young - bounds_.to);
  all_old_ = old_from && used >= old_from;
  sweep_off_heap(false);
  release_from_space(true);
  if (!all_old_) {
    place_stack(block_);
    heap_.top_ = heap_.mature_ = tops_.young;
    return;
  }
  const std::size_t room = used + used / 2;
  if (block_.words > 2 * room) block_.words = shrink_block(block_.start, block_.words, room);
  heap_.old_start_ = block_.start;
  heap_.old_top_ = tops_.young;
  heap_.old_end_ = block_.start + block_.words;
  place_stack(allocate_block(std::max(nursery_words, 2 * heap_.stack_words() + nursery_words / 4)));
  heap_.top_ = heap_.mature_ = heap_.start_;
}

}  // namespace vm::heap
