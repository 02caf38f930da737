// SPDX-License-Identifier: Apache-2.0
// Maps against the enumeration of a stock system (make_stock_maps.escript), and their own laws.
#include "ops/maps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "term/compare.h"
#include "term/hash.h"
#include "term/map_layout.h"
#include "term/print.h"
#include "unit/support/source_file.h"
#include "unit/support/stock_terms.h"
#include "unit/support/test_heap.h"

namespace vm::ops {
namespace {

using term::Kind;

std::vector<Term> elements(Term list) {
  std::vector<Term> all;
  for (; list.is_cons(); list = list.tail()) all.push_back(list.head());
  return all;
}

class MapsTest : public ::testing::Test {
 protected:
  Term from_keys(const std::vector<Term>& keys) {
    std::vector<Term> pairs;
    for (Term k : keys) pairs.insert(pairs.end(), {k, Term::small(1)});
    return map_from_pairs(heap, pairs);
  }
  Term put_all(const std::vector<Term>& keys) {
    Term map = empty_map(heap);
    for (Term k : keys) map = map_put(heap, map, k, Term::small(1));
    return map;
  }
  // The shape that programs can see, and the rules of map_layout.h.
  void check(Term map) {
    std::size_t n = map_size(map);
    ASSERT_EQ(map.is_kind(Kind::FlatMap), n <= kFlatMapLimit);
    MapIterator it(map);
    Term key, value;
    std::size_t seen = 0;
    for (; it.next(&key, &value); seen++) ASSERT_EQ(map_get(map, key), value);
    ASSERT_EQ(seen, n);
    if (map.is_kind(Kind::HashMap)) check_node(map);
  }
  void check_node(Term node) {
    term::TrieNode n = term::trie_node(node);
    ASSERT_EQ(term::header_of(node).words(), n.count() + (node.is_kind(Kind::HashMap) ? 2u : 1u));
    for (unsigned i = 0; i < n.count(); i++) {
      if (n.child(i).is_cons()) {
        ASSERT_TRUE(n.count() > 1 || node.is_kind(Kind::HashMap));
      } else {
        check_node(n.child(i));
      }
    }
  }
  void expect_same(Term a, Term b, const std::string& line) {
    EXPECT_TRUE(term::equal_exact(a, b)) << line.substr(0, 60) << "\n" << term::to_text(a, 300) << "\n" << term::to_text(b, 300);
  }

