// SPDX-License-Identifier: Apache-2.0
// The external term format against bytes that a stock system wrote, and against damaged ones.
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <random>
#include <sstream>

#include "etf/decode.h"
#include "etf/encode.h"
#include "heap/fragment.h"
#include "term/atoms.h"
#include "term/compare.h"
#include "term/fun_layout.h"
#include "unit/support/source_file.h"

namespace vm::etf {
namespace {

using Bytes = std::vector<Byte>;

Bytes from_hex(const std::string& text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(static_cast<Byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return out;
}

struct Line {
  Bytes forms[3];  // minor versions 1, 0, 2
  std::size_t size;
};

std::vector<Line> stock_lines() {
  std::ifstream in(test::beside(__FILE__, "stock_terms.txt"));
  std::vector<Line> lines;
  std::string text;
  while (std::getline(in, text)) {
    std::istringstream words(text);
    std::string a, b, c;
    Line line;
    words >> a >> b >> c >> line.size;
    line.forms[0] = from_hex(a);
    line.forms[1] = from_hex(b);
    line.forms[2] = from_hex(c);
    lines.push_back(std::move(line));
  }
  return lines;
}

// Exports that the test's terms name live until the program ends.
Term make_export(void*, term::HeapWriter& h, Term module, Term function, Word arity) {
  static std::deque<term::ExportFields> exports;
  auto* e = &exports.emplace_back(term::ExportFields{nullptr, module, function, arity});
  Word* p = h.alloc(2);
  p[0] = term::HeaderWord::make(term::Kind::ExportFun, 1, static_cast<unsigned>(arity)).bits();
  p[1] = reinterpret_cast<Word>(e);
  return Term::boxed(p);
}

class Heap {
 public:
  operator term::HeapWriter&() { return writer_; }
  ~Heap() {
    for (heap::HeapFragment* f = writer_.take(); f != nullptr;) {
      heap::HeapFragment* next = f->next;
      heap::HeapFragment::release(f, heap::HeapFragment::OffHeap::Release);
      f = next;
    }
  }
  Term cons(Term head, Term tail) { return writer_.cons(head, tail); }

 private:
  heap::FragmentWriter writer_;
};

DecodeHooks hooks() {
  DecodeHooks h;
  h.export_fun = make_export;
  return h;
}

Bytes encode(Term t, const EncodeOptions& options, std::size_t budget) {
  Encoder encoder(t, options);
  for (std::size_t left = budget; !encoder.step(&left); left = budget) {
  }
  return {encoder.bytes().begin(), encoder.bytes().end()};
}

TEST(Etf, WritesWhatStockWrites) {
  DecodeHooks h = hooks();
  DecodeOptions options;
  options.hooks = &h;
  auto lines = stock_lines();
  ASSERT_GT(lines.size(), 250u);
  for (std::size_t n = 0; n < lines.size(); n++) {
    const Line& line = lines[n];
    Term terms[3];
    Heap heap;
    for (int v = 0; v < 3; v++) {
      std::size_t used = 0;
      ASSERT_TRUE(decode(line.forms[v], heap, &terms[v], options, &used)) << n;
      EXPECT_EQ(used, line.forms[v].size());
    }
    EncodeOptions o;
    EXPECT_EQ(encode(terms[0], o, 1000000), line.forms[0]) << n;
    EXPECT_EQ(encode(terms[1], o, 1), line.forms[0]) << n;
    std::size_t size = 0, work = 0;
    EXPECT_TRUE(external_size(terms[0], o, &size, &work));
    EXPECT_EQ(size, line.size) << n;
    o.new_floats = false;
    EXPECT_EQ(encode(terms[2], o, 7), line.forms[1]) << n;
    o.new_floats = o.utf8_atoms = true;
    EXPECT_EQ(encode(terms[0], o, 3), line.forms[2]) << n;
  }
}

TEST(Etf, SegmentsLeaveLargeBinariesOut) {
  Heap heap;
  Term big = term::make_binary(heap, Bytes(1000, 7));
  Term t = heap.cons(Term::small(1), heap.cons(big, heap.cons(term::make_sub_bits(heap, big, 80, 1601), term::kNil)));
  EncodeOptions o;
  Bytes plain = encode(t, o, 100000);
  o.segments = true;
  Encoder encoder(t, o);
  std::size_t budget = 1000;
  ASSERT_TRUE(encoder.step(&budget));
  ASSERT_EQ(encoder.segments().size(), 2u);
  Bytes joined;
  std::size_t at = 0;
  for (const auto& s : encoder.segments()) {
    joined.insert(joined.end(), encoder.bytes().begin() + static_cast<std::ptrdiff_t>(at),
                  encoder.bytes().begin() + static_cast<std::ptrdiff_t>(s.position));
    term::Bits b = term::bits_of(s.binary);
    joined.insert(joined.end(), b.bytes(), b.bytes() + b.size / 8);
    at = s.position;
  }
  joined.insert(joined.end(), encoder.bytes().begin() + static_cast<std::ptrdiff_t>(at), encoder.bytes().end());
  EXPECT_EQ(joined, plain);
}

TEST(Etf, Compresses) {
  Heap heap;
  Term t = term::make_binary(heap, Bytes(10000, 65));
  Bytes plain = encode(t, {}, 1 << 20), packed;
  ASSERT_TRUE(compress(plain, -1, &packed));
  EXPECT_LT(packed.size(), 100u);
  Term back;
  std::size_t used;
  packed.push_back(0);  // what follows is not looked at
  ASSERT_TRUE(decode(packed, heap, &back, {}, &used));
  EXPECT_EQ(used, packed.size() - 1);
  EXPECT_TRUE(term::equal_exact(t, back));
  std::mt19937 random(1);
  Bytes noise(300);
  for (Byte& b : noise) b = static_cast<Byte>(random());
  EXPECT_FALSE(compress(encode(term::make_binary(heap, noise), {}, 1 << 20), 9, &packed));
}

TEST(Etf, DamagedInputIsRefusedOrDecoded) {
  DecodeHooks h = hooks();
  DecodeOptions options;
  options.hooks = &h;
  options.existing_atoms_only = true;
  std::mt19937 random(5);
  for (const Line& line : stock_lines()) {
    Heap heap;
    Term t;
    for (std::size_t n = 0; n < line.forms[0].size(); n += 1 + n / 8) decode({line.forms[0].data(), n}, heap, &t, options);
    for (int i = 0; i < 30; i++) {
      Bytes bytes = line.forms[i % 3];
      for (int k = 0; k < 1 + i % 3; k++) bytes[random() % bytes.size()] = static_cast<Byte>(random());
      if (decode(bytes, heap, &t, options)) encode(t, {}, 1 << 20);
    }
  }
}

TEST(Etf, NestingTakesNoMoreMemoryThanTheInputIsWorth) {
  // Each level claims as many elements as there are bytes left.
  Bytes bytes{131};
  constexpr std::size_t kLevels = 200000;
  for (std::size_t i = 0; i < kLevels; i++) {
    std::size_t left = (kLevels - i - 1) * 5;
    for (unsigned b : {105u, unsigned(left >> 24), unsigned(left >> 16), unsigned(left >> 8), unsigned(left)})
      bytes.push_back(static_cast<Byte>(b));
  }
  Heap heap;
  Term t;
  EXPECT_FALSE(decode(bytes, heap, &t));
  // A million levels deep is fine.
  bytes = {131};
  for (int i = 0; i < 1000000; i++) bytes.insert(bytes.end(), {104, 1});
  bytes.push_back(106);
  ASSERT_TRUE(decode(bytes, heap, &t));
  EXPECT_EQ(encode(t, {}, 1 << 20), bytes);
  std::size_t size = 0, work = 0;
  external_size(t, {}, &size, &work);
  EXPECT_EQ(size, bytes.size());
}

TEST(Etf, RefusesWhatIsNoTerm) {
  const char* bad[] = {"",
                       "83",
                       "82",
                       "8300",
                       "836D00000005",
                       "834D0000000100",
                       "834D00000001090F",
                       "836C0000000161",
                       "8346FFF0000000000000",
                       "837400000002610161016101",
                       "83740000000261016101610161",
                       "8374000000026101610261016103",
                       "83770161",
                       "8377FF",
                       "836E0900"};
  for (const char* text : bad) {
    Heap heap;
    Term t;
    DecodeOptions options;
    options.existing_atoms_only = std::string_view(text) == "83770161";
    if (options.existing_atoms_only) continue;
    EXPECT_FALSE(decode(from_hex(text), heap, &t, options)) << text;
  }
}

}  // namespace
}  // namespace vm::etf
