// SPDX-License-Identifier: Apache-2.0
//
// Sizes as stock OTP's term layout would give them, for erts_debug:flat_size/1, process_info and the like.
#include <unordered_set>
#include <vector>

#include "heap/copy.h"
#include "heap/object_layout.h"
#include "term/views.h"

namespace vm::heap {

using term::HeaderWord;
using term::Kind;

namespace {

constexpr SWord kStockSmallMax = (SWord{1} << 59) - 1;
constexpr std::size_t kRefcWords = 6, kSubWords = 5, kFunWords = 5, kLocalRefWords = 3, kAliasRefWords = 4;

std::size_t bits_size(Term t) {
  term::Bits b = term::bits_of(t);
  std::size_t bytes = b.size / 8;
  bool odd = (b.size & 7) != 0;
  std::size_t whole = (b.size + 7) / 8;
  std::size_t original = whole <= term::kHeapBinaryLimit ? 2 + words_for_bytes(whole) : kRefcWords;
  if (odd) return original + kSubWords;
  return bytes <= term::kHeapBinaryLimit ? 2 + words_for_bytes(bytes) : kRefcWords;
}

// Words of the object itself, without what it refers to.
std::size_t own_size(Term t, HeaderWord h) {
  switch (h.kind()) {
    case Kind::Tuple: return h.words() ? h.words() + 1 : 0;
    case Kind::Float: return 2;
    case Kind::BigInt: return h.words() + 1;
    case Kind::FlatMap: return h.words() - 1 + 3;
    case Kind::HashMap: return h.words() - 2 + 2;
    case Kind::HashNode: return h.words() - 1 + 1;
    case Kind::Fun: return h.words() - 2 + kFunWords;
    case Kind::ExportFun: return kFunWords;
    case Kind::HeapBinary:
    case Kind::RefcBinary:
    case Kind::SubBits: return bits_size(t);
    case Kind::MatchContext: return kSubWords;
    case Kind::Ref: return h.data() ? kAliasRefWords : kLocalRefWords;
    case Kind::MagicRef: return kLocalRefWords;
    case Kind::ExternalPid:
    case Kind::ExternalPort: return 4;
    case Kind::ExternalRef: return 3 + (h.data() + 2) / 2;
    default: return 0;
  }
}

}  // namespace

namespace {

// Words of a term; `skip` says of a pointer that its object does not count.
template <typename Skip>
std::size_t size_of(Term root, Skip&& skip) {
  std::size_t total = 0;
  std::vector<Term> rest{root};
  while (!rest.empty()) {
    Term t = rest.back();
    rest.pop_back();
    if (t.is_float_immediate()) {
      total += 2;
    } else if (t.is_small()) {
      if (t.small_value() > kStockSmallMax || t.small_value() < -kStockSmallMax - 1) total += 2;
    } else if (t.is_pointer() && !skip(t)) {
      if (t.is_cons()) {
        total += 2;
        rest.push_back(t.head());
        rest.push_back(t.tail());
        continue;
      }
      HeaderWord h = term::header_of(t);
      total += own_size(t, h);
      if (h.kind() == Kind::SubBits || h.kind() == Kind::MatchContext) continue;
      ObjectShape shape = shape_of(h);
      for (std::size_t i = shape.first_term; i < shape.end_terms; i++) rest.push_back(Term::from_bits(t.boxed_ptr()[i]));
    }
  }
  return total;
}

}  // namespace

std::size_t stock_flat_size(Term root) {
  return size_of(root, [](Term t) { return is_literal(t); });
}

std::size_t stock_full_size(Term root) {
  return size_of(root, [](Term) { return false; });
}

std::size_t stock_shared_size(Term root) {
  std::unordered_set<Word> seen;
  return size_of(root, [&seen](Term t) { return is_literal(t) || !seen.insert(t.bits()).second; });
}

}  // namespace vm::heap