  test::TestHeap heap;
  test::StockTermReader reader{heap, [](term::HeapWriter& h, std::span<const Term> pairs) { return map_from_pairs(h, pairs); }};
};

TEST_F(MapsTest, EnumerateAsStock) {
  std::ifstream in(test::beside(__FILE__, "stock_maps.txt"));
  ASSERT_TRUE(in.good());
  std::string line;
  int lines = 0;
  for (; std::getline(in, line); lines++) {
    std::istringstream words(line);
    std::string what, hex;
    words >> what;
    std::vector<Term> terms;
    while (words >> hex) terms.push_back(reader.read(hex));
    std::vector<Term> keys = elements(terms[0]);
    Term map = from_keys(keys);
    check(map);
    Term grown = put_all(keys);
    check(grown);
    expect_same(map, grown, line);
    EXPECT_EQ(term::compare(map, grown), 0);
    EXPECT_EQ(term::internal_hash(map), term::internal_hash(grown));
    if (what == "from") {
      expect_same(map_keys(heap, map), terms[1], line);
    } else if (what == "less") {
      for (Term k : elements(terms[1])) {
        Term removed;
        map = map_remove(heap, map, k, &removed);
        EXPECT_EQ(removed, Term::small(1));
        EXPECT_FALSE(map_get(map, k).is_value());
      }
      check(map);
      expect_same(map_keys(heap, map), terms[2], line);
      expect_same(map, from_keys(elements(terms[2])), line);
    } else if (what == "merge") {
      Term merged = map_merge(heap, map, from_keys(elements(terms[1])));
      check(merged);
      expect_same(map_keys(heap, merged), terms[2], line);
    } else {
      Term next = map_next(heap, Term::small(0), map, term::kNil, elements(terms[2]).size());
      expect_same(next.head(), terms[1], line);
      std::vector<Term> pairs = elements(next.tail().tail()), expected = elements(terms[2]);
      ASSERT_EQ(pairs.size(), expected.size());
      for (std::size_t i = 0; i < pairs.size(); i++) expect_same(term::Tuple::from(pairs[i])[0], expected[i], line);
    }
  }
  EXPECT_GT(lines, 80);
}

TEST_F(MapsTest, RandomEditsAgreeWithAModel) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; round++) {
    std::vector<std::pair<Term, Term>> model;
    Term map = empty_map(heap);
    unsigned range = round < 15 ? 60 : 400;
    for (int step = 0; step < 600; step++) {
      Term key = random() % 2 ? Term::small(static_cast<SWord>(random() % range)) : term::make_float(heap, random() % range);
      auto at = std::find_if(model.begin(), model.end(), [&](auto& p) { return term::equal_exact(p.first, key); });
      if (random() % (round % 3 + 2) != 0) {
        Term value = Term::small(static_cast<SWord>(random() % 3));
        Term before = map;
        map = map_put(heap, map, key, value);
        if (at == model.end()) {
          EXPECT_FALSE(map_update(heap, before, key, value).is_value());
          model.emplace_back(key, value);
        } else {
          if (at->second == value) {
            EXPECT_EQ(map, before);
          }
          EXPECT_TRUE(term::equal_exact(map_update(heap, before, key, value), map));
          at->second = value;
        }
      } else {
        Term removed;
        Term after = map_remove(heap, map, key, &removed);
        if (at == model.end()) {
          EXPECT_EQ(after, map);
          EXPECT_FALSE(removed.is_value());
        } else {
          EXPECT_EQ(removed, at->second);
          model.erase(at);
        }
        map = after;
      }
    }
    check(map);
    ASSERT_EQ(map_size(map), model.size());
    std::vector<Term> pairs;
    for (auto& [k, v] : model) pairs.insert(pairs.end(), {k, v});
    Term built = map_from_pairs(heap, pairs);
    EXPECT_TRUE(term::equal_exact(map, built));
    EXPECT_EQ(term::compare(map, built), 0);
  }
}

TEST_F(MapsTest, LaterPairsWin) {
  for (std::size_t n : {2, 20, 33, 200}) {
    std::vector<Term> pairs;
    for (std::size_t i = 0; i < n; i++)
      pairs.insert(pairs.end(), {Term::small(static_cast<SWord>(i % (n / 2))), Term::small(static_cast<SWord>(i))});
    Term map = map_from_pairs(heap, pairs);
    check(map);
    EXPECT_EQ(map_size(map), n / 2);
    EXPECT_EQ(map_get(map, Term::small(0)), Term::small(static_cast<SWord>(n / 2 * ((n - 1) / (n / 2)))));
  }
}

TEST_F(MapsTest, ManyUpdates) {
  for (SWord n : {3, 32, 33, 100}) {
    std::vector<Term> keys;
    for (SWord i = 0; i < n; i++) keys.push_back(Term::small(i));
    Term map = from_keys(keys);
    Term missing;
    std::vector<Term> same = {Term::small(0), Term::small(1), Term::small(2), Term::small(1)};
    EXPECT_EQ(map_update_many(heap, map, same, true, &missing), map);
    std::vector<Term> some = {Term::small(0), Term::small(7), Term::small(1000), Term::small(8), Term::small(2000), Term::small(9)};
    EXPECT_FALSE(map_update_many(heap, map, some, true, &missing).is_value());
    EXPECT_EQ(missing, Term::small(1000));
    Term updated = map_update_many(heap, map, some, false, &missing);
    check(updated);
    EXPECT_EQ(map_size(updated), static_cast<std::size_t>(n) + 2);
    EXPECT_EQ(map_get(updated, Term::small(0)), Term::small(7));
    EXPECT_EQ(map_get(updated, Term::small(2000)), Term::small(9));
  }
}

