// SPDX-License-Identifier: Apache-2.0
#include "ets/row.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "heap/block.h"
#include "heap/fragment.h"
#include "heap/packed.h"
#include "heap/shallow.h"
#include "os/thread.h"
#include "sync/epoch.h"
#include "sync/sized_slabs.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::ets {

namespace {

using sync::SizedSlabs;

void* take_memory(std::size_t words) {
  if (VM_LIKELY(words <= SizedSlabs::kMostWords)) return SizedSlabs::allocate(SizedSlabs::class_of(words));
  void* block = std::malloc(words * kWordBytes);
  VM_CHECK(block != nullptr);
  return block;
}
void give_memory(void* block, std::size_t words) {
  if (VM_LIKELY(words <= SizedSlabs::kMostWords)) SizedSlabs::release(block, SizedSlabs::class_of(words));
  else std::free(block);
}

// The copier asks once, for all it needs: that is when the row's block is made.
class PartsWriter final : public term::HeapWriter {
 public:
  explicit PartsWriter(std::size_t front_words) : HeapWriter(nullptr, nullptr, &list_), front_words_(front_words) {}
  Word* block() const { return block_; }
  std::size_t words() const { return words_; }
  Word* off_heap_first() const { return list_.first; }

 private:
  Word* alloc_slow(std::size_t words) override {
    VM_CHECK(!block_);
    words_ = words;
    block_ = static_cast<Word*>(take_memory(front_words_ + words));
    return block_ + front_words_;
  }
  void trim_slow(Word*, Word*) override {}

  std::size_t front_words_;
  std::size_t words_ = 0;
  Word* block_ = nullptr;
  term::OffHeapList list_;
};

}  // namespace

Row* Row::create(Term tuple, bool linked) {
  const Word* from = tuple.boxed_ptr();
  const std::size_t words = term::HeaderWord(from[0]).words() + 1;
  std::size_t all = words;
  for (std::size_t i = 1; i < words; i++) {
    if (Term t = Term::from_bits(from[i]); t.is_pointer()) {
      const std::size_t part = heap::shallow_words(t);
      if (part == 0) return create_nested(tuple, words - 1, linked ? kLinked : 0);
      all += part;
    }
  }
  return all == words ? create_flat(from, words, linked) : create_shallow(from, words, all, linked);
}

// All elements are immediates.
Row* Row::create_flat(const Word* from, std::size_t words, bool linked) {
  const std::size_t link = linked ? 1 : 0;
  Word* block = static_cast<Word*>(take_memory(link + 1 + words));
  Row* row = new (block + link) Row(linked ? kLinked : 0);
  std::memcpy(row->terms_, from, words * kWordBytes);
  return row;
}

// All parts are shallow (heap/copy.h), which makes `all` words.
Row* Row::create_shallow(const Word* from, std::size_t words, std::size_t all, bool linked) {
  const std::size_t front = linked ? 3 : 2;
  Word* block = static_cast<Word*>(take_memory(front + 1 + all));
  block[0] = 0;
  block[1] = all;
  Row* row = new (block + front) Row(kNested | (linked ? kLinked : 0));
  Word* part = row->terms_ + words;
  row->terms_[0] = from[0];
  for (std::size_t i = 1; i < words; i++) {
    Term t = Term::from_bits(from[i]);
    if (t.is_pointer()) {
      Word* const to = part;
      part += heap::shallow_words(t);
      t = heap::copy_shallow(t, to);
    }
    row->terms_[i] = t.bits();
  }
  VM_ASSERT(part == row->terms_ + all);
  return row;
}

// The row shows the first `arity` elements of the tuple.
Row* Row::create_nested(Term tuple, std::size_t arity, std::uint32_t info) {
  std::size_t link = info & kLinked ? 1 : 0;
  PartsWriter writer(2 + link + 1);
  heap::copy_with_literals(tuple, writer);
  Word* block = writer.block();
  block[0] = reinterpret_cast<Word>(writer.off_heap_first());
  block[1] = writer.words();
  Row* row = new (block + 2 + link) Row(info | kNested);
  row->terms_[0] = term::HeaderWord::make(term::Kind::Tuple, arity).bits();
  return row;
}

Row* Row::create_packed(Term tuple, bool linked, std::size_t key_position) {
  const Word* from = tuple.boxed_ptr();
  const std::size_t arity = term::HeaderWord(from[0]).words();
  heap::FragmentWriter scratch;
  std::vector<Term> elements(arity), kept;
  bool any = false;
  for (std::size_t i = 1; i <= arity; i++) {
    Term t = Term::from_bits(from[i]);
    const bool pack = i != key_position && t.is_pointer();
    elements[i - 1] = pack ? heap::pack(t, &kept, scratch) : t;
    any |= pack;
  }
  if (!any) return create(tuple, linked);
  elements.insert(elements.end(), kept.begin(), kept.end());
  term::Tuple whole = term::Tuple::alloc(scratch, elements.size());
  for (std::size_t i = 0; i < elements.size(); i++) whole.set(i, elements[i]);
  return create_nested(whole.term(), arity, (linked ? kLinked : 0) | kPacked);
}

