// SPDX-License-Identifier: Apache-2.0
#include "proc/dictionary.h"

#include "proc/dictionary_internal.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/hash.h"
#include "term/views.h"

namespace vm::proc {

std::size_t Dictionary::find(Term key) {
  if (index_.empty()) {
    for (std::size_t i = 0; i < cells_.size(); i += 2)
      if (cells_[i].is_value() && term::equal_exact(cells_[i], key)) return i;
    return npos;
  }
  const std::size_t mask = index_.size() - 1;
  for (std::size_t h = term::internal_hash(key) & mask; index_[h]; h = (h + 1) & mask) {
    const std::size_t i = (index_[h] - 1) * std::size_t{2};
    if (cells_[i].is_value() && term::equal_exact(cells_[i], key)) return i;
  }
  return npos;
}

Term Dictionary::get(Term key) {
  const std::size_t i = find(key);
  return i == npos ? atoms::undefined : cells_[i + 1];
}

Term Dictionary::put(Term key, Term value) {
  const std::size_t i = find(key);
  if (i != npos) {
    const Term old = cells_[i + 1];
    cells_[i + 1] = value;
    return old;
  }
  cells_.push_back(key);
  cells_.push_back(value);
  live_++;
  const std::size_t pairs = cells_.size() / 2;
  if (pairs > kLinear) {
    if (pairs * 2 > index_.size()) {
      rebuild();
    } else {
      const std::size_t mask = index_.size() - 1;
      std::size_t h = term::internal_hash(key) & mask;
      while (index_[h]) h = (h + 1) & mask;
      index_[h] = static_cast<std::uint32_t>(pairs);
    }
  }
  return atoms::undefined;
}

Term Dictionary::erase(Term key) {
  const std::size_t i = find(key);
  if (i == npos) return atoms::undefined;
  const Term old = cells_[i + 1];
  cells_[i] = Term::non_value();
  cells_[i + 1] = term::kNil;
  live_--;
  if (cells_.size() >= 32 && live_ * 8 < cells_.size()) rebuild();
  else if (live_ == 0) clear();
  return old;
}

void Dictionary::clear() {
  std::vector<Term>().swap(cells_);
  std::vector<std::uint32_t>().swap(index_);
  live_ = 0;
}

void Dictionary::compact() {
  std::size_t to = 0;
  for (std::size_t i = 0; i < cells_.size(); i += 2) {
    if (!cells_[i].is_value()) continue;
    cells_[to] = cells_[i];
    cells_[to + 1] = cells_[i + 1];
    to += 2;
  }
  cells_.resize(to);
}

void Dictionary::rebuild() {
  compact();
  const std::size_t pairs = cells_.size() / 2;
  if (pairs <= kLinear) {
    index_.clear();
    return;
  }
  std::size_t n = 32;
  while (n < pairs * 4) n *= 2;
  index_.assign(n, 0);
  for (std::size_t pair = 0; pair < pairs; pair++) {
    std::size_t h = term::internal_hash(cells_[pair * 2]) & (n - 1);
    while (index_[h]) h = (h + 1) & (n - 1);
    index_[h] = static_cast<std::uint32_t>(pair + 1);
  }
}

void Dictionary::visit_roots(heap::RootSink& sink) {
  if (!cells_.empty()) sink.roots(cells_.data(), cells_.size());
}

// --------------------------------------------------------------------------------------------------------------------- interface

Term dictionary_get(Process& p, Term key) { return p.dictionary ? p.dictionary->get(key) : atoms::undefined; }

Term dictionary_put(Process& p, Term key, Term value) {
  if (!p.dictionary) p.dictionary = new Dictionary;
  return p.dictionary->put(key, value);
}

Term dictionary_erase(Process& p, Term key) { return p.dictionary ? p.dictionary->erase(key) : atoms::undefined; }

Term dictionary_list(Process& p, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (p.dictionary) p.dictionary->for_each([&](Term k, Term v) { list.add(term::Tuple::make(h, k, v)); });
  return list.finish();
}

Term dictionary_keys(Process& p, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (p.dictionary) p.dictionary->for_each([&](Term k, Term) { list.add(k); });
  return list.finish();
}

Term dictionary_keys_of(Process& p, Term value, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (p.dictionary)
    p.dictionary->for_each([&](Term k, Term v) {
      if (term::equal_exact(v, value)) list.add(k);
    });
  return list.finish();
}

Term dictionary_erase_all(Process& p, term::HeapWriter& h) {
  const Term all = dictionary_list(p, h);
  if (p.dictionary) p.dictionary->clear();
  return all;
}

}  // namespace vm::proc
