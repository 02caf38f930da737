// SPDX-License-Identifier: Apache-2.0
// Hashes and order of terms against those of a stock system (make_stock_terms.escript).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "term/compare.h"
#include "term/hash.h"
#include "term/print.h"
#include "unit/support/source_file.h"
#include "unit/support/stock_terms.h"
#include "unit/support/test_heap.h"

namespace vm::term {
namespace {

int sign(int x) { return x < 0 ? -1 : x > 0; }

class StockTerms : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream in(test::beside(__FILE__, "stock_terms.txt"));
    ASSERT_TRUE(in.good());
    std::string line;
    while (std::getline(in, line)) {
      std::istringstream words(line);
      std::string what;
      words >> what;
      if (what == "t") {
        Row row;
        std::string hex;
        words >> hex >> row.phash >> row.phash2 >> row.internal;
        row.term = reader.read(hex);
        rows.push_back(row);
      } else {
        Pair p;
        words >> p.i >> p.j >> p.order >> p.total >> p.exact;
        pairs.push_back(p);
      }
    }
  }

  struct Row {
    Term term;
    std::uint32_t phash, phash2;
    std::string internal;
  };
  struct Pair {
    std::size_t i, j;
    int order, total, exact;
  };
  test::TestHeap heap;
  test::StockTermReader reader{heap};
  std::vector<Row> rows;
  std::vector<Pair> pairs;
};

TEST_F(StockTerms, Hashes) {
  ASSERT_GT(rows.size(), 500u);
  for (const Row& r : rows) {
    EXPECT_EQ(phash(r.term), r.phash) << to_text(r.term, 200);
    EXPECT_EQ(phash2(r.term), r.phash2) << to_text(r.term, 200);
    if (r.internal != "-") {
      EXPECT_EQ(std::to_string(internal_hash(r.term)), r.internal) << to_text(r.term, 200);
    }
  }
}

TEST_F(StockTerms, Order) {
  ASSERT_GT(pairs.size(), 5000u);
  for (const Pair& p : pairs) {
    Term a = rows[p.i].term, b = rows[p.j].term;
    auto show = [&] { return to_text(a, 200) + "   " + to_text(b, 200); };
    EXPECT_EQ(sign(compare(a, b)), p.order) << show();
    EXPECT_EQ(sign(compare(b, a)), -p.order) << show();
    EXPECT_EQ(sign(compare_total(a, b)), p.total) << show();
    EXPECT_EQ(equal_exact(a, b), p.exact == 1) << show();
    EXPECT_EQ(equal(a, b), p.order == 0) << show();
    if (p.exact == 1) {
      EXPECT_EQ(internal_hash(a), internal_hash(b)) << show();
    }
  }
}

TEST(StockDisplay, Text) {
  test::TestHeap heap;
  // Only the text of the one kind of large map among the terms needs a trie, which the ops room builds and tests.
  test::StockTermReader reader(heap);
  std::ifstream in(test::beside(__FILE__, "stock_display.txt"));
  ASSERT_TRUE(in.good());
  std::string hex, text;
  int lines = 0;
  while (std::getline(in, hex) && std::getline(in, text)) {
    lines++;
    if (text.find("#<") != std::string::npos) continue;
    EXPECT_EQ(to_text(reader.read(hex)), text);
  }
  EXPECT_GT(lines, 80);
}

}  // namespace
}  // namespace vm::term