void Row::destroy(Row* row) {
  Word* block = reinterpret_cast<Word*>(row);
  const std::size_t words = row->bytes() / kWordBytes;
  if (row->nested()) {
    block = row->front();
    if (block[0]) {
      term::OffHeapList list;
      list.first = reinterpret_cast<Word*>(block[0]);
      heap::release_off_heap(list);
    }
  } else if (row->linked()) {
    block -= 1;
  }
  give_memory(block, words);
}

void Row::retire(Row* row) {
  sync::Epoch::defer(row, [](void* p) { destroy(static_cast<Row*>(p)); });
}

std::size_t Row::bytes() const { return (words() + 1 + (linked() ? 1 : 0) + (nested() ? 2 : 0)) * kWordBytes; }

// --- reading while it changes -----------------------------------------------------------------------------------------------

void Row::copy_elements(Word* to, std::size_t words) const {
  for (;;) {
    std::uint32_t before = info_.load(std::memory_order_acquire);
    if (VM_UNLIKELY(before & kWriting)) {
      os::cpu_relax();
      continue;
    }
    for (std::size_t i = 0; i < words; i++) to[i] = __atomic_load_n(&terms_[i], __ATOMIC_RELAXED);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (VM_LIKELY(((info_.load(std::memory_order_relaxed) ^ before) & ~(kDeleted | kDead)) == 0)) return;
  }
}

Term Row::snapshot(Word* space) const {
  VM_ASSERT(!packed());
  if (!may_change()) return tuple();
  copy_elements(space, arity() + 1);
  return Term::boxed(space);
}

Term Row::copy_to(term::HeapWriter& h) const {
  std::size_t elements = arity() + 1;
  if (VM_LIKELY(!nested())) {
    Word* p = h.alloc(elements);
    copy_elements(p, elements);
    return Term::boxed(p);
  }
  if (VM_UNLIKELY(packed())) {
    Word* p = h.alloc(elements);
    copy_elements(p, elements);
    for (std::size_t i = 1; i < elements; i++)
      if (Term t = Term::from_bits(p[i]); t.is_pointer())
        p[i] = (heap::is_packed(t) ? heap::unpack(t, kept(), h) : heap::copy(t, h)).bits();
    return Term::boxed(p);
  }
  std::size_t words = front()[1];
  Word* p = h.alloc(words);
  copy_elements(p, elements);
  std::memcpy(p + elements, terms_ + elements, (words - elements) * kWordBytes);
  heap::settle_block(p, words, reinterpret_cast<Word>(p) - reinterpret_cast<Word>(terms_), h.off_heap());
  return Term::boxed(p);
}

Term Row::copy_element(std::size_t position, term::HeapWriter& h) const {
  Term t = element(position);
  if (VM_UNLIKELY(packed()) && heap::is_packed(t)) return heap::unpack(t, kept(), h);
  return heap::copy(t, h);
}

bool Row::equals(Term tuple) const {
  if (VM_UNLIKELY(packed())) {
    if (tuple.boxed_ptr()[0] != terms_[0]) return false;
    heap::FragmentWriter scratch;
    return term::equal_exact(copy_to(scratch), tuple);
  }
  const Word* other = tuple.boxed_ptr();
  if (other[0] != terms_[0]) return false;
  for (std::size_t i = arity(); i > 0; i--)
    if (!term::equal_exact(Term::from_bits(terms_[i]), Term::from_bits(other[i]))) return false;
  return true;
}

// --- changing in place --------------------------------------------------------------------------------------------------------

void Row::begin_change() {
  info_.store(info_.load(std::memory_order_relaxed) | kWriting, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
}
void Row::end_change() {
  std::uint32_t now = info_.load(std::memory_order_relaxed);
  info_.store((now & ~kWriting) + kVersion, std::memory_order_release);
}

bool Row::overwrite(Term tuple, std::size_t key_position) {
  const Word* from = tuple.boxed_ptr();
  if (from[0] != terms_[0] || from[key_position] != terms_[key_position] || !may_change()) return false;
  std::size_t words = arity() + 1;
  for (std::size_t i = 1; i < words; i++)
    if (from[i] != terms_[i] && (Term::from_bits(from[i]).is_pointer() || Term::from_bits(terms_[i]).is_pointer())) return false;
  begin_change();
  for (std::size_t i = 1; i < words; i++)
    if (from[i] != terms_[i]) store(i, from[i]);
  end_change();
  return true;
}

bool Row::overwrite_element(std::size_t position, Term value) {
  if (value.is_pointer() || Term::from_bits(terms_[position]).is_pointer() || !may_change()) return false;
  begin_change();
  store(position, value.bits());
  end_change();
  return true;
}

}  // namespace vm::ets
