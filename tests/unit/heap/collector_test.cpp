// SPDX-License-Identifier: Apache-2.0
// The collector under random programs: what a root holds must stay what it was, whatever is collected how and when.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "heap/block_cache.h"
#include "heap/copy.h"
#include "heap/process_heap.h"
#include "term/binary_data.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::heap {
namespace {

// Roots beside the heap's own: as a process keeps its dictionary.
struct Roots final : RootSource {
  std::vector<Term> terms;
  std::vector<Term> building;  // what waits while a larger term is made
  void visit_roots(RootSink& sink) override {
    if (!terms.empty()) sink.roots(terms.data(), terms.size());
    if (!building.empty()) sink.roots(building.data(), building.size());
  }
};

struct Machine {
  ProcessHeap heap;
  Roots roots;
  Term registers[4] = {term::kNil, term::kNil, term::kNil, term::kNil};
  CollectionEffort effort;

  Machine() { heap.init(96); }
  void collect(std::size_t need, bool major = false) {
    ASSERT_EQ(heap.collect({need, major}, registers, 4, roots, &effort), ProcessHeap::Outcome::Ok);
    ASSERT_GE(heap.free_words(), need + kStackSlack);
    heap.verify(registers, 4, roots);
  }
  // As an engine's test for heap.
  void reserve(std::size_t words) {
    if (heap.free_words() < words + kStackSlack || heap.wants_collection()) collect(words);
  }
  void push(int from) {
    reserve(1);
    const Term t = registers[from];
    heap.set_stack_top(heap.stack_top() - 1);
    *heap.stack_top() = t.bits();
  }
};

Term list_of(ProcessHeap& h, SWord from, SWord to, Term tail) {
  for (SWord i = to; i >= from; i--) tail = h.cons(Term::small(i), tail);
  return tail;
}

// What a term must be, kept outside any heap.
struct Model {
  OwnedTerm copy;
  ~Model() { release(copy); }
  explicit Model(Term t) : copy(copy_to_fragment(t)) {}
  Model(const Model&) = delete;
  bool is(Term t) const { return term::equal_exact(copy.term, t); }
};

Term random_term(Machine& m, std::mt19937& random, int depth) {
  m.reserve(64);
  ProcessHeap& h = m.heap;
  switch (random() % (depth > 0 ? 7 : 3)) {
    case 0: return Term::small(static_cast<SWord>(random() % 1000));
    case 1: return list_of(h, 1, static_cast<SWord>(random() % 30), term::kNil);
    case 2: return m.registers[random() % 4];
    case 3: {  // an old term inside a new one
      const Term inner = m.registers[random() % 4];
      return term::Tuple::make(h, inner, Term::small(7), inner);
    }
    case 4: {  // improper, tail boxed
      const Term boxed = term::Tuple::make(h, Term::small(1));
      return list_of(h, 1, 20, boxed);
    }
    case 5: {  // a list that goes on in an older list
      Term tail = m.registers[random() % 4];
      if (!tail.is_cons()) tail = term::kNil;
      return list_of(h, 1, static_cast<SWord>(random() % 25), tail);
    }
    default: {
      // Built inside out: every step may collect, so what is ready waits among the roots.
      std::vector<Term>& building = m.roots.building;
      building.push_back(random_term(m, random, depth - 1));
      building.push_back(random_term(m, random, depth - 1));
      m.reserve(8);
      const Term second = building.back();
      building.pop_back();
      const Term first = building.back();
      building.pop_back();
      return h.cons(term::Tuple::make(h, first, second), term::kNil);
    }
  }
}

TEST(Collector, RandomProgramsKeepWhatTheyHold) {
  for (unsigned seed = 1; seed <= 40; seed++) {
    std::mt19937 random(seed);
    Machine m;
    std::vector<std::unique_ptr<Model>> models;
    for (int step = 0; step < 400; step++) {
      const Term t = random_term(m, random, 5);
      if (copied_words(t) < 3000) m.registers[random() % 4] = t;
      if (random() % 3 == 0) m.push(static_cast<int>(random() % 4));
      else if (m.heap.stack_words() > 0 && random() % 2 == 0) m.heap.set_stack_top(m.heap.stack_top() + 1);
      if (random() % 10 == 0) {
        m.roots.terms.push_back(m.registers[0]);
        models.push_back(std::make_unique<Model>(m.registers[0]));
      }
      if (random() % 50 == 0) m.collect(random() % 500, random() % 2 == 0);
      if (random() % 100 == 0) m.heap.note_slice();
    }
    for (std::size_t i = 0; i < models.size(); i++) ASSERT_TRUE(models[i]->is(m.roots.terms[i])) << "seed " << seed << " root " << i;
  }
}

// Lists that are long enough to be stepped over by the scan, in all positions and with every kind of end.
TEST(Collector, LongFlatListsAndWhatFollowsThem) {
  Machine m;
  m.reserve(400);
  const Term pair = term::Tuple::make(m.heap, Term::small(1), Term::small(2));
  m.registers[0] = term::Tuple::make(m.heap, list_of(m.heap, 1, 40, term::kNil), pair, list_of(m.heap, 1, 50, pair));
  m.registers[1] = m.heap.cons(pair, list_of(m.heap, 1, 20, m.heap.cons(m.registers[0], term::kNil)));
  const Model tuple(m.registers[0]), list(m.registers[1]);
  for (int round = 0; round < 6; round++) {
    m.collect(10, round % 3 == 2);
    ASSERT_TRUE(tuple.is(m.registers[0]));
    ASSERT_TRUE(list.is(m.registers[1]));
    // Young cells in front of the old ones.
    m.reserve(100);
    m.registers[2] = list_of(m.heap, 1, 40, m.registers[1]);
  }
}

TEST(Collector, MoreFlatListsThanNotes) {
  Machine m;
  m.reserve(20000);
  Term all = term::kNil;
  for (int i = 0; i < 200; i++) all = m.heap.cons(list_of(m.heap, 1, 33, term::kNil), all);
  m.registers[0] = all;
  const Model model(all);
  for (int round = 0; round < 4; round++) m.collect(10, round == 3);
  EXPECT_TRUE(model.is(m.registers[0]));
}

// Tuples without pointers are stepped over in rows, too; long lists, tuples with pointers and shared ones end a row wherever they stand.
TEST(Collector, RowsOfFlatTuplesAndWhatEndsThem) {
  for (unsigned seed = 1; seed <= 30; seed++) {
    std::mt19937 random(seed);
    Machine m;
    m.reserve(60000);
    ProcessHeap& h = m.heap;
    const Term shared = term::Tuple::make(h, Term::small(1), Term::small(2));
    Term all = term::kNil;
    for (int i = 0; i < 400; i++) {
      Term next = term::Tuple::make(h, Term::small(i), Term::small(-i), term::kNil);
      switch (random() % (seed % 2 ? 40 : 6)) {
        case 0: next = term::Tuple::make(h, Term::small(i), next); break;
        case 1: next = list_of(h, 1, 40, term::kNil); break;
        case 2: next = shared; break;
        case 3: next = list_of(h, 1, 20, next); break;
        case 4: next = term::Tuple::make(h); break;
        default: break;
      }
      all = h.cons(next, all);
    }
    m.registers[0] = all;
    const Model model(all);
    for (int round = 0; round < 6; round++) {
      m.collect(10, round % 3 == 2);
      ASSERT_TRUE(model.is(m.registers[0])) << "seed " << seed << " round " << round;
    }
  }
}

// A large live heap becomes the old heap at once, with a nursery beside it; the memory comes back when it dies.
TEST(Collector, LargeHeapsGrowAndShrink) {
  Machine m;
  const std::size_t before = block_bytes_in_use();
  for (SWord i = 0; i < 300000; i++) {
    m.reserve(2);
    m.registers[0] = m.heap.cons(Term::small(i), m.registers[0]);
  }
  m.push(0);
  m.collect(100, true);
  EXPECT_GE(m.heap.old_words(), 600000u);
  EXPECT_EQ(Term::from_bits(m.heap.stack_top()[0]), m.registers[0]);
  SWord n = 300000;
  for (Term l = m.registers[0]; l.is_cons(); l = l.tail()) ASSERT_EQ(l.head().small_value(), --n);
  EXPECT_EQ(n, 0);
  EXPECT_LT(m.heap.total_words(), 1300000u);
  m.registers[0] = term::kNil;
  *m.heap.stack_top() = term::kNil.bits();
  m.collect(0, true);
  EXPECT_LE(m.heap.total_words(), 32768u);  // a busy process's nursery
  EXPECT_LT(block_bytes_in_use(), before + 40000 * kWordBytes);
}

// Repeated collections of one live heap need no larger blocks each time.
TEST(Collector, ALiveHeapKeepsItsSize) {
  Machine m;
  m.reserve(250000);
  m.registers[0] = list_of(m.heap, 1, 100000, term::kNil);
  m.collect(0, true);
  const std::size_t words = m.heap.total_words();
  for (int i = 0; i < 20; i++) m.collect(0, true);
  EXPECT_EQ(m.heap.total_words(), words);
}

// A block of which most survives is promoted as a whole; not so when its terms refer to fragments, which stay young.
TEST(Collector, PromotedTermsReferToNothingYoung) {
  Machine m;
  m.registers[0] = term::kNil;
  for (int round = 0; round < 25; round++) {
    for (int i = 0; i < 10; i++) {
      m.reserve(2000);
      m.registers[0] = list_of(m.heap, 1, 900, m.registers[0]);
    }
    const std::size_t large = m.heap.free_words() + 100;  // for want of room in a fragment
    term::Tuple t = term::Tuple::alloc(m.heap, large);
    for (std::size_t i = 0; i < large; i++) t.set(i, Term::small(round));
    m.registers[0] = m.heap.cons(t.term(), m.registers[0]);
    m.collect(16);
    m.collect(16);
  }
  const Model last(m.registers[0]);
  m.collect(16, true);
  EXPECT_TRUE(last.is(m.registers[0]));
}

TEST(Collector, NeedIsMetWhateverSurvives) {
  Machine m;
  for (std::size_t need : {1u, 50u, 1000u, 40000u, 200000u, 10u}) {
    m.collect(need);
    m.registers[0] = list_of(m.heap, 1, static_cast<SWord>(need / 4), m.registers[0]);
  }
}

Term refc(ProcessHeap& h, term::BinaryData* data) { return term::make_refc_binary(h, data, data->bytes, data->size); }

// Off-heap bytes are counted in the generation that holds them and given back with the last reference, whatever way the heap went.
TEST(Collector, OffHeapReferencesFollowTheirGeneration) {
  Machine m;
  term::BinaryData* data = term::BinaryData::create(1000);
  data->add_ref();  // ours
  m.reserve(100);
  m.registers[0] = refc(m.heap, data);
  EXPECT_EQ(m.heap.off_heap_young().bytes, 1000u);
  m.collect(0);
  EXPECT_EQ(m.heap.off_heap_young().bytes, 1000u);
  m.collect(0);
  EXPECT_EQ(m.heap.off_heap_old().bytes, 1000u);
  m.collect(0, true);
  EXPECT_EQ(m.heap.off_heap_young().bytes, 1000u);
  m.reserve(100000);
  m.registers[1] = list_of(m.heap, 1, 40000, term::kNil);
  m.collect(0, true);  // to the old heap at once
  EXPECT_EQ(m.heap.off_heap_old().bytes, 1000u);
  EXPECT_EQ(m.heap.off_heap_young().bytes, 0u);
  m.registers[0] = term::kNil;
  m.collect(0, true);
  EXPECT_EQ(m.heap.off_heap_old().bytes, 0u);
  EXPECT_EQ(data->refs.load(), 1);
  data->release();
}

// The first block lies with the owner; whoever outgrows it comes back when hibernating.
TEST(Home, IsLeftAndTakenAgain) {
  alignas(8) Word home[64];
  ProcessHeap h;
  Roots roots;
  Term x = term::kNil;
  CollectionEffort effort;
  h.init(40, home, 64);
  EXPECT_TRUE(h.is_at_home());
  EXPECT_EQ(h.block_words(), 64u);
  for (SWord i = 0; i < 1000; i++) {
    if (h.free_words() < 2 + kStackSlack) {
      ASSERT_EQ(h.collect({2, false}, &x, 1, roots, &effort), ProcessHeap::Outcome::Ok);
    }
    x = h.cons(Term::small(i), x);
  }
  EXPECT_FALSE(h.is_at_home());
  h.collect_for_hibernation(&x, 1, roots);
  EXPECT_FALSE(h.is_at_home());
  for (int i = 0; i < 990; i++) x = x.tail();
  h.collect_for_hibernation(&x, 1, roots);
  EXPECT_TRUE(h.is_at_home());
  h.verify(&x, 1, roots);
  EXPECT_EQ(x.head(), Term::small(9));
  h.collect_for_hibernation(&x, 1, roots);  // at home already
  h.verify(&x, 1, roots);
  EXPECT_EQ(x.head(), Term::small(9));
}

TEST(Home, TooSmallForTheArguments) {
  alignas(8) Word home[64];
  ProcessHeap h;
  h.init(100, home, 64);
  EXPECT_FALSE(h.is_at_home());
  EXPECT_GE(h.free_words(), 100u);
}

TEST(Limits, OwnOnesOnlyWhereTheyDiffer) {
  HeapLimits common;
  common.min_heap_words = 610;
  ProcessHeap h;
  h.set_limits(common, &common);
  EXPECT_EQ(&h.limits(), &common);
  HeapLimits own = h.limits();
  own.fullsweep_after = 3;
  h.set_limits(own, &common);
  EXPECT_EQ(h.limits(), own);
  EXPECT_NE(&h.limits(), &common);
  own.max_heap_words = 7;
  h.set_limits(own, &common);
  EXPECT_EQ(h.limits().max_heap_words, 7u);
  h.set_limits(common, &common);
  EXPECT_EQ(&h.limits(), &common);
}

TEST(Blocks, ShrinkGivesTheEndBack) {
  const std::size_t before = block_bytes_in_use();
  Block b = allocate_block(4 << 20);
  EXPECT_GE(b.words, std::size_t{4} << 20);
  b.start[0] = 1;
  b.start[b.words - 1] = 2;
  const std::size_t left = shrink_block(b.start, b.words, 1 << 20);
  EXPECT_GE(left, std::size_t{1} << 20);
  EXPECT_LT(left, b.words);
  EXPECT_EQ(block_bytes_in_use(), before + left * kWordBytes);
  b.start[left - 1] = 3;
  free_block(b.start, left);
  EXPECT_EQ(block_bytes_in_use(), before);
  const Block again = allocate_block(left);  // the retained one, with what it held
  EXPECT_EQ(again.start, b.start);
  EXPECT_EQ(again.words, left);
  free_block(again.start, again.words);
}

TEST(Blocks, SmallBlocksDoNotShrink) {
  const Block b = allocate_block(1000);
  EXPECT_EQ(shrink_block(b.start, b.words, 10), b.words);
  free_block(b.start, b.words);
}

}  // namespace
}  // namespace vm::heap
