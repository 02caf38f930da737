// SPDX-License-Identifier: Apache-2.0
//
// From terms to the external term format.
//
// Encoder is resumable: step() does a bounded amount of work and keeps the rest as a stack of frames, each of which holds exactly one
// term and otherwise only indexes, so that the terms may move between two steps (each_root shows them to the collector).
// Depth costs no C++ stack. Output grows in one block; a segmented encoder leaves large off-heap binaries out of it and
// notes where they belong, for term_to_iovec and for ports.
//
// Byte for byte what stock systems write: their order of large maps (children of a trie node from last to first), their choice
// of tags per minor version.
//
// Threading: an Encoder belongs to one thread at a time. Terms are only read.
#pragma once

#include <span>
#include <vector>

#include "term/views.h"
#include "term/work_stack.h"

namespace vm::etf {

struct EncodeOptions {
  bool new_floats = true;      // minor_version 0 writes floats as text
  bool utf8_atoms = false;     // minor_version 2; else atoms of latin1 characters are written as latin1
  bool deterministic = false;  // large maps in order of their keys
  bool version_byte = true;
  bool segments = false;
  // Atom cache: index of an atom in the cache that the reader has, or -1. nullptr: none.
  int (*atom_index)(void* context, Term atom) = nullptr;
  void* atom_context = nullptr;
  // Told of each reference that is a process's alias.
  void (*note_alias)(void* context, Term ref, Term local_pid) = nullptr;
  void* alias_context = nullptr;
};

class Encoder {
 public:
  Encoder(Term term, const EncodeOptions& options);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Works for about `budget` units (terms, or eight bytes of binary); true when everything is written. Takes what it used off the budget.
  bool step(std::size_t* budget);
  // A binary was too large for the format (4 GB): system_limit. step() answered true early.
  bool too_large() const { return too_large_; }

  std::span<const Byte> bytes() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

  // Segmented: `binary` (off-heap, byte aligned, its whole bytes) comes after the first `position` bytes.
  struct Segment {
    std::size_t position;
    Term binary;
  };
  std::span<const Segment> segments() const { return segments_; }

  template <typename F>
  void each_root(F&& f) {
    for (Frame& frame : stack_) f(&frame.term);
    for (Segment& s : segments_) f(&s.binary);
  }

 private:
  enum class FrameKind : std::uint8_t { One, List, Tuple, FlatMap, FlatMapValue, Trie, Leaf, Fun, FunEnd };
  struct Frame {
    Term term;
    std::size_t index;     // next element, child or environment slot; of a list: elements so far
    std::size_t position;  // of a length to patch
    FrameKind kind;
  };

  // Room that the longest element written without a further look takes.
  static constexpr std::size_t kElementRoom = 16;

  Byte* room(std::size_t n) {
    if (VM_UNLIKELY(static_cast<std::size_t>(end_ - at_) < n)) grow(n);
    Byte* p = at_;
    at_ += n;
    return p;
  }
  void grow(std::size_t n);
  void put8(unsigned v) { *room(1) = static_cast<Byte>(v); }
  void put16(unsigned v);
  void put32(std::size_t v);
  void put64(Word v);
  void patch32(std::size_t position, std::size_t v);
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }

  void advance();
  void advance_list(Frame& f);
  void advance_tuple(Frame& f);
  void advance_flat_map(Frame& f);
  void advance_trie(Frame& f);
  Byte* ready() {
    if (VM_UNLIKELY(static_cast<std::size_t>(end_ - at_) < kElementRoom)) grow(kElementRoom);
    return at_;
  }
  // Writes an element that has no elements of its own and is common; false: encode() has to.
  bool put_simple(Term t);
  void encode(Term t);
  void encode_boxed(Term t);
  void encode_atom(Term t);
  void encode_small(SWord v);
  void encode_big(Term t);
  void encode_float(double d);
  void encode_pid(Term t);
  void encode_port(Term t);
  void encode_ref(Term t);
  void encode_list(Term t);
  void encode_bits(Term t);
  void encode_fun(Term t);
  void encode_large_map(Term t);
  void push(FrameKind kind, Term t, std::size_t index = 0, std::size_t at = 0) { stack_.push({t, index, at, kind}); }

  EncodeOptions options_;
  term::WorkStack<Frame, 12> stack_;
  std::vector<Segment> segments_;
  Byte* begin_;
  Byte* at_;
  Byte* end_;
  std::size_t budget_ = 0;
  bool too_large_ = false;
  Byte first_[240];  // what a short term takes needs no memory from malloc
};

// Bytes term_to_binary takes, without doing it: erlang:external_size (exact but for local funs, where stock over-estimates too).
// False: too large for the format. *work: units as in Encoder::step.
bool external_size(Term t, const EncodeOptions& options, std::size_t* size, std::size_t* work);

// `bytes` (with version byte) compressed with zlib as the `compressed` option writes it, appended to out; false when that would not be
// smaller.
bool compress(std::span<const Byte> bytes, int level, std::vector<Byte>* out);

}  // namespace vm::etf
