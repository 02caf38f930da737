// SPDX-License-Identifier: Apache-2.0
//
// Reclamation and slabs under several threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "os/memory.h"
#include "sync/epoch.h"
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

}  // namespace
}  // namespace vm::sync
