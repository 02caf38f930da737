// SPDX-License-Identifier: Apache-2.0
#include "dist/atom_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "term/atoms.h"

namespace vm::dist {
namespace {

std::span<const Byte> bytes_of(const std::string& s) { return {reinterpret_cast<const Byte*>(s.data()), s.size()}; }

std::vector<Term> atoms_named(const std::string& prefix, std::size_t n) {
  std::vector<Term> list;
  for (std::size_t i = 0; i < n; i++) list.push_back(term::AtomTable::intern(prefix + std::to_string(i)));
  return list;
}

// What goes through both caches comes out the same, whatever was sent before.
void expect_round_trip(OutgoingCache& out, IncomingCache& in, const std::vector<Term>& atoms) {
  std::string header;
  out.write_references(atoms, &header);
  header += "rest";
  std::span<const Byte> left = bytes_of(header);
  std::vector<Term> read;
  ASSERT_TRUE(in.read_references(&left, &read));
  EXPECT_EQ(read, atoms);
  EXPECT_EQ(left.size(), 4u);
}

TEST(AtomCache, RoundTrips) {
  OutgoingCache out;
  IncomingCache in;
  expect_round_trip(out, in, {});
  for (std::size_t n : {1, 2, 3, 254, 255}) expect_round_trip(out, in, atoms_named("short_", n));
  for (std::size_t n : {1, 2, 255}) expect_round_trip(out, in, atoms_named(std::string(90, 'x') + "\xE6\x97\xA5", n));
  // More atoms than slots: entries are replaced on both sides alike.
  const std::vector<Term> many = atoms_named("many_", 5000);
  for (int round = 0; round < 2; round++)
    for (std::size_t i = 0; i + 100 <= many.size(); i += 100)
      expect_round_trip(out, in, {many.begin() + static_cast<std::ptrdiff_t>(i), many.begin() + static_cast<std::ptrdiff_t>(i) + 100});
}

TEST(AtomCache, LongAtoms) {
  OutgoingCache out;
  IncomingCache in;
  std::string text;
  for (int i = 0; i < 255; i++) text += "\xE6\x97\xA5";
  const Term atom = term::AtomTable::intern(text);
  expect_round_trip(out, in, {atom, term::atoms::ok});
  expect_round_trip(out, in, {term::atoms::ok, atom, term::atoms::error});
}

TEST(AtomCache, KnownAtomsAreNotSpelledOutAgain) {
  OutgoingCache out;
  std::string first, second;
  const std::vector<Term> atoms = atoms_named("known_", 10);
  out.write_references(atoms, &first);
  out.write_references(atoms, &second);
  EXPECT_GT(first.size(), 80u);
  EXPECT_EQ(second.size(), 1u + 6u + 10u);
}

TEST(AtomCache, RefusesWhatMakesNoSense) {
  IncomingCache in;
  std::vector<Term> atoms;
  for (const std::string& bad : {std::string(), std::string("\x01", 1), std::string("\x01\x00", 2), std::string("\x01\x00\x05", 3),
                                 std::string("\x01\x08\x05", 3), std::string("\x01\x08\x05\x04xyz", 7),
                                 std::string("\x01\x08\x05\x01\xFF", 5), std::string("\xFF", 1), std::string("\x01\x18\x05\x00", 4)}) {
    std::span<const Byte> left = bytes_of(bad);
    EXPECT_FALSE(in.read_references(&left, &atoms)) << ::testing::PrintToString(bad);
  }
}

TEST(MessageAtoms, NumbersAtomsAndIsFullAtSomeTime) {
  const std::vector<Term> atoms = atoms_named("numbered_", 300);
  MessageAtoms& table = MessageAtoms::of_thread();
  for (std::size_t i = 0; i < atoms.size(); i++) EXPECT_EQ(table.index_of(atoms[i]), i < kMaxMessageAtoms ? static_cast<int>(i) : -1);
  EXPECT_EQ(table.index_of(atoms[17]), 17);
  EXPECT_EQ(table.atoms().size(), kMaxMessageAtoms);
  EXPECT_EQ(MessageAtoms::of_thread().atoms().size(), 0u);
}

}  // namespace
}  // namespace vm::dist
