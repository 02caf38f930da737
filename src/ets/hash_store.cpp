// SPDX-License-Identifier: Apache-2.0
//
// Hash store: chains in a power-of-two array that doubles and halves, never while the table is fixed. Rows of one key lie next to each other in
// their chain, newest last for bags.
#include "ets/table.h"
#include "term/compare.h"
#include "term/hash.h"

namespace vm::ets {

namespace {

constexpr std::size_t kSmallest = 16;

class HashStore final : public Store {
 public:
  HashStore(Type type, std::size_t position) : type_(type), position_(position), slots_(kSmallest, nullptr) {}
  ~HashStore() override { clear(); }

  std::size_t size() const override { return live_; }

  void find(Term key, std::vector<Row*>* rows) const override {
    std::uint32_t h = term::internal_hash(key);
    for (Row* r = slots_[h & mask()]; r; r = r->next)
      if (!r->deleted && is(r, h, key)) rows->push_back(r);
  }
  Row* find_one(Term key) const override {
    std::uint32_t h = term::internal_hash(key);
    for (Row* r = slots_[h & mask()]; r; r = r->next)
      if (!r->deleted && is(r, h, key)) return r;
    return nullptr;
  }

  void insert(Row* row) override {
    Term key = row->key(position_);
    row->hash = term::internal_hash(key);
    Row** at = &slots_[row->hash & mask()];
    while (*at && !is(*at, row->hash, key)) at = &(*at)->next;
    if (type_ == Type::Set) {
      insert_unique(at, row, key);
    } else {
      if (type_ == Type::Bag && drop_equal(at, row, key)) return;
      while (*at && is(*at, row->hash, key)) at = &(*at)->next;
      link(at, row);
    }
    grow_or_shrink();
  }

  std::size_t erase(Term key) override {
    std::uint32_t h = term::internal_hash(key);
    std::size_t n = 0;
    for (Row** at = &slots_[h & mask()]; *at;) {
      if ((*at)->deleted || !is(*at, h, key)) {
        at = &(*at)->next;
        continue;
      }
      n++;
      take_out(&at);
    }
    grow_or_shrink();
    return n;
  }

  void erase_row(Row* row) override {
    Row** at = &slots_[row->hash & mask()];
    while (*at != row) at = &(*at)->next;
    take_out(&at);
    grow_or_shrink();
  }

  void replace_row(Row* old, Row* fresh) override {
    fresh->hash = old->hash;
    Row** at = &slots_[old->hash & mask()];
    while (*at != old) at = &(*at)->next;
    fresh->next = old->next;
    *at = fresh;
    Row::destroy(old);
  }

  void clear() override {
    for (Row*& first : slots_) {
      while (Row* r = first) {
        first = r->next;
        Row::destroy(r);
      }
    }
    live_ = marked_ = 0;
    if (!fixed_) slots_.assign(kSmallest, nullptr);
  }

  Term first() const override { return first_from(0); }
  Term last() const override { return first(); }  // no order: stock answers as for first

  Term next(Term key, bool* known) const override {
    std::uint32_t h = term::internal_hash(key);
    std::size_t slot = h & mask();
    Row* r = slots_[slot];
    while (r && !is(r, h, key)) r = r->next;
    *known = r != nullptr;
    if (!r) return Term::non_value();
    while (r && is(r, h, key)) r = r->next;
    while (r && r->deleted) r = r->next;
    return r ? r->key(position_) : first_from(slot + 1);
  }
  Term previous(Term key, bool* known) const override { return next(key, known); }

  void set_fixed(bool fixed) override {
    fixed_ = fixed;
    if (fixed || !marked_) return;
    for (Row*& first : slots_)
      for (Row** at = &first; *at;) {
        Row* r = *at;
        if (!r->deleted) {
          at = &r->next;
          continue;
        }
        *at = r->next;
        Row::destroy(r);
      }
    marked_ = 0;
    grow_or_shrink();
  }

  void each(const std::function<bool(Row*)>& f) const override {
    for (Row* first : slots_)
      for (Row* r = first; r; r = r->next)
        if (!r->deleted && !f(r)) return;
  }
  std::size_t buckets() const override { return slots_.size(); }
  void rows_of_bucket(std::size_t bucket, std::vector<Row*>* rows) const override {
    for (Row* r = slots_[bucket]; r; r = r->next)
      if (!r->deleted) rows->push_back(r);
  }
  std::size_t memory_bytes() const override { return slots_.size() * sizeof(Row*); }

 private:
  std::size_t mask() const { return slots_.size() - 1; }
  bool is(const Row* r, std::uint32_t h, Term key) const { return r->hash == h && term::equal_exact(r->key(position_), key); }

  Term first_from(std::size_t slot) const {
    for (; slot < slots_.size(); slot++)
      for (Row* r = slots_[slot]; r; r = r->next)
        if (!r->deleted) return r->key(position_);
    return Term::non_value();
  }

  void link(Row** at, Row* row) {
    row->next = *at;
    *at = row;
    live_++;
  }
  // A set keeps one row of a key; a mark of the same key is used again.
  void insert_unique(Row** at, Row* row, Term key) {
    if (Row* old = *at; old && is(old, row->hash, key)) {
      if (old->deleted) {
        marked_--;
        live_++;
      }
      row->next = old->next;
      *at = row;
      Row::destroy(old);
      return;
    }
    link(at, row);
  }
  // A bag has an equal row already: the new one is dropped (and a marked equal one wakes up).
  bool drop_equal(Row** at, Row* row, Term key) {
    for (Row* r = *at; r && is(r, row->hash, key); r = r->next) {
      if (!term::equal_exact(r->tuple, row->tuple)) continue;
      if (r->deleted) {
        r->deleted = false;
        marked_--;
        live_++;
      }
      Row::destroy(row);
      return true;
    }
    return false;
  }
  // Removes **at or marks it; *at moves on when it was only marked.
  void take_out(Row*** at) {
    Row* r = **at;
    live_--;
    if (fixed_) {
      r->deleted = true;
      marked_++;
      *at = &r->next;
      return;
    }
    **at = r->next;
    Row::destroy(r);
  }

  void grow_or_shrink() {
    if (fixed_) return;
    std::size_t n = slots_.size();
    if (live_ > n) rehash(n * 2);
    else if (n > kSmallest && live_ < n / 8) rehash(n / 2);
  }
  void rehash(std::size_t n) {
    std::vector<Row*> fresh(n, nullptr);
    std::vector<Row*> ends(n, nullptr);
    for (Row* first : slots_)
      while (Row* r = first) {
        first = r->next;
        r->next = nullptr;
        std::size_t slot = r->hash & (n - 1);
        (ends[slot] ? ends[slot]->next : fresh[slot]) = r;
        ends[slot] = r;
      }
    slots_.swap(fresh);
  }

  Type type_;
  std::size_t position_;
  std::vector<Row*> slots_;
  std::size_t live_ = 0;
  std::size_t marked_ = 0;
  bool fixed_ = false;
};

}  // namespace

std::unique_ptr<Store> make_hash_store(Type type, std::size_t position) { return std::make_unique<HashStore>(type, position); }

}  // namespace vm::ets
