// SPDX-License-Identifier: Apache-2.0
#include "heap/copy.h"

#include <unordered_map>
#include <vector>

#include "heap/object_layout.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

// Above this many words a term is measured again with sharing in mind: its flat size may be exponential in its real one.
constexpr std::size_t kSharingThreshold = 64 * 1024;

enum class Literals { Share, Copy };

const Word* address_of(Word w) { return reinterpret_cast<const Word*>(w & ~Word{7}); }

template <Literals kMode>
inline bool is_copied(Word w) {
  if (!Term::from_bits(w).is_pointer()) return false;
  return kMode == Literals::Copy || !is_literal(address_of(w));
}

// Counts words with an explicit stack. Stops at `limit` and answers more than it.
template <Literals kMode>
std::size_t measure(Term t, std::size_t limit) {
  static thread_local std::vector<Word> rest;  // kept, so that a message costs no allocation
  rest.clear();
  std::size_t total = 0;
  Word w = t.bits();
  for (;;) {
    while (is_copied<kMode>(w)) {
      const Word* p = address_of(w);
      if ((w & 7) == 2) {
        total += 2;
        if (is_copied<kMode>(p[0])) rest.push_back(p[0]);
        w = p[1];
      } else {
        HeaderWord h(p[0]);
        ObjectShape shape = shape_of(h);
        total += h.words() + 1;
        for (std::size_t i = shape.first_term; i < shape.end_terms; i++)
          if (is_copied<kMode>(p[i])) rest.push_back(p[i]);
        break;
      }
      if (total > limit) return total;
    }
    if (total > limit || rest.empty()) return total;
    w = rest.back();
    rest.pop_back();
  }
}

// Objects already met, for terms with much sharing: address → copy.
using Seen = std::unordered_map<Word, Word>;

template <Literals kMode>
std::size_t measure_shared(Term t) {
  Seen seen;
  std::size_t total = 0;
  std::vector<Word> rest{t.bits()};
  while (!rest.empty()) {
    Word w = rest.back();
    rest.pop_back();
    if (!is_copied<kMode>(w) || !seen.emplace(w, 0).second) continue;
    const Word* p = address_of(w);
    if ((w & 7) == 2) {
      total += 2;
      rest.push_back(p[0]);
      rest.push_back(p[1]);
      continue;
    }
    HeaderWord h(p[0]);
    ObjectShape shape = shape_of(h);
    total += h.words() + 1;
    for (std::size_t i = shape.first_term; i < shape.end_terms; i++) rest.push_back(p[i]);
  }
  return total;
}

// Copies breadth first into one block: to-space words hold pointers to the source until the scan reaches them. Lists are followed cell by
// cell, so they lie in sequence.
template <Literals kMode>
class Copier {
 public:
  Copier(Word* to, term::OffHeapList& off_heap, Seen* seen) : top_(to), scan_(to), off_heap_(off_heap), seen_(seen) {}

  Term run(Term t) {
    Word result = move(t.bits());
    while (scan_ < top_) step();
    return Term::from_bits(result);
  }
  Word* end() const { return top_; }

 private:
  Word move(Word w) {
    if (!is_copied<kMode>(w)) return w;
    if (seen_) {
      auto it = seen_->find(w);
      if (it != seen_->end()) return it->second;
    }
    return (w & 7) == 2 ? move_list(w) : move_object(w);
  }

  Word move_list(Word w) {
    Word first = Term::cons(top_).bits();
    for (;;) {
      const Word* cell = address_of(w);
      Word* copy = top_;
      top_ += 2;
      if (seen_) seen_->emplace(w, Term::cons(copy).bits());
      copy[0] = cell[0];
      Word tail = cell[1];
      copy[1] = tail;
      if ((tail & 7) != 2 || !is_copied<kMode>(tail)) return first;
      if (seen_) {
        auto it = seen_->find(tail);
        if (it != seen_->end()) {
          copy[1] = it->second;
          return first;
        }
      }
      copy[1] = Term::cons(top_).bits();  // the next cell comes right behind
      w = tail;
    }
  }

