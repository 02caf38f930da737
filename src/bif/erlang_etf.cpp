// SPDX-License-Identifier: Apache-2.0
//
// Terms to bytes of the external term format and back.
//
// Writing tries with a bound and, when that does not suffice, begins again on a dirty scheduler; what is to be read tells its size.
#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "bif/term_format.h"
#include "etf/decode.h"
#include "etf/encode.h"
#include "ops/bits.h"
#include "proc/exported_aliases.h"
#include "proc/references.h"
#include "proc/runtime.h"

namespace vm::bif {

namespace {

constexpr std::size_t kUnitsPerReduction = 32;
constexpr std::size_t kBytesPerReduction = 128;
constexpr int kDefaultLevel = -1;
constexpr unsigned kUtf8AtomsSince = 26;  // minor_version 2 became the default

struct WriteOptions {
  etf::EncodeOptions encode;
  int level = 0;  // of compression; 0 none
};

WriteOptions default_options(BifContext& cx) {
  WriteOptions o;
  o.encode.utf8_atoms = cx.runtime().settings.otp_release >= kUtf8AtomsSince;
  o.encode.note_alias = [](void* runtime, Term ref, Term pid) {
    proc::note_exported_alias(*static_cast<proc::Runtime*>(runtime), proc::ref_key(ref), pid);
  };
  o.encode.alias_context = &cx.runtime();
  return o;
}

bool set_minor_version(etf::EncodeOptions& o, Term version) {
  if (!version.is_small() || version.small_value() < 0 || version.small_value() > 2) return false;
  o.new_floats = version.small_value() > 0;
  o.utf8_atoms = version.small_value() == 2;
  return true;
}

bool read_write_options(Term list, WriteOptions* o) {
  for (; list.is_cons(); list = list.tail()) {
    Term t = list.head();
    if (t == atoms::compressed) {
      o->level = kDefaultLevel;
    } else if (t == atoms::deterministic) {
      o->encode.deterministic = true;
    } else if (t.is_tuple_of(2)) {
      term::Tuple pair = term::Tuple::from(t);
      if (pair[0] == atoms::minor_version) {
        if (!set_minor_version(o->encode, pair[1])) return false;
      } else if (pair[0] == atoms::compressed && pair[1].is_small()) {
        SWord level = pair[1].small_value();
        if (level < 0 || level > 9) return false;
        o->level = static_cast<int>(level);
      } else {
        return false;
      }
    } else {
      return false;
    }
  }
  return list.is_nil();
}

// Runs the encoder to its end and charges for it; false when that is too much for here.
bool encode_all(BifContext& cx, etf::Encoder& encoder) {
  constexpr std::size_t kAll = std::size_t{1} << 62;
  const std::size_t given = runs_dirty() ? kAll : kLongElements;
  std::size_t budget = given;
  bool done = encoder.step(&budget);
  cx.bump((given - std::min(budget, given)) / kUnitsPerReduction);
  return done;
}

bool is_long_to_compress(const etf::Encoder& encoder, int level) { return level != 0 && is_long(encoder.bytes().size(), kLongBytes / 16); }

Term finish_binary(BifContext& cx, const etf::Encoder& encoder, int level) {
  if (level != 0) {
    std::vector<Byte> packed;
    cx.bump(encoder.bytes().size() / (kBytesPerReduction / 4));
    if (etf::compress(encoder.bytes(), level, &packed)) return term::make_binary(cx.heap(), packed);
  }
  return term::make_binary(cx.heap(), encoder.bytes());
}

template <typename Later>
BifResult to_binary(BifContext& cx, Term t, const WriteOptions& options, Later&& later) {
  etf::Encoder encoder(t, options.encode);
  if (!encode_all(cx, encoder) || is_long_to_compress(encoder, options.level)) return later();
  if (encoder.too_large()) return cx.system_limit();
  return finish_binary(cx, encoder, options.level);
}

template <typename Later>
BifResult to_iovec(BifContext& cx, Term t, WriteOptions options, Later&& later) {
  options.encode.segments = options.level == 0;
  etf::Encoder encoder(t, options.encode);
  if (!encode_all(cx, encoder) || is_long_to_compress(encoder, options.level)) return later();
  if (encoder.too_large()) return cx.system_limit();
  term::HeapWriter& h = cx.heap();
  // With compression stock answers the binary itself, though its documentation speaks of a list.
  if (options.level != 0) return finish_binary(cx, encoder, options.level);
  if (encoder.segments().empty()) return h.cons(finish_binary(cx, encoder, options.level), term::kNil);
  term::ListBuilder list(h);
  std::span<const Byte> bytes = encoder.bytes();
  std::size_t at = 0;
  for (const etf::Encoder::Segment& s : encoder.segments()) {
    if (s.position > at) list.add(term::make_binary(h, bytes.subspan(at, s.position - at)));
    list.add(term::make_sub_bits(h, s.binary, 0, term::bits_of(s.binary).size & ~std::size_t{7}));
    at = s.position;
  }
  if (at < bytes.size()) list.add(term::make_binary(h, bytes.subspan(at)));
  return list.finish();
}

BifResult size_of(BifContext& cx, Term t, const etf::EncodeOptions& options) {
  std::size_t size = 0, work = 0;
  bool ok = etf::external_size(t, options, &size, &work);
  cx.bump(work / kUnitsPerReduction);
  if (!ok) return cx.system_limit();
  return term::make_unsigned(cx.heap(), size);
}

template <typename Later>
BifResult from_binary(BifContext& cx, Term binary, bool safe, bool want_used, Later&& later) {
  constexpr std::size_t kCompressedTag = 80, kLongCompressed = kLongBytes / 32;
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(binary, &bytes, scratch)) return cx.badarg();
  const bool packed = bytes.size() > 1 && bytes[1] == kCompressedTag;
  const std::size_t few = packed ? kLongCompressed : kLongBytes / 4;
  const bool maybe_long = is_long(bytes.size(), few);
  // Who asks how many were used takes one term after another from a long binary: it may well be a short one.
  if (maybe_long && !want_used) return later();
  if (maybe_long) bytes = bytes.first(few);
  TermFormatHooks hooks(cx.runtime(), safe);
  etf::DecodeOptions options;
  options.hooks = hooks.hooks();
  options.existing_atoms_only = safe;
  Term result;
  std::size_t used = 0;
  if (!etf::decode(bytes, cx.heap(), &result, options, &used)) return maybe_long ? later() : cx.badarg();
  cx.bump(used / kBytesPerReduction);
  if (!want_used) return result;
  return term::Tuple::make(cx.heap(), result, Term::small(static_cast<SWord>(used)));
}

}  // namespace

