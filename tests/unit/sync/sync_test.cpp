// SPDX-License-Identifier: Apache-2.0
//
// Reclamation and slabs under several threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "os/memory.h"
#include "sync/epoch.h"
#include "sync/sized_slabs.h"
#include "sync/slab.h"

namespace vm::sync {
namespace {

constexpr std::uint64_t kAlive = 0xA11FE;

struct Node {
  std::atomic<std::uint64_t> mark{kAlive};
};

std::atomic<int> freed{0};

void free_node(void* p) {
  auto* n = static_cast<Node*>(p);
  n->mark.store(0);
  delete n;
  freed.fetch_add(1);
}

TEST(Epoch, NobodySeesAFreedNode) {
  std::atomic<Node*> cell{new Node};
  constexpr int kThreads = 4;
  constexpr int kRounds = 20000;
  std::atomic<int> replaced{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      Epoch::register_thread();
      for (int i = 0; i < kRounds; i++) {
        Node* n = cell.load();
        ASSERT_EQ(n->mark.load(), kAlive);
        if (i % 4 == t) {
          Node* old = cell.exchange(new Node);
          replaced.fetch_add(1);
          Epoch::defer(old, free_node);
        }
        Epoch::quiescent();
        if (i % 1000 == 999) {
          Epoch::enter_sleep();
          std::this_thread::yield();
          {
            Epoch::Guard guard;
            ASSERT_EQ(cell.load()->mark.load(), kAlive);
          }
          Epoch::leave_sleep();
        }
      }
      Epoch::unregister_thread();
    });
  }
  std::thread foreign([&] {
    for (int i = 0; i < kRounds; i++) {
      Epoch::Guard guard;
      ASSERT_EQ(cell.load()->mark.load(), kAlive);
    }
  });
  for (auto& t : threads) t.join();
  foreign.join();
  // The rest is freed by whoever is registered next.
  Epoch::register_thread();
  for (int i = 0; i < 200; i++) Epoch::quiescent();
  Epoch::unregister_thread();
  EXPECT_EQ(freed.load(), replaced.load());
  delete cell.load();
}

TEST(Epoch, SleeperIsWaitedForUnderAGuard) {
  std::atomic<int> step{0};
  const auto reach = [&](int n) {
    step.store(n);
    step.notify_all();
  };
  const auto await = [&](int n) {
    for (int now = step.load(); now < n; now = step.load()) step.wait(now);
  };
  std::thread sleeper([&] {
    Epoch::register_thread();
    Epoch::enter_sleep();
    reach(1);
    await(2);
    {
      Epoch::Guard outer;
      { Epoch::Guard inner; }
      reach(3);
      await(4);
    }
    reach(5);
    await(6);
    Epoch::leave_sleep();
    Epoch::unregister_thread();
  });
  const auto freed_after = [](int before) {
    Epoch::defer(new Node, free_node);
    for (int i = 0; i < 100; i++) Epoch::quiescent();
    return freed.load() - before;
  };
  await(1);
  Epoch::register_thread();
  EXPECT_EQ(freed_after(freed.load()), 1);
  reach(2);
  await(3);
  const int before = freed.load();
  EXPECT_EQ(freed_after(before), 0);
  reach(4);
  await(5);
  EXPECT_EQ(freed_after(before), 2);
  reach(6);
  sleeper.join();
  Epoch::unregister_thread();
}

struct Thing : SlabObject<Thing> {
  std::uint64_t a = 1, b = 2, c = 3;
};

TEST(Slab, ObjectsCrossThreads) {
  constexpr int kCount = 20000;
  std::vector<std::atomic<Thing*>> box(64);
  for (auto& b : box) b.store(nullptr);
  std::thread producer([&] {
    for (int i = 0; i < kCount; i++) {
      auto* t = new Thing;
      t->a = static_cast<std::uint64_t>(i);
      Thing* expected = nullptr;
      while (!box[static_cast<std::size_t>(i) % box.size()].compare_exchange_weak(expected, t)) {
        expected = nullptr;
        std::this_thread::yield();
      }
    }
  });
  std::thread consumer([&] {
    for (int i = 0; i < kCount; i++) {
      Thing* t = nullptr;
      while (!(t = box[static_cast<std::size_t>(i) % box.size()].exchange(nullptr))) std::this_thread::yield();
      ASSERT_EQ(t->a, static_cast<std::uint64_t>(i));
      ASSERT_EQ(t->b, 2u);
      delete t;
    }
  });
  producer.join();
  consumer.join();
}

struct Large : SlabObject<Large> {
  std::uint64_t number = 0;
  char filler[1080];
};

// A sanitizer's own memory about ours stays resident.
#if defined(__has_feature)
constexpr bool kShadowed = __has_feature(thread_sanitizer) || __has_feature(address_sanitizer);
#else
constexpr bool kShadowed = false;
#endif

