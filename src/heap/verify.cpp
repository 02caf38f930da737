// SPDX-License-Identifier: Apache-2.0
//
// Heap verifier: walks everything reachable from the roots and ends the program at the first word that can't be right.
#include <unordered_set>
#include <vector>

#include "heap/copy.h"
#include "heap/object_layout.h"
#include "heap/process_heap.h"

namespace vm::heap {

namespace {

class Verifier final : public RootSink {
 public:
  explicit Verifier(const ProcessHeap& heap) : heap_(heap) {}

  void roots(Term* first, std::size_t count) override {
    for (std::size_t i = 0; i < count; i++) check(first[i].bits());
  }
  void check(Word w) {
    if (!Term::from_bits(w).is_pointer()) {
      VM_CHECK((w & 7) != 7 || w == Term::kNonValue);
      return;
    }
    todo_.push_back(w);
  }
  void finish() {
    while (!todo_.empty()) {
      Word w = todo_.back();
      todo_.pop_back();
      visit(w);
    }
  }

 private:
  void visit(Word w) {
    auto* p = reinterpret_cast<const Word*>(w & ~Word{7});
    if (is_literal(p)) return;
    VM_CHECK(heap_.contains(p));
    if (!seen_.insert(w).second) return;
    if ((w & 7) == 2) {
      VM_CHECK(p[0] != Term::kNonValue);
      check(p[0]);
      check(p[1]);
      return;
    }
    term::HeaderWord h(p[0]);
    VM_CHECK(h.is_header() && h.kind() > term::Kind::NonValue && h.kind() < term::Kind::Filler);
    VM_CHECK(heap_.contains(p + h.words()));
    ObjectShape shape = shape_of(h);
    for (std::size_t i = shape.first_term; i < shape.end_terms; i++) check(p[i]);
  }

  const ProcessHeap& heap_;
  std::vector<Word> todo_;
  std::unordered_set<Word> seen_;
};

}  // namespace

void ProcessHeap::verify(Term* registers, std::size_t live, RootSource& source) {
  VM_CHECK(start_ <= top_ && top_ <= limit_ && limit_ <= end_);
  Verifier v(*this);
  v.roots(registers, live);
  for (Word* p = limit_; p < end_; p++) {
    if (*p == kFrameMarker) p++;
    else v.check(*p);
  }
  source.visit_roots(v);
  v.finish();
}

}  // namespace vm::heap
