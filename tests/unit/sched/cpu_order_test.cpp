// SPDX-License-Identifier: Apache-2.0
//
// Orders of binding and groups on made-up topologies; the expected lists are stock's. The queue's lists of what is at home.
#include "sched/cpu_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <vector>

#include <string>

#include "sched/cpu_binding.h"
#include "sched/run_queue_internal.h"

namespace vm::sched {
namespace {

using os::Cpu;
using Numbers = std::vector<int>;

enum class Nodes { Outside, Inside };

// Two nodes, two processors, two cores, two threads: sixteen logical processors.
std::vector<Cpu> sixteen(Nodes nodes) {
  std::vector<Cpu> cpus;
  for (int i = 0; i < 16; i++) {
    const int node = i / 8, processor = i / 4 % 2;
    const bool outside = nodes == Nodes::Outside;
    cpus.push_back({outside ? node : -1, outside ? node * 2 + processor : processor, outside ? -1 : node, i / 2 % 2, i % 2, i});
  }
  EXPECT_EQ(check_topology(cpus), TopologyFault::None);
  return cpus;
}

TEST(CpuOrder, NodesOutsideOfProcessors) {
  const std::vector<Cpu> cpus = sixteen(Nodes::Outside);
  EXPECT_EQ(bind_sequence(cpus, BindOrder::NoSpread), (Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::ThreadSpread), (Numbers{0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::ProcessorSpread), (Numbers{0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::Spread), (Numbers{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::NoNodeThreadSpread), (Numbers{0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::NoNodeProcessorSpread), (Numbers{0, 4, 2, 6, 1, 5, 3, 7, 8, 12, 10, 14, 9, 13, 11, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::ThreadNoNodeProcessorSpread), (Numbers{0, 4, 2, 6, 8, 12, 10, 14, 1, 5, 3, 7, 9, 13, 11, 15}));
  EXPECT_TRUE(bind_sequence(cpus, BindOrder::Unbound).empty());
}

TEST(CpuOrder, NodesInsideOfProcessors) {
  const std::vector<Cpu> cpus = sixteen(Nodes::Inside);
  EXPECT_EQ(bind_sequence(cpus, BindOrder::NoSpread), (Numbers{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::ProcessorSpread), (Numbers{0, 4, 2, 6, 8, 12, 10, 14, 1, 5, 3, 7, 9, 13, 11, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::Spread), (Numbers{0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15}));
  EXPECT_EQ(bind_sequence(cpus, BindOrder::NoNodeProcessorSpread), (Numbers{0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15}));
}

Numbers groups_of(const std::vector<Cpu>& cpus, int groups) {
  Numbers of(cpus.size(), -1);
  for (const CpuGroup& g : cpu_groups(cpus, groups)) of[static_cast<std::size_t>(g.logical)] = g.group;
  return of;
}

TEST(CpuGroups, SharedOutFromTheOutside) {
  const std::vector<Cpu> outside = sixteen(Nodes::Outside), inside = sixteen(Nodes::Inside);
  EXPECT_EQ(groups_of(outside, 1), Numbers(16, 0));
  EXPECT_EQ(groups_of(outside, 3), (Numbers{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(groups_of(outside, 7), (Numbers{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6, 6}));
  EXPECT_EQ(groups_of(outside, 64), (Numbers{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7}));
  EXPECT_EQ(groups_of(inside, 2), (Numbers{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(groups_of(inside, 5), (Numbers{0, 0, 1, 1, 3, 3, 3, 3, 2, 2, 2, 2, 4, 4, 4, 4}));
}

TEST(CpuGroups, ThoseWithMorePartsGetMoreGroups) {
  std::vector<Cpu> cpus;
  for (int processor = 0, logical = 0; processor < 3; processor++)
    for (int core = 0; core < Numbers{5, 1, 3}[static_cast<std::size_t>(processor)]; core++)
      cpus.push_back({-1, processor, -1, core, 0, logical++});
  EXPECT_EQ(groups_of(cpus, 2), (Numbers{0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(groups_of(cpus, 4), (Numbers{0, 0, 1, 1, 1, 2, 3, 3, 3}));
  EXPECT_EQ(groups_of(cpus, 5), (Numbers{0, 0, 1, 1, 1, 2, 3, 4, 4}));
  EXPECT_EQ(groups_of(cpus, 9), (Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(CheckTopology, Faults) {
  const auto check = [](std::vector<Cpu> cpus) { return check_topology(cpus); };
  EXPECT_EQ(check({}), TopologyFault::None);
  EXPECT_EQ(check({{-1, 0, -1, 0, 0, 1}, {-1, 0, -1, 1, 0, 1}}), TopologyFault::RepeatedLogical);
  EXPECT_EQ(check({{-1, 0, -1, 0, 0, 1}, {-1, 0, -1, 0, 0, 2}}), TopologyFault::RepeatedPlace);
  EXPECT_EQ(check({{0, 0, -1, 0, 0, 1}, {1, 0, -1, 0, 0, 2}}), TopologyFault::BadNodes);  // one processor on two nodes
  EXPECT_EQ(check({{-1, 0, -1, 0, 0, 1}, {1, 1, -1, 0, 0, 2}}), TopologyFault::BadNodes);
  EXPECT_EQ(check({{0, 0, -1, 0, 0, 1}, {-1, 1, 0, 0, 0, 2}}), TopologyFault::None);
}

// What is defined counts before what was detected; processors that are not there are for nobody.
TEST(CpuBinding, Assignment) {
  CpuBinding cpus(DetectTopology::No);
  cpus.set_schedulers(3);
  BindOrder before;
  EXPECT_FALSE(cpus.set_order(BindOrder::Spread, &before));
  int first = 0;
  while (!cpus.info().usable.contains(first)) first++;
  cpus.define(std::vector<Cpu>{{-1, 0, -1, 0, 0, 5000}, {-1, 0, -1, 1, 0, first}});
  EXPECT_EQ(cpus.wanted(1), -1);
  EXPECT_TRUE(cpus.set_order(BindOrder::NoSpread, &before));
  EXPECT_EQ(before, BindOrder::Unbound);
  EXPECT_EQ(cpus.wanted(1), first);
  EXPECT_EQ(cpus.wanted(2), -1);
  EXPECT_EQ(cpus.bindings(), (Numbers{-1, -1, -1}));
  EXPECT_EQ(cpus.settle(1, true, -1), first);
  EXPECT_EQ(cpus.bindings(), (Numbers{first, -1, -1}));
  ASSERT_NE(os::unbound_mask(), nullptr);
  EXPECT_EQ(cpus.settle(1, false, first), -1);
  EXPECT_EQ(os::unbound_mask(), nullptr);
  cpus.define(std::nullopt);
  EXPECT_EQ(cpus.wanted(1), -1);
}

struct Item final : Runnable {
  After run(Scheduler&) override { return After::Parked; }
};

TEST(RunQueue, WhatIsAtHomeIsForTheOwnerOnly) {
  RunQueue queue, thief;
  Item items[8];
  for (int i = 0; i < 4; i++) queue.push_home(items[i]);
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.has_movable());
  EXPECT_EQ(queue.length(), 0u);
  EXPECT_EQ(queue.steal(thief, true), nullptr);
  EXPECT_EQ(queue.pop_movable(), nullptr);
  for (int i = 4; i < 8; i++) queue.push(items[i]);
  // Each kind gets its share.
  int home = 0;
  for (int i = 0; i < 4; i++) home += queue.pop() < &items[4];
  EXPECT_EQ(home, 2);
  EXPECT_NE(queue.pop_movable(), nullptr);
  EXPECT_NE(queue.pop_movable(), nullptr);
  EXPECT_EQ(queue.pop_movable(), nullptr);
  EXPECT_NE(queue.pop(), nullptr);
  EXPECT_NE(queue.pop(), nullptr);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(RunQueue, UrgentOnesAtHomeComeFirst) {
  RunQueue queue;
  Item ordinary[3], urgent, low;
  for (Item& i : ordinary) queue.push(i);
  low.priority = Priority::Low;
  urgent.priority = Priority::High;
  queue.push_home(low);
  queue.push_home(urgent);
  EXPECT_EQ(queue.pop(), &urgent);
  bool seen = false;
  for (int i = 0; i < 4; i++) seen = queue.pop() == &low || seen;
  EXPECT_TRUE(seen);
}

// What was taken counts until its taker comes for more; a thief holds one of what it moved.
TEST(RunQueue, WhatWasTakenIsInHand) {
  RunQueue queue, thief;
  Item items[4], next;
  for (Item& i : items) queue.push(i);
  EXPECT_EQ(queue.in_hand(), 0u);
  EXPECT_NE(queue.steal(thief, false), nullptr);
  EXPECT_EQ(queue.length() + queue.in_hand() + thief.length() + thief.in_hand(), 4u);
  EXPECT_EQ(thief.in_hand(), 1u);
  EXPECT_EQ(RunQueue().steal(thief, true), nullptr);
  EXPECT_EQ(thief.in_hand(), 0u);
  EXPECT_TRUE(queue.offer_next(next));
  EXPECT_EQ(queue.pop(), &next);
  EXPECT_EQ(queue.in_hand(), 1u);
  EXPECT_NE(queue.pop(), nullptr);
  EXPECT_NE(queue.pop_movable(), nullptr);
  EXPECT_EQ(queue.in_hand(), 1u);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_EQ(queue.in_hand(), 0u);
  RunQueue giver;
  Item given[4];
  for (Item& i : given) giver.push(i);
  EXPECT_NE(giver.take(Priority::Normal, 3), nullptr);
  EXPECT_EQ(giver.length(), 1u);
  EXPECT_EQ(giver.leaving(), 3u);
  giver.arrived();
  EXPECT_EQ(giver.leaving(), 0u);
}

// How often each runs when whoever ran waits again at once.
std::vector<unsigned> turns(RunQueue& queue, Item* items, std::size_t n, std::size_t slices) {
  std::vector<unsigned> count(n);
  for (std::size_t i = 0; i < n; i++) queue.push(items[i]);
  for (std::size_t i = 0; i < slices; i++) {
    Item* r = static_cast<Item*>(queue.pop());
    count[static_cast<std::size_t>(r - items)]++;
    queue.push(*r);
  }
  return count;
}

TEST(RunQueue, LowGetsATurnForEightOfEachNormal) {
  for (const std::size_t low : {1u, 3u, 300u}) {
    RunQueue queue;
    std::vector<Item> items(302);
    for (std::size_t i = 0; i < low; i++) items[i].priority = Priority::Low;
    const std::vector<unsigned> count = turns(queue, items.data(), items.size(), 200000);
    const auto [least, most] = std::minmax_element(count.begin() + static_cast<std::ptrdiff_t>(low), count.end());
    const auto [low_least, low_most] = std::minmax_element(count.begin(), count.begin() + static_cast<std::ptrdiff_t>(low));
    EXPECT_LE(*most - *least, 1u) << low;
    EXPECT_LE(*low_most - *low_least, 1u) << low;
    EXPECT_NEAR(*low_least, *least / 8, *least / 32 + 1) << low;
  }
}

TEST(RunQueue, UrgentOnesComeBeforeTheSlot) {
  RunQueue queue;
  Item ordinary, woken, urgent;
  urgent.priority = Priority::High;
  queue.push(ordinary);
  EXPECT_TRUE(queue.offer_next(woken));
  queue.push(urgent);
  EXPECT_EQ(queue.pop(), &urgent);
  EXPECT_EQ(queue.pop(), &ordinary);
  EXPECT_EQ(queue.pop(), &woken);
}

TEST(RunQueue, LowThatIsMovedDoesNotWaitAnew) {
  RunQueue from, to;
  Item low, there, here;
  low.priority = Priority::Low;
  from.push(low);
  from.push(there);
  to.push(here);
  // Seven of its eight rounds are over.
  for (unsigned i = 1; i < RunQueue::kLowEvery; i++) from.push(*from.pop());
  to.push(*from.take(Priority::Low, 1), RunQueue::How::Moved);
  EXPECT_EQ(from.waiting(Priority::Low), 0u);
  EXPECT_EQ(to.pop(), &here);
  to.push(here);
  EXPECT_EQ(to.pop(), &low);
}

}  // namespace
}  // namespace vm::sched