  Word move_object(Word w) {
    const Word* p = address_of(w);
    HeaderWord h(p[0]);
    std::size_t words = h.words() + 1;
    Word* copy = top_;
    top_ += words;
    for (std::size_t i = 0; i < words; i++) copy[i] = p[i];
    Word moved = Term::boxed(copy).bits();
    if (seen_) seen_->emplace(w, moved);
    switch (h.kind()) {
      case Kind::RefcBinary: {
        auto* data = reinterpret_cast<term::BinaryData*>(copy[term::RefcBinaryWords::kData]);
        data->add_ref();
        off_heap_.link(copy, data->size);
        break;
      }
      case Kind::MagicRef:
        reinterpret_cast<term::MagicData*>(copy[4])->add_ref();
        off_heap_.link(copy, 0);
        break;
      case Kind::SubBits:  // only its maker may append in place
        copy[0] = HeaderWord::make(Kind::SubBits, h.words()).bits();
        break;
      default: break;
    }
    return moved;
  }

  // A pointer into to-space was put there by move_list; sources never lie there.
  bool is_settled(Word w) const { return address_of(w) >= begin_ && address_of(w) < top_; }

  void field(Word* p) {
    if (Term::from_bits(*p).is_pointer() && !is_settled(*p)) *p = move(*p);
  }

  void step() {
    Word w = *scan_;
    if ((w & 7) == 7 && w != Term::kNonValue) {
      HeaderWord h(w);
      ObjectShape shape = shape_of(h);
      Word* p = scan_;
      for (std::size_t i = shape.first_term; i < shape.end_terms; i++) field(p + i);
      scan_ = p + h.words() + 1;
      return;
    }
    field(scan_);
    scan_++;
  }

  Word* top_;
  Word* scan_;
  Word* begin_ = top_;
  term::OffHeapList& off_heap_;
  Seen* seen_;
};

template <Literals kMode>
Term copy_term(Term t, term::HeapWriter& to) {
  if (!is_copied<kMode>(t.bits())) return t;
  std::size_t words = measure<kMode>(t, kSharingThreshold);
  Seen seen;
  bool shared = words > kSharingThreshold;
  if (shared) words = measure_shared<kMode>(t);
  Word* block = to.alloc(words);
  Copier<kMode> copier(block, to.off_heap(), shared ? &seen : nullptr);
  Term result = copier.run(t);
  VM_CHECK(copier.end() == block + words);
  return result;
}

}  // namespace

std::size_t flat_size(Term t) { return measure<Literals::Share>(t, static_cast<std::size_t>(-1)); }

Term copy(Term t, term::HeapWriter& to) { return copy_term<Literals::Share>(t, to); }

std::size_t copied_words(Term t) {
  std::size_t words = measure<Literals::Share>(t, kSharingThreshold);
  return words > kSharingThreshold ? measure_shared<Literals::Share>(t) : words;
}

std::size_t copied_words_with_literals(Term t) {
  std::size_t words = measure<Literals::Copy>(t, kSharingThreshold);
  return words > kSharingThreshold ? measure_shared<Literals::Copy>(t) : words;
}

Term copy_with_literals(Term t, term::HeapWriter& to) { return copy_term<Literals::Copy>(t, to); }

OwnedTerm copy_to_fragment(Term t) {
  OwnedTerm owned;
  if (!is_copied<Literals::Share>(t.bits())) {
    owned.term = t;
    return owned;
  }
  FragmentWriter writer;
  owned.term = copy(t, writer);
  owned.fragments = writer.take();
  return owned;
}

void release(OwnedTerm& t) {
  while (HeapFragment* f = t.fragments) {
    t.fragments = f->next;
    HeapFragment::release(f, HeapFragment::OffHeap::Release);
  }
  t.term = OwnedTerm::kNilTerm;
}

}  // namespace vm::heap
