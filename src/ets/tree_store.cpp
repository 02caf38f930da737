// SPDX-License-Identifier: Apache-2.0
//
// Tree store of ordered_set: a balanced tree ordered by ==, so 1 and 1.0 are one key. Iteration needs no fixing.
#include <set>

#include "ets/table.h"
#include "term/compare.h"

namespace vm::ets {

namespace {

class TreeStore final : public Store {
 public:
  explicit TreeStore(std::size_t position) : position_(position), rows_(Before{position}) {}
  ~TreeStore() override { clear(); }

  std::size_t size() const override { return rows_.size(); }
  void find(Term key, std::vector<Row*>* rows) const override {
    if (Row* r = find_one(key)) rows->push_back(r);
  }
  Row* find_one(Term key) const override {
    auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : *it;
  }
  void insert(Row* row) override {
    auto [it, fresh] = rows_.insert(row);
    if (!fresh) exchange(it, row);
  }
  std::size_t erase(Term key) override {
    auto it = rows_.find(key);
    if (it == rows_.end()) return 0;
    Row* r = *it;
    rows_.erase(it);
    Row::destroy(r);
    return 1;
  }
  void erase_row(Row* row) override { erase(row->key(position_)); }
  void replace_row(Row* old, Row* fresh) override { exchange(rows_.find(old->key(position_)), fresh); }
  void clear() override {
    for (Row* r : rows_) Row::destroy(r);
    rows_.clear();
  }
  Term first() const override { return key_at(rows_.begin()); }
  Term last() const override { return rows_.empty() ? Term::non_value() : (*rows_.rbegin())->key(position_); }
  Term next(Term key, bool* known) const override {
    *known = true;
    return key_at(rows_.upper_bound(key));
  }
  Term previous(Term key, bool* known) const override {
    *known = true;
    auto it = rows_.lower_bound(key);
    return it == rows_.begin() ? Term::non_value() : (*std::prev(it))->key(position_);
  }
  void set_fixed(bool) override {}
  void each(const std::function<bool(Row*)>& f) const override {
    for (Row* r : rows_)
      if (!f(r)) return;
  }
  std::size_t buckets() const override { return rows_.size(); }
  void rows_of_bucket(std::size_t bucket, std::vector<Row*>* rows) const override {
    if (bucket < rows_.size()) rows->push_back(*std::next(rows_.begin(), static_cast<std::ptrdiff_t>(bucket)));
  }
  std::size_t memory_bytes() const override { return rows_.size() * 48; }

 private:
  struct Before {
    using is_transparent = void;
    std::size_t position;
    bool operator()(const Row* a, const Row* b) const { return term::compare(a->key(position), b->key(position)) < 0; }
    bool operator()(const Row* a, Term b) const { return term::compare(a->key(position), b) < 0; }
    bool operator()(Term a, const Row* b) const { return term::compare(a, b->key(position)) < 0; }
  };
  using Rows = std::set<Row*, Before>;
  Term key_at(Rows::const_iterator it) const { return it == rows_.end() ? Term::non_value() : (*it)->key(position_); }
  // The new row's key equals the old one's, so the order stays.
  void exchange(Rows::const_iterator it, Row* fresh) {
    Row* old = *it;
    const_cast<Row*&>(*it) = fresh;
    Row::destroy(old);
  }

  std::size_t position_;
  Rows rows_;
};

}  // namespace

std::unique_ptr<Store> make_tree_store(std::size_t position) { return std::make_unique<TreeStore>(position); }

}  // namespace vm::ets
