// SPDX-License-Identifier: Apache-2.0
//
// IdTable: small map from a 64-bit key to a record, for a process's links, monitors and aliases. Entries are dense and in order of insertion as
// long as none is removed (a removal moves the last one); beyond eight of them a hash index is kept. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "heap/process_heap.h"

namespace vm::proc {

// Entry needs a member `std::uint64_t key`.
template <typename Entry>
class IdTable {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  Entry* begin() { return entries_.data(); }
  Entry* end() { return entries_.data() + entries_.size(); }

  Entry* find(std::uint64_t key) {
    const std::size_t i = position(key);
    return i == kNone ? nullptr : &entries_[i];
  }
  // The key must be new. The pointer is valid until the next change.
  Entry* insert(Entry e) {
    entries_.push_back(std::move(e));
    if (entries_.size() > linear()) {
      if (entries_.size() * 2 > index_.size()) rebuild();
      else put(entries_.back().key, static_cast<std::uint32_t>(entries_.size()));
    }
    return &entries_.back();
  }
  bool remove(std::uint64_t key, Entry* out = nullptr) {
    const std::size_t i = position(key);
    if (i == kNone) return false;
    if (out) *out = std::move(entries_[i]);
    const std::size_t last = entries_.size() - 1;
    if (!index_.empty()) {
      erase(key);
      if (i != last) *slot(entries_[last].key) = static_cast<std::uint32_t>(i + 1);
    }
    if (i != last) entries_[i] = std::move(entries_[last]);
    entries_.pop_back();
    if (last <= linear() && !index_.empty()) std::vector<std::uint32_t>().swap(index_);
    return true;
  }
  // Takes everything out.
  std::vector<Entry> drain() {
    std::vector<Entry> all;
    all.swap(entries_);
    std::vector<std::uint32_t>().swap(index_);
    return all;
  }
  std::size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry) + index_.capacity() * 4; }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  // Entries without an index.
  static std::size_t linear() { return heap::stress_modes.tiny_tables ? 1 : 8; }

  static std::size_t hash(std::uint64_t key) {
    key *= 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>(key ^ key >> 32);
  }
  std::size_t position(std::uint64_t key) {
    if (index_.empty()) {
      for (std::size_t i = entries_.size(); i-- > 0;)
        if (entries_[i].key == key) return i;
      return kNone;
    }
    std::uint32_t* s = slot(key);
    return *s ? *s - 1 : kNone;
  }
  // The slot of the key, or the empty slot where it belongs.
  std::uint32_t* slot(std::uint64_t key) {
    const std::size_t mask = index_.size() - 1;
    for (std::size_t i = hash(key) & mask;; i = (i + 1) & mask)
      if (index_[i] == 0 || entries_[index_[i] - 1].key == key) return &index_[i];
  }
  void put(std::uint64_t key, std::uint32_t number) {
    const std::size_t mask = index_.size() - 1;
    std::size_t i = hash(key) & mask;
    while (index_[i]) i = (i + 1) & mask;
    index_[i] = number;
  }
  void erase(std::uint64_t key) {  // linear probing with backward shift
    const std::size_t mask = index_.size() - 1;
    std::size_t hole = static_cast<std::size_t>(slot(key) - index_.data());
    for (std::size_t i = (hole + 1) & mask; index_[i]; i = (i + 1) & mask) {
      const std::size_t home = hash(entries_[index_[i] - 1].key) & mask;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        index_[hole] = index_[i];
        hole = i;
      }
    }
    index_[hole] = 0;
  }
  void rebuild() {
    std::size_t n = heap::stress_modes.tiny_tables ? 2 : 32;
    while (n < entries_.size() * 4) n *= 2;
    index_.assign(n, 0);
    for (std::size_t i = 0; i < entries_.size(); i++) put(entries_[i].key, static_cast<std::uint32_t>(i + 1));
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> index_;  // entry number + 1; 0 = empty
};

}  // namespace vm::proc
