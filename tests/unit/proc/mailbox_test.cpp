// SPDX-License-Identifier: Apache-2.0
//
// The mailbox against a plain list: random messages, receives of several kinds, with and without the shapes that let it skip.
#include "proc/mailbox.h"

#include <gtest/gtest.h>

#include <list>
#include <random>

#include "heap/process_heap.h"
#include "proc/references.h"
#include "term/compare.h"
#include "term/views.h"

namespace vm::proc {
namespace {

// What a receive wants: a predicate, and shapes that say no more than it does.
struct Receive {
  std::vector<MessageShape> shapes;
  bool deep = false;  // also looks at the third element
  Term third = term::kNil;

  bool fits(const MessageShape& s, Term m) const {
    if (s.arity == 0) return term::equal_exact(m, s.first);
    if (!m.is_tuple_of(s.arity)) return false;
    const term::Tuple t = term::Tuple::from(m);
    if (s.first.is_value() && !term::equal_exact(t[0], s.first)) return false;
    if (s.second.is_value() && !term::equal_exact(t[1], s.second)) return false;
    return !deep || s.arity < 3 || term::equal_exact(t[2], third);
  }
  bool takes(Term m) const {
    for (const MessageShape& s : shapes)
      if (fits(s, m)) return true;
    return shapes.empty();
  }
};

class MailboxModel : public ::testing::Test {
 protected:
  void SetUp() override {
    heap_.init(1000);
    for (int i = 0; i < 5; i++) values_.push_back(Term::small(i));
    values_.push_back(term::kNil);
    values_.push_back(term::make_float(heap_, 0.0));
    values_.push_back(term::make_float(heap_, -0.0));
    for (int i = 0; i < 4; i++) values_.push_back(make_key_ref(heap_, next_ref_key()));
    values_.push_back(term::Tuple::make(heap_, Term::small(1), Term::small(2)));
    values_.push_back(term::make_unsigned(heap_, ~std::uint64_t{0}));
  }
  Term value() { return values_[random_() % values_.size()]; }
  Term message() {
    switch (random_() % 5) {
      case 0: return value();
      case 1: return term::Tuple::make(heap_, value());
      case 2: return term::Tuple::make(heap_, value(), value());
      case 3: return term::Tuple::make(heap_);
      default: return term::Tuple::make(heap_, value(), value(), value());
    }
  }
  MessageShape shape() {
    MessageShape s;
    s.arity = random_() % 4;
    s.first = value();
    if (s.arity >= 2 && random_() % 2) s.second = value();
    if (s.arity >= 2 && s.second.is_value() && random_() % 2) s.first = Term::non_value();
    return s;
  }
  Receive receive() {
    Receive r;
    if (random_() % 16 == 0) return r;
    for (std::size_t n = 1 + random_() % 3; n > 0; n--) r.shapes.push_back(shape());
    r.deep = random_() % 2;
    r.third = value();
    return r;
  }
  void send(Term m) {
    Signal* s = Signal::create(SignalKind::Message);
    s->term = m;  // on a heap that outlives the mailbox
    mailbox_.append(s);
    model_.push_back(m);
  }
  // One receive with a time-out of 0.
  void run(const Receive& r) {
    auto expected = model_.begin();
    while (expected != model_.end() && !r.takes(*expected)) ++expected;
    Term found = Term::non_value();
    for (;;) {
      if (mailbox_.wants_shapes() && !r.shapes.empty()) {
        mailbox_.skip(r.shapes);
        skips_++;
      }
      Message* m = mailbox_.peek();
      if (!m) break;
      mailbox_.start_matching();
      if (r.takes(m->term)) {
        found = m->term;
        Signal::destroy(mailbox_.take());
        break;
      }
      mailbox_.advance();
    }
    mailbox_.rewind();
    if (expected == model_.end()) {
      ASSERT_FALSE(found.is_value());
    } else {
      ASSERT_TRUE(found.is_value());
      ASSERT_EQ(found.bits(), expected->bits());  // the very message, not one like it
      model_.erase(expected);
    }
    ASSERT_EQ(mailbox_.inbox_length(), model_.size());
  }

  heap::ProcessHeap heap_;
  Mailbox mailbox_;
  std::list<Term> model_;
  std::vector<Term> values_;
  std::mt19937 random_{12345};
  std::size_t skips_ = 0;
};

TEST_F(MailboxModel, ReceivesTakeTheFirstThatFits) {
  for (int round = 0; round < 60; round++) {
    const std::size_t burst = random_() % 800;
    for (std::size_t i = 0; i < burst; i++) send(message());
    for (int i = 0; i < 200; i++) {
      run(receive());
      if (HasFatalFailure()) return;
      if (random_() % 2) send(message());
    }
    if (round % 8 == 7) {
      while (!model_.empty()) run(Receive{});
    }
  }
  EXPECT_GT(skips_, 1000u);
}

TEST_F(MailboxModel, MarkersAndIndexGoTogether) {
  for (int i = 0; i < 2000; i++) send(term::Tuple::make(heap_, Term::small(1), Term::small(i)));
  Receive missing;
  missing.shapes.push_back({2, Term::small(7), Term::non_value()});
  for (int i = 0; i < 5; i++) run(missing);
  for (int i = 0; i < 50; i++) {
    const Term ref = make_key_ref(heap_, next_ref_key());
    const Word marker = mailbox_.reserve_marker();
    mailbox_.bind_marker(marker, ref);
    send(term::Tuple::make(heap_, ref, Term::small(i)));
    mailbox_.set_marker(ref);
    Receive r;
    r.shapes.push_back({2, ref, Term::non_value()});
    run(r);
    if (HasFatalFailure()) return;
    mailbox_.clear_marker_ref(ref);
  }
  EXPECT_TRUE(mailbox_.wants_shapes());
  EXPECT_EQ(mailbox_.inbox_length(), 2000u);
}

TEST_F(MailboxModel, RemovingElsewhereKeepsTheIndexRight) {
  for (int i = 0; i < 1000; i++) send(message());
  Receive missing;
  missing.shapes.push_back({0, term::make_unsigned(heap_, ~std::uint64_t{0} - 1), Term::non_value()});
  for (int i = 0; i < 5; i++) run(missing);
  while (mailbox_.inbox_length() > 20) {
    std::size_t n = random_() % mailbox_.inbox_length();
    Message* m = mailbox_.first();
    auto at = model_.begin();
    for (; n > 0; n--, m = m->next) ++at;
    mailbox_.remove(m);
    Signal::destroy(m);
    model_.erase(at);
    run(receive());
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace vm::proc
