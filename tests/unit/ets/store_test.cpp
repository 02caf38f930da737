// SPDX-License-Identifier: Apache-2.0
//
// Stores alone: against a model, and with readers and writers at once.
#include "ets/store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "sync/epoch.h"
#include "term/heap_writer.h"

namespace vm::ets {
namespace {

constexpr SWord kRange = 3000;

// {Key, Value, Value}: both values of a row are always equal.
struct Tuple3 {
  Word words[4];
  Tuple3(SWord key, SWord value)
      : words{term::HeaderWord::make(term::Kind::Tuple, 3).bits(), Term::small(key).bits(), Term::small(value).bits(),
              Term::small(value).bits()} {}
  Term term() const { return Term::boxed(words); }
};

class Fixture {
 public:
  Fixture(bool ordered, unsigned stripes)
      : stripes_(stripes), store_(ordered ? make_tree_store(stripes_, 1) : make_hash_store(stripes_, Type::Set, 1)) {}

  void insert(SWord key, SWord value) {
    Tuple3 t(key, value);
    std::uint32_t h = store_->hash(Term::small(key));
    stripes_.of(h).lock.lock();
    Row* r = store_->find(Term::small(key), h);
    if (!r) store_->add(Row::create(t.term(), store_->linked_rows()), h);
    else if (value % 3 == 0 || !r->overwrite(t.term(), 1)) store_->replace(r, Row::create(t.term(), store_->linked_rows()));
    stripes_.of(h).lock.unlock();
    store_->settle(h);
  }
  void erase(SWord key) {
    std::uint32_t h = store_->hash(Term::small(key));
    stripes_.of(h).lock.lock();
    store_->erase_key(Term::small(key), h, Term::non_value());
    stripes_.of(h).lock.unlock();
    store_->settle(h);
  }
  // The value, or -1.
  SWord find(SWord key) {
    Row* r = store_->find(Term::small(key), store_->hash(Term::small(key)));
    if (!r) return -1;
    EXPECT_EQ(r->key(1), Term::small(key));
    return value_of(r);
  }
  static SWord value_of(Row* r) {
    Word space[Row::kMostWords];
    const Word* p = r->snapshot(space).boxed_ptr();
    EXPECT_EQ(p[2], p[3]);
    return Term::from_bits(p[2]).small_value();
  }
  std::vector<SWord> keys(Direction direction = Direction::Forward) {
    std::vector<SWord> all;
    Position at;
    std::vector<Row*> rows;
    for (bool more = true; more; rows.clear()) {
      more = store_->portion(&at, direction, &rows);
      for (Row* r : rows) {
        value_of(r);
        all.push_back(r->key(1).small_value());
      }
    }
    return all;
  }
  Stripes stripes_;
  std::unique_ptr<Store> store_;
};

class EveryStore : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EveryStore, testing::Bool());

TEST_P(EveryStore, BehavesLikeAMap) {
  sync::Epoch::register_thread();
  {
    Fixture f(GetParam(), 1);
    std::map<SWord, SWord> model;
    std::mt19937 random(1);
    for (int i = 0; i < 60000; i++) {
      SWord key = static_cast<SWord>(random() % kRange);
      // Long phases of growing and shrinking.
      if (random() % 10 < (i / 10000 % 2 ? 3u : 7u)) f.insert(key, i), model[key] = i;
      else f.erase(key), model.erase(key);
      if (i % 1000 == 0) sync::Epoch::quiescent();
      if (i % 5000 != 0) continue;
      ASSERT_EQ(f.stripes_.rows(), model.size());
      for (auto [k, v] : model) ASSERT_EQ(f.find(k), v);
      std::vector<SWord> keys = f.keys();
      if (GetParam()) {
        std::vector<SWord> backward = f.keys(Direction::Backward);
        ASSERT_TRUE(std::equal(keys.begin(), keys.end(), backward.rbegin(), backward.rend()));
      } else {
        std::sort(keys.begin(), keys.end());
      }
      ASSERT_TRUE(std::equal(keys.begin(), keys.end(), model.begin(), model.end(), [](SWord k, auto& p) { return k == p.first; }));
    }
  }
  sync::Epoch::unregister_thread();
}

TEST_P(EveryStore, ReadersAndWritersAtOnce) {
  Fixture f(GetParam(), 8);
  std::atomic<bool> stop{false};
  auto on_thread = [&](auto body) {
    return std::thread([&, body] {
      sync::Epoch::register_thread();
      body();
      sync::Epoch::unregister_thread();
    });
  };
  std::vector<std::thread> writers, readers;
  // Keys 0, 1, 2... of each writer stay once they are there; the others come and go.
  for (SWord w = 0; w < 3; w++)
    writers.push_back(on_thread([&f, w] {
      std::mt19937 random(static_cast<unsigned>(w));
      for (int i = 0; i < 20000; i++) {
        SWord key = static_cast<SWord>(random() % kRange) * 3 + w;
        if (key % 2 == 0 || random() % 2) f.insert(key, i);
        else f.erase(key);
        if (i % 64 == 0) sync::Epoch::quiescent();
      }
    }));
  for (int i = 0; i < 2; i++)
    readers.push_back(on_thread([&f, &stop] {
      std::vector<SWord> there;
      while (!stop.load()) {
        std::vector<SWord> keys = f.keys();
        std::sort(keys.begin(), keys.end());
        EXPECT_TRUE(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
        for (SWord k : there) EXPECT_TRUE(std::binary_search(keys.begin(), keys.end(), k)) << k;
        there.clear();
        for (SWord k : keys)
          if (k % 2 == 0) there.push_back(k);
        for (SWord k : there) EXPECT_GE(f.find(k), 0);
        sync::Epoch::quiescent();
      }
    }));
  for (auto& t : writers) t.join();
  stop.store(true);
  for (auto& t : readers) t.join();
  EXPECT_EQ(f.keys().size(), f.stripes_.rows());
}

TEST_P(EveryStore, DetachesAllRows) {
  sync::Epoch::register_thread();
  {
    Fixture f(GetParam(), 4);
    for (SWord i = 0; i < 5000; i++) f.insert(i, i);
    f.stripes_.lock_all();
    std::unique_ptr<Remains> remains = f.store_->detach_all();
    f.stripes_.unlock_all();
    EXPECT_EQ(f.stripes_.rows(), 0u);
    EXPECT_TRUE(f.keys().empty());
    f.insert(7, 7);
    int steps = 1;
    while (remains->step(500)) steps++;
    EXPECT_GE(steps, 9);
    EXPECT_EQ(f.find(7), 7);
  }
  sync::Epoch::unregister_thread();
}

TEST(HashStore, MarksStayWhileFixed) {
  sync::Epoch::register_thread();
  {
    Fixture f(false, 1);
    for (SWord i = 0; i < 200; i++) f.insert(i, i);
    f.stripes_.fixed.store(1);
    Row* r = f.store_->first();
    for (SWord i = 0; i < 200; i++) f.erase(i);
    EXPECT_EQ(f.stripes_.rows(), 0u);
    int walked = 0;
    Row* next;
    for (Row* at = r; at; at = next, walked++) ASSERT_TRUE(f.store_->raw_next(at->key(1), &next));
    EXPECT_EQ(walked, 200);
    EXPECT_EQ(f.store_->first(), nullptr);
    f.stripes_.fixed.store(0);
    f.store_->sweep_marks();
    EXPECT_EQ(f.store_->raw_first(), nullptr);
  }
  sync::Epoch::unregister_thread();
}

}  // namespace
}  // namespace vm::ets
