// SPDX-License-Identifier: Apache-2.0
//
// Iolists: lists of bytes, binaries and iolists whose tail may be a binary, or a binary alone. Built-ins, ports and files take them.
//
// Walks use an explicit stack, never the C++ one.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "term/views.h"
#include "term/work_stack.h"

namespace vm::ops {

enum class IolistFault { None, BadType, TooLong, PastLimit };

// Visits the parts in order: byte(b) for an element that is a byte, bits(term) for a bitstring. False when `t` is no iolist, or when bits() answered
// false. A binary alone is an iolist of one part.
template <typename OnByte, typename OnBits>
bool walk_iolist(Term t, OnByte&& byte, OnBits&& bits) {
  constexpr bool kMayStop = std::is_same_v<decltype(byte(Byte{})), bool>;  // byte() may end the walk as well
  term::WorkStack<Term, 16> rest;
  for (;;) {
    while (t.is_cons()) {
      Term head = t.head();
      t = t.tail();
      if (head.is_small() && static_cast<Word>(head.small_value()) < 256) {
        if constexpr (kMayStop) {
          if (!byte(static_cast<Byte>(head.small_value()))) return false;
        } else {
          byte(static_cast<Byte>(head.small_value()));
        }
      } else if (head.is_cons()) {
        if (!t.is_nil()) rest.push(t);
        t = head;
      } else if (head.is_bitstring()) {
        if (!bits(head)) return false;
      } else if (!head.is_nil()) {
        return false;
      }
    }
    if (t.is_bitstring()) {
      if (!bits(t)) return false;
    } else if (!t.is_nil()) {
      return false;
    }
    if (rest.empty()) return true;
    t = rest.pop();
  }
}

// Bytes of an iolist of whole bytes, which may be too many for a binary: parts may occur again and again.
IolistFault iolist_length(Term t, std::uint64_t* bytes);
// The same; TooLong when no binary could hold them.
IolistFault iolist_size(Term t, std::size_t* bytes);
// The same, but looks no further than a number of parts and bytes: PastLimit, whatever comes after.
IolistFault iolist_size_within(Term t, std::size_t limit, std::size_t* bytes);
// The same; when all bytes fit into `buffer` they are there afterwards.
IolistFault iolist_gather_within(Term t, std::size_t limit, std::span<Byte> buffer, std::size_t* bytes);
// Bits, where bitstrings are allowed too.
IolistFault iolist_bits(Term t, std::size_t* bits);
IolistFault iolist_bits_within(Term t, std::size_t limit_bytes, std::size_t* bits);
// Copies the parts of an iolist one after the other; `to` has room for all of them. The list was measured before.
void copy_iolist(Term t, Byte* to);
// All bytes, appended to `out`.
IolistFault append_iolist(Term t, std::vector<Byte>* out);
// A list of binaries with the bytes of an iolist: large off-heap binaries stay as they are, what lies between is gathered.
Term iolist_to_vector(term::HeapWriter& h, Term t);

}  // namespace vm::ops
