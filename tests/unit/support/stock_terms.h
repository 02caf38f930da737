// SPDX-License-Identifier: Apache-2.0
//
// Terms that a stock system wrote: a small reader of the external term format (lower-case hex), for tests of rooms below etf/. Pids, ports and
// references of nonode@nohost become local ones. Malformed input aborts the test program.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "term/atoms.h"
#include "term/compare.h"
#include "term/fun_layout.h"
#include "term/map_layout.h"
#include "term/nodes.h"
#include "term/views.h"

namespace vm::test {

using term::HeapWriter;

// A flat map of any size below 33, without the ops room.
inline Term make_flat_map(HeapWriter& h, std::span<const Term> pairs) {
  std::vector<std::pair<Term, Term>> all;
  for (std::size_t i = 0; i < pairs.size(); i += 2) all.emplace_back(pairs[i], pairs[i + 1]);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return term::compare_total(a.first, b.first) < 0; });
  term::Tuple keys = term::Tuple::alloc(h, all.size());
  Word* p = h.alloc(2 + all.size());
  p[0] = term::HeaderWord::make(term::Kind::FlatMap, 1 + all.size()).bits();
  p[1] = keys.term().bits();
  for (std::size_t i = 0; i < all.size(); i++) {
    keys.set(i, all[i].first);
    p[2 + i] = all[i].second.bits();
  }
  return Term::boxed(p);
}

class StockTermReader {
 public:
  using MapMaker = std::function<Term(HeapWriter&, std::span<const Term>)>;
  explicit StockTermReader(HeapWriter& h, MapMaker make_map = make_flat_map) : h_(h), make_map_(std::move(make_map)) {}