TEST_F(MapsTest, ValuesShareTheKeys) {
  std::vector<Term> keys = {Term::small(1), Term::small(2)};
  Term map = from_keys(keys), changed = map_put(heap, map, Term::small(2), Term::small(9));
  EXPECT_EQ(map.boxed_ptr()[term::FlatMapWords::kKeys], changed.boxed_ptr()[term::FlatMapWords::kKeys]);
}

TEST_F(MapsTest, IterationInStepsSeesEveryPairOnce) {
  std::vector<Term> keys;
  for (SWord i = 0; i < 500; i++) keys.push_back(Term::small(i * 7919));
  Term map = from_keys(keys);
  for (std::size_t limit : {1, 3, 32, 499, 500, 1000}) {
    Term path = Term::small(0), list = term::kNil;
    for (;;) {
      Term next = map_next(heap, path, map, list, limit);
      ASSERT_TRUE(next.is_value());
      if (next.head().is_tuple()) {
        list = next;
        break;
      }
      path = next.head();
      list = next.tail().tail();
    }
    EXPECT_TRUE(term::equal_exact(list, map_to_list(heap, map)));
    // The same as an iterator.
    MapIterator it(map);
    Term step = map_next(heap, Term::small(0), map, term::AtomTable::intern("iterator"), limit);
    Term key, value;
    while (it.next(&key, &value)) {
      if (step.is_cons()) step = map_next(heap, step.head(), step.tail(), term::AtomTable::intern("iterator"), limit);
      ASSERT_TRUE(step.is_tuple());
      EXPECT_EQ(term::Tuple::from(step)[0], key);
      step = term::Tuple::from(step)[2];
    }
    EXPECT_EQ(step, atoms::none);
  }
  EXPECT_FALSE(map_next(heap, Term::small(-1), map, term::kNil, 5).is_value());
  EXPECT_FALSE(map_next(heap, atoms::ok, map, term::kNil, 5).is_value());
}

TEST_F(MapsTest, LargeMapsDisplayAsStock) {
  std::ifstream in(test::beside(__FILE__, "../term/stock_display.txt"));
  ASSERT_TRUE(in.good());
  std::string hex, text;
  int seen = 0;
  while (std::getline(in, hex) && std::getline(in, text)) {
    if (text.find("#<") == std::string::npos) continue;
    EXPECT_EQ(term::to_text(reader.read(hex)), text);
    seen++;
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(MapsTest, OrderOfLargeMaps) {
  std::vector<Term> keys;
  for (SWord i = 0; i < 100; i++) keys.push_back(Term::small(i));
  Term map = from_keys(keys);
  // The smallest differing key decides; then the value of the smallest key.
  Term without_5 = map_put(heap, map_remove(heap, map, Term::small(5), nullptr), Term::small(200), Term::small(1));
  Term without_7 = map_put(heap, map_remove(heap, map, Term::small(7), nullptr), Term::small(3000), Term::small(1));
  EXPECT_GT(term::compare(without_5, map), 0);
  EXPECT_GT(term::compare(without_5, without_7), 0);
  EXPECT_LT(term::compare(without_7, without_5), 0);
  Term value_3 = map_put(heap, map, Term::small(3), Term::small(0));
  Term value_9 = map_put(heap, map, Term::small(9), Term::small(0));
  EXPECT_LT(term::compare(value_3, value_9), 0);
  EXPECT_GT(term::compare(value_9, value_3), 0);
  Term float_value = map_put(heap, map, Term::small(3), term::make_float(heap, 1.0));
  EXPECT_EQ(term::compare(map, float_value), 0);
  EXPECT_LT(term::compare_total(map, float_value), 0);
  EXPECT_FALSE(term::equal_exact(map, float_value));
  // Maps in keys of maps.
  Term a = map_put(heap, map, value_3, Term::small(1)), b = map_put(heap, map, value_9, Term::small(1));
  EXPECT_LT(term::compare(a, b), 0);
}

}  // namespace
}  // namespace vm::ops