// Of many objects one in fifty stays: memory comes back page by page, and what stayed is untouched.
TEST(Slab, GivesPagesBackThatNothingLiesOn) {
  constexpr std::size_t kCount = 100000;
  std::vector<Large*> all(kCount);
  const std::size_t before = os::resident_bytes();
  for (int round = 0; round < 3; round++) {
    SlabPool::idle_bytes();
    for (std::size_t i = 0; i < kCount; i++) {
      all[i] = new Large;
      all[i]->number = i;
    }
    EXPECT_GT(os::resident_bytes(), before + kCount * 1000);
    for (std::size_t i = 0; i < kCount; i++)
      if (i % 50 != 0) delete all[i];
    SlabPool::idle_bytes();
    EXPECT_GT(SlabPool::idle_bytes(), kCount * 1000);
    std::atomic<bool> done{false};
    std::thread other([&] {  // works on meanwhile
      std::vector<Large*> some;
      while (!done.load()) {
        for (int i = 0; i < 500; i++) some.push_back(new Large);
        for (Large* l : some) delete l;
        some.clear();
      }
    });
    for (int i = 0; i < 5; i++) SlabPool::give_back_unused();
    done = true;
    other.join();
    SlabPool::give_back_unused();
    if (!kShadowed) {
      EXPECT_LT(os::resident_bytes(), before + (kCount / 50) * 3 * 4096 + 4'000'000);
    }
    for (std::size_t i = 0; i < kCount; i += 50) {
      EXPECT_EQ(all[i]->number, i);
      delete all[i];
    }
  }
}

TEST(SizedSlabs, ClassesHoldTheirSizes) {
  for (std::size_t words = 1; words <= SizedSlabs::kMostWords; words++) {
    const unsigned c = SizedSlabs::class_of(words);
    ASSERT_LT(c, SizedSlabs::kClasses);
    ASSERT_GE(SizedSlabs::class_words(c), words);
    ASSERT_TRUE(c == 0 || SizedSlabs::class_words(c - 1) < words) << words;
    ASSERT_EQ(SizedSlabs::class_of(SizedSlabs::class_words(c)), c);
  }
}

// Blocks of every size at once: none touches another, and what was freed in any order serves again.
TEST(SizedSlabs, BlocksDoNotOverlap) {
  std::mt19937_64 random(5);
  struct Owned {
    Word* start;
    std::size_t words;
  };
  std::vector<Owned> all;
  for (int i = 0; i < 200000; i++) {
    if (all.size() > 30000 || (!all.empty() && random() % 3 == 0)) {
      const std::size_t at = random() % all.size();
      const Owned o = std::exchange(all[at], all.back());
      all.pop_back();
      ASSERT_EQ(o.start[0], reinterpret_cast<Word>(o.start));
      ASSERT_EQ(o.start[o.words - 1], reinterpret_cast<Word>(o.start));
      SizedSlabs::release(o.start, SizedSlabs::class_of(o.words));
    }
    const std::size_t words = 1 + random() % (random() % 4 ? 40 : SizedSlabs::kMostWords);
    auto* start = static_cast<Word*>(SizedSlabs::allocate(SizedSlabs::class_of(words)));
    start[0] = start[words - 1] = reinterpret_cast<Word>(start);
    all.push_back({start, words});
  }
  for (const Owned& o : all) {
    ASSERT_EQ(o.start[o.words - 1], reinterpret_cast<Word>(o.start));
    SizedSlabs::release(o.start, SizedSlabs::class_of(o.words));
  }
  SizedSlabs::trim_thread();
}

// One thread allocates, another frees, a third gives pages back.
TEST(SizedSlabs, BlocksCrossThreads) {
  constexpr std::size_t kCount = 200000, kRoom = 4096;
  std::vector<std::atomic<Word*>> box(kRoom);
  const auto words_of = [](std::size_t i) { return 4 + i * 7 % 300; };
  std::atomic<bool> done{false};
  std::thread producer([&] {
    for (std::size_t i = 0; i < kCount; i++) {
      auto* block = static_cast<Word*>(SizedSlabs::allocate(SizedSlabs::class_of(words_of(i))));
      std::fill(block, block + words_of(i), i);
      Word* expected = nullptr;
      while (!box[i % kRoom].compare_exchange_weak(expected, block)) {
        expected = nullptr;
        std::this_thread::yield();
      }
    }
    SizedSlabs::trim_thread();
  });
  std::thread consumer([&] {
    for (std::size_t i = 0; i < kCount; i++) {
      Word* block = nullptr;
      while (!(block = box[i % kRoom].exchange(nullptr))) std::this_thread::yield();
      ASSERT_TRUE(std::all_of(block, block + words_of(i), [&](Word w) { return w == i; })) << i;
      SizedSlabs::release(block, SizedSlabs::class_of(words_of(i)));
    }
    SizedSlabs::trim_thread();
  });
  std::thread discarder([&] {
    while (!done.load()) {
      SlabPool::give_back_unused();
      std::this_thread::yield();
    }
  });
  producer.join();
  consumer.join();
  done = true;
  discarder.join();
}

}  // namespace
}  // namespace vm::sync
