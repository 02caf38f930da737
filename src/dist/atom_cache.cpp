// SPDX-License-Identifier: Apache-2.0
#include "dist/atom_cache.h"

#include <string_view>

#include "etf/atom_text.h"
#include "term/atoms.h"

namespace vm::dist {

namespace {

constexpr unsigned kNewEntry = 8, kLongAtoms = 1;
constexpr std::size_t kSegmentSlots = 256, kShortAtom = 255;

std::size_t hash_of(Term atom) { return (atom.bits() * 0x9E3779B97F4A7C15) >> 32; }

unsigned nibble(std::span<const Byte> flags, std::size_t i) { return (flags[i / 2] >> (i % 2 * 4)) & 15; }

}  // namespace

MessageAtoms& MessageAtoms::of_thread() {
  static thread_local MessageAtoms the_atoms;
  the_atoms.count_ = 0;
  if (++the_atoms.round_ == 0) {
    for (Bucket& b : the_atoms.buckets_) b.round = 0;
    the_atoms.round_ = 1;
  }
  return the_atoms;
}

int MessageAtoms::index_of(Term atom) {
  for (std::size_t i = hash_of(atom) % kBuckets;; i = (i + 1) % kBuckets) {
    Bucket& b = buckets_[i];
    if (b.round == round_) {
      if (atoms_[b.index] == atom) return static_cast<int>(b.index);
      continue;
    }
    if (count_ == kMaxMessageAtoms) return -1;
    b = {round_, static_cast<std::uint32_t>(count_)};
    atoms_[count_] = atom;
    return static_cast<int>(count_++);
  }
}

std::size_t OutgoingCache::slot_of(Term atom) { return hash_of(atom) % kCacheSlots; }

OutgoingCache::OutgoingCache() : slots_(kCacheSlots, Term::non_value()) {}

void OutgoingCache::write_references(std::span<const Term> atoms, std::string* out) {
  out->push_back(static_cast<char>(atoms.size()));
  if (atoms.empty()) return;
  const std::size_t flags = out->size();
  out->append(atoms.size() / 2 + 1, '\0');
  // Lengths take two bytes each as soon as one of the new atoms needs them.
  bool long_atoms = false;
  for (Term atom : atoms) long_atoms |= term::AtomTable::text(atom).size() > kShortAtom;
  const auto set_nibble = [&](std::size_t i, unsigned value) {
    char& byte = (*out)[flags + i / 2];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | value << (i % 2 * 4));
  };
  if (long_atoms) set_nibble(atoms.size(), kLongAtoms);
  for (std::size_t i = 0; i < atoms.size(); i++) {
    const std::size_t slot = slot_of(atoms[i]);
    const bool known = slots_[slot].is_value() && slots_[slot] == atoms[i];
    set_nibble(i, static_cast<unsigned>(slot / kSegmentSlots) | (known ? 0 : kNewEntry));
    out->push_back(static_cast<char>(slot % kSegmentSlots));
    if (known) continue;
    slots_[slot] = atoms[i];
    const std::string_view text = term::AtomTable::text(atoms[i]);
    if (long_atoms) out->push_back(static_cast<char>(text.size() >> 8));
    out->push_back(static_cast<char>(text.size()));
    out->append(text);
  }
}

IncomingCache::IncomingCache() : slots_(kCacheSlots, Term::non_value()) {}

bool IncomingCache::read_references(std::span<const Byte>* in, std::vector<Term>* atoms) {
  atoms->clear();
  if (in->empty()) return false;
  const std::size_t count = in->front();
  *in = in->subspan(1);
  if (count == 0) return true;
  const std::size_t flag_bytes = count / 2 + 1;
  if (in->size() < flag_bytes) return false;
  const std::span<const Byte> flags = in->first(flag_bytes);
  *in = in->subspan(flag_bytes);
  const std::size_t length_bytes = nibble(flags, count) & kLongAtoms ? 2 : 1;
  for (std::size_t i = 0; i < count; i++) {
    if (in->empty()) return false;
    const unsigned flag = nibble(flags, i);
    Term& slot = slots_[(flag & 7) * kSegmentSlots + in->front()];
    *in = in->subspan(1);
    if (flag & kNewEntry) {
      if (in->size() < length_bytes) return false;
      std::size_t size = in->front();
      if (length_bytes == 2) size = size << 8 | (*in)[1];
      *in = in->subspan(length_bytes);
      if (in->size() < size) return false;
      const std::string_view text(reinterpret_cast<const char*>(in->data()), size);
      slot = etf::atom_from_utf8(text, etf::AtomLookup::Intern);
      *in = in->subspan(size);
    }
    if (!slot.is_value()) return false;
    atoms->push_back(slot);
  }
  return true;
}

}  // namespace vm::dist