BifResult erlang_term_to_binary_1(YieldContext& cx, Term t) {
  return to_binary(cx, t, default_options(cx), [&] { return on_dirty<erlang_term_to_binary_1>(cx, t); });
}

BifResult erlang_term_to_binary_2(YieldContext& cx, Term t, Term list) {
  WriteOptions options = default_options(cx);
  if (!read_write_options(list, &options)) return cx.badarg();
  return to_binary(cx, t, options, [&] { return on_dirty<erlang_term_to_binary_2>(cx, t, list); });
}

BifResult erlang_term_to_iovec_1(YieldContext& cx, Term t) {
  return to_iovec(cx, t, default_options(cx), [&] { return on_dirty<erlang_term_to_iovec_1>(cx, t); });
}

BifResult erlang_term_to_iovec_2(YieldContext& cx, Term t, Term list) {
  WriteOptions options = default_options(cx);
  if (!read_write_options(list, &options)) return cx.badarg();
  return to_iovec(cx, t, options, [&] { return on_dirty<erlang_term_to_iovec_2>(cx, t, list); });
}

BifResult erlang_binary_to_term_1(YieldContext& cx, Term binary) {
  return from_binary(cx, binary, false, false, [&] { return on_dirty<erlang_binary_to_term_1>(cx, binary); });
}

BifResult erlang_binary_to_term_2(YieldContext& cx, Term binary, Term options) {
  bool safe = false, used = false;
  Term list = options;
  for (; list.is_cons(); list = list.tail()) {
    if (list.head() == atoms::safe) safe = true;
    else if (list.head() == atoms::used) used = true;
    else return cx.error_with_cause(atoms::badarg, atoms::badopt);
  }
  if (!list.is_nil()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return from_binary(cx, binary, safe, used, [&] { return on_dirty<erlang_binary_to_term_2>(cx, binary, options); });
}

BifResult erlang_external_size_1(YieldContext& cx, Term t) {
  if (t.is_cons() && is_long_list(t, kLongElements / 2)) return on_dirty<erlang_external_size_1>(cx, t);
  return size_of(cx, t, default_options(cx).encode);
}

BifResult erlang_external_size_2(YieldContext& cx, Term t, Term list) {
  etf::EncodeOptions options = default_options(cx).encode;
  for (; list.is_cons(); list = list.tail()) {
    if (!list.head().is_tuple_of(2)) return cx.badarg();
    term::Tuple pair = term::Tuple::from(list.head());
    // Up to OTP 25 version 2 was unknown here.
    if (pair[0] != atoms::minor_version || !set_minor_version(options, pair[1])) return cx.badarg();
    if (options.utf8_atoms && cx.runtime().settings.otp_release < kUtf8AtomsSince) return cx.badarg();
  }
  if (!list.is_nil()) return cx.badarg();
  return size_of(cx, t, options);
}

}  // namespace vm::bif