  // Hex of a whole external term, version byte included.
  Term read(std::string_view hex) {
    bytes_.clear();
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes_.push_back(static_cast<Byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    at_ = 0;
    if (u8() != 131) std::abort();
    return term();
  }

 private:
  static unsigned digit(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }
  unsigned u8() { return bytes_.at(at_++); }
  unsigned u16() {
    unsigned v = u8() << 8;
    return v | u8();
  }
  std::uint32_t u32() {
    std::uint32_t v = u16() << 16;
    return v | u16();
  }
  Word u64() {
    Word v = Word{u32()} << 32;
    return v | u32();
  }
  std::string_view take(std::size_t n) {
    at_ += n;
    return {reinterpret_cast<const char*>(bytes_.data()) + at_ - n, n};
  }
  bool local_node() { return term::AtomTable::text(term()) == "nonode@nohost"; }

  Term term() {
    switch (unsigned tag = u8()) {
      case 97: return Term::small(u8());
      case 98: return Term::small(static_cast<std::int32_t>(u32()));
      case 70: return term::make_float(h_, std::bit_cast<double>(u64()));
      case 119: return term::AtomTable::intern(take(u8()));
      case 118: return term::AtomTable::intern(take(u16()));
      case 100: return term::AtomTable::intern_latin1(take(u16()));
      case 110: return big(u8());
      case 111: return big(u32());
      case 104: return tuple(u8());
      case 105: return tuple(u32());
      case 106: return term::kNil;
      case 107: return string();
      case 108: return list();
      case 109: {
        std::string_view s = take(u32());
        return term::make_binary(h_, {reinterpret_cast<const Byte*>(s.data()), s.size()});
      }
      case 77: return bitstring();
      case 116: return map();
      case 88: return pid();
      case 90: return ref();
      case 89:
      case 120: return port(tag == 120);
      case 113: return export_fun();
      case 112: return local_fun();
      default: std::abort();
    }
  }

  Term big(std::size_t n) {
    bool negative = u8() != 0;
    std::vector<Word> limbs((n + 7) / 8);
    for (std::size_t i = 0; i < n; i++) limbs[i / 8] |= Word{u8()} << (i % 8 * 8);
    return term::make_big(h_, limbs, negative);
  }
  std::vector<Term> terms(std::size_t n) {
    std::vector<Term> all;
    while (n-- > 0) all.push_back(term());
    return all;
  }
  Term tuple(std::size_t n) {
    std::vector<Term> all = terms(n);
    term::Tuple t = term::Tuple::alloc(h_, all.size());
    for (std::size_t i = 0; i < all.size(); i++) t.set(i, all[i]);
    return t.term();
  }
  Term string() {
    term::ListBuilder b(h_);
    for (char c : take(u16())) b.add(Term::small(static_cast<Byte>(c)));
    return b.finish();
  }
  Term list() {
    std::vector<Term> all = terms(u32());
    Term tail = term();
    return term::list_from(h_, all, tail);
  }
  Term bitstring() {
    std::size_t n = u32(), bits = u8();
    std::string_view s = take(n);
    // From an odd position, so that shifted bytes are tested too.
    std::vector<Byte> shifted(n + 1);
    for (std::size_t i = 0; i < n; i++) {
      shifted[i] = static_cast<Byte>(shifted[i] | static_cast<Byte>(s[i]) >> 3);
      shifted[i + 1] = static_cast<Byte>(static_cast<Byte>(s[i]) << 5);
    }
    Term whole = term::make_binary(h_, shifted);
    return term::make_sub_bits(h_, whole, 3, (n - 1) * 8 + bits);
  }
  Term map() {
    std::vector<Term> pairs = terms(2 * std::size_t{u32()});
    return make_map_(h_, pairs);
  }
  const term::NodeEntry* node_for(Term name, std::uint32_t creation) { return term::intern_node(name, creation); }
  Term pid() {
    Term name = term();
    std::uint32_t number = u32(), serial = u32(), creation = u32();
    if (term::AtomTable::text(name) == "nonode@nohost") return Term::local_pid(Word{serial} << 28 | number);
    return term::make_external_pid(h_, node_for(name, creation), number, serial);
  }
  Term port(bool wide) {
    Term name = term();
    Word number = wide ? u64() : u32();
    std::uint32_t creation = u32();
    if (term::AtomTable::text(name) == "nonode@nohost") return Term::local_port(number);
    return term::make_external_port(h_, node_for(name, creation), number);
  }
  Term ref() {
    unsigned n = u16();
    Term name = term();
    std::uint32_t creation = u32();
    std::uint32_t numbers[5] = {};
    for (unsigned i = 0; i < n; i++) numbers[i] = u32();
    if (term::AtomTable::text(name) == "nonode@nohost") return term::make_ref(h_, numbers);
    return term::make_external_ref(h_, node_for(name, creation), {numbers, n});
  }
  // Entries of funs live as long as the reader; one per module, function and arity, as in the export table.
  Term export_fun() {
    Term module = term(), function = term(), arity = term();
    for (auto& e : exports_)
      if (e->module == module && e->function == function && e->arity == static_cast<Word>(arity.small_value())) return export_term(*e);
    exports_.push_back(std::make_unique<term::ExportFields>());
    *exports_.back() = {nullptr, module, function, static_cast<Word>(arity.small_value())};
    return export_term(*exports_.back());
  }
  Term export_term(const term::ExportFields& e) {
    Word* p = h_.alloc(2);
    p[0] = term::HeaderWord::make(term::Kind::ExportFun, 1, static_cast<unsigned>(e.arity)).bits();
    p[1] = reinterpret_cast<Word>(&e);
    return Term::boxed(p);
  }
  Term local_fun() {
    u32();
    auto entry = std::make_unique<term::FunEntryFields>();
    entry->arity = u8();
    for (Byte& b : entry->uniq) b = static_cast<Byte>(u8());
    entry->index = u32();
    entry->num_free = u32();
    entry->module = term();
    entry->old_index = static_cast<std::uint32_t>(term().small_value());
    entry->old_uniq = static_cast<std::uint32_t>(term().small_value());
    Term creator = term();
    std::vector<Term> captured = terms(entry->num_free);
    Word* p = h_.alloc(3 + captured.size());
    p[0] = term::HeaderWord::make(term::Kind::Fun, 2 + captured.size(), entry->arity).bits();
    p[1] = reinterpret_cast<Word>(entry.get());
    p[2] = creator.bits();
    for (std::size_t i = 0; i < captured.size(); i++) p[3 + i] = captured[i].bits();
    funs_.push_back(std::move(entry));
    return Term::boxed(p);
  }

  HeapWriter& h_;
  MapMaker make_map_;
  std::vector<Byte> bytes_;
  std::size_t at_ = 0;
  std::vector<std::unique_ptr<term::ExportFields>> exports_;
  std::vector<std::unique_ptr<term::FunEntryFields>> funs_;
};

}  // namespace vm::test
