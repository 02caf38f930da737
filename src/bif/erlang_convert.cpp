// SPDX-License-Identifier: Apache-2.0
//
// Conversions between numbers and text.
#include <vector>

#include "base/utf8.h"
#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "bif/text_input.h"
#include "num/float_text.h"
#include "num/int_text.h"

namespace vm::bif {

namespace {

// A whole number's text: here when it is short, else from the free store.
class IntegerText {
 public:
  IntegerText(Term t, int base) {
    if (t.is_small()) {
      view_ = {short_, num::format_int64(t.small_value(), base, short_)};
      return;
    }
    term::BigInt big = term::BigInt::from(t);
    num::SignedDigits digits{big.limbs(), big.negative() ? num::Sign::Negative : num::Sign::Positive};
    long_.resize(num::integer_text_bound(digits, base));
    view_ = {long_.data(), num::format_integer(digits, base, long_)};
  }
  IntegerText(const IntegerText&) = delete;
  IntegerText& operator=(const IntegerText&) = delete;
  std::string_view view() const { return view_; }

 private:
  char short_[num::kMaxInt64Text];
  std::string long_;
  std::string_view view_;
};

// Base argument 2..36, or 0.
int base_of(Term t) {
  if (!t.is_small() || t.small_value() < num::kMinBase || t.small_value() > num::kMaxBase) return 0;
  return static_cast<int>(t.small_value());
}

BifResult integer_of(BifContext& cx, const num::ScannedInteger& scanned) {
  if (auto small = num::to_int64(scanned)) return term::make_integer(cx.heap(), *small);
  std::size_t bound = num::digits_bound(scanned);
  if (bound > num::kMaxDigits + 2) return cx.system_limit();
  std::vector<Word> digits(bound);
  digits.resize(num::parse_digits(scanned, digits));
  if (digits.size() > num::kMaxDigits) return cx.system_limit();
  cx.bump(scanned.digits.size() / 64);
  return term::make_big(cx.heap(), digits, scanned.sign == num::Sign::Negative);
}

BifResult parse_integer(BifContext& cx, std::string_view text, int base) {
  if (!base) return cx.badarg();
  auto scanned = num::scan_integer(text, base);
  return scanned ? integer_of(cx, *scanned) : cx.badarg();
}

// Bytes of a binary argument as text; false when it is none.
struct BinaryText {
  term::ByteScratch scratch;
  std::string_view view;
  bool read(Term t) {
    std::span<const Byte> bytes;
    if (!term::binary_bytes(t, &bytes, scratch)) return false;
    view = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return true;
  }
};

// Options of float_to_list/2 and float_to_binary/2; the last format wins, `compact` belongs to decimals.
struct FloatFormat {
  enum class Kind { Scientific, Decimals, Short } kind = Kind::Scientific;
  SWord digits = num::kDefaultScientificDigits;
  bool compact = false;
};

bool read_float_format(Term options, FloatFormat* f) {
  for (; options.is_cons(); options = options.tail()) {
    Term option = options.head();
    if (option == atoms::compact) {
      f->compact = true;
    } else if (option == atoms::short_) {
      f->kind = FloatFormat::Kind::Short;
    } else if (option.is_tuple_of(2) && term::Tuple::from(option)[1].is_small()) {
      Term tag = term::Tuple::from(option)[0];
      SWord n = term::Tuple::from(option)[1].small_value();
      if (tag == atoms::decimals) {
        f->kind = FloatFormat::Kind::Decimals;
      } else if (tag == atoms::scientific) {
        f->kind = FloatFormat::Kind::Scientific;
      } else {
        return false;
      }
      f->digits = n;
    } else {
      return false;
    }
  }
  // Only the digits that count are checked: a later option may take the place of a wrong one.
  if (f->kind == FloatFormat::Kind::Decimals && (f->digits < 0 || f->digits > 253)) return false;
  if (f->kind == FloatFormat::Kind::Scientific && f->digits > 249) return false;
  return options.is_nil();
}

// Length of the text of t by the options; 0 when something is wrong.
std::size_t float_text(Term t, Term options, num::FloatText out) {
  FloatFormat f;
  if (!t.is_float() || !read_float_format(options, &f)) return 0;
  double d = term::float_value(t);
  std::size_t n = 0;
  switch (f.kind) {
    case FloatFormat::Kind::Scientific: n = num::format_scientific(d, f.digits, out); break;
    case FloatFormat::Kind::Decimals:
      n = num::format_decimals(d, f.digits, f.compact ? num::TrailingZeros::Strip : num::TrailingZeros::Keep, out);
      break;
    case FloatFormat::Kind::Short: n = num::format_short(d, out); break;
  }
  return n;
}

}  // namespace

// --- integers ----------------------------------------------------------------------------------------------------------------

namespace {
constexpr std::size_t kLongDigits = 50000;
bool is_long_integer(Term t) { return !t.is_small() && is_long(term::BigInt::from(t).limbs().size(), kLongDigits / 20); }
}  // namespace

BifResult erlang_integer_to_list_1(BifContext& cx, Term t) {
  if (!t.is_integer()) return cx.badarg();
  if (is_long_integer(t)) return on_dirty<erlang_integer_to_list_1>(cx, t);
  return list_of_bytes(cx.heap(), IntegerText(t, 10).view());
}
BifResult erlang_integer_to_list_2(BifContext& cx, Term t, Term base) {
  if (!t.is_integer() || !base_of(base)) return cx.badarg();
  if (is_long_integer(t)) return on_dirty<erlang_integer_to_list_2>(cx, t, base);
  return list_of_bytes(cx.heap(), IntegerText(t, base_of(base)).view());
}
BifResult erlang_integer_to_binary_1(BifContext& cx, Term t) {
  if (!t.is_integer()) return cx.badarg();
  if (is_long_integer(t)) return on_dirty<erlang_integer_to_binary_1>(cx, t);
  return binary_of(cx.heap(), IntegerText(t, 10).view());
}
BifResult erlang_integer_to_binary_2(BifContext& cx, Term t, Term base) {
  if (!t.is_integer() || !base_of(base)) return cx.badarg();
  if (is_long_integer(t)) return on_dirty<erlang_integer_to_binary_2>(cx, t, base);
  return binary_of(cx.heap(), IntegerText(t, base_of(base)).view());
}

BifResult erlang_binary_to_integer_1(BifContext& cx, Term t) {
  BinaryText text;
  if (!text.read(t)) return cx.badarg();
  if (is_long(text.view.size(), kLongDigits)) return on_dirty<erlang_binary_to_integer_1>(cx, t);
  return parse_integer(cx, text.view, 10);
}
BifResult erlang_binary_to_integer_2(BifContext& cx, Term t, Term base) {
  BinaryText text;
  if (!text.read(t)) return cx.badarg();
  if (is_long(text.view.size(), kLongDigits)) return on_dirty<erlang_binary_to_integer_2>(cx, t, base);
  return parse_integer(cx, text.view, base_of(base));
}
BifResult erlang_list_to_integer_1(BifContext& cx, Term list) {
  if (is_long_list(list, kLongDigits)) return on_dirty<erlang_list_to_integer_1>(cx, list);
  std::string text;
  return latin1_text(list, &text) ? parse_integer(cx, text, 10) : cx.badarg();
}
BifResult erlang_list_to_integer_2(BifContext& cx, Term list, Term base) {
  if (is_long_list(list, kLongDigits)) return on_dirty<erlang_list_to_integer_2>(cx, list, base);
  std::string text;
  return latin1_text(list, &text) ? parse_integer(cx, text, base_of(base)) : cx.badarg();
}

namespace {

// The longest front part of a list that is made of bytes, and the list behind each of its characters.
Term byte_prefix(Term list, std::string* text, std::size_t limit) {
  for (; list.is_cons() && text->size() < limit; list = list.tail()) {
    Term c = list.head();
    if (!c.is_small() || c.small_value() < 0 || c.small_value() > 255) break;
    text->push_back(static_cast<char>(c.small_value()));
  }
  return list;
}
Term list_behind(Term list, std::size_t n) {
  while (n-- > 0) list = list.tail();
  return list;
}
BifResult text_error(BifContext& cx, Term reason) { return term::Tuple::make(cx.heap(), atoms::error, reason); }

}  // namespace

BifResult string_list_to_integer_1(BifContext& cx, Term list) {
  if (!list.is_list()) return text_error(cx, atoms::not_a_list);
  std::string text;
  byte_prefix(list, &text, std::size_t(-1));
  auto scanned = num::scan_integer_prefix(text, 10);
  if (!scanned) return text_error(cx, atoms::no_integer);
  Term value = VM_TRY(integer_of(cx, *scanned));
  return term::Tuple::make(cx.heap(), value, list_behind(list, scanned->length));
}

// --- floats -------------------------------------------------------------------------------------------------------------------

BifResult erlang_float_to_list_1(BifContext& cx, Term t) { return erlang_float_to_list_2(cx, t, term::kNil); }
BifResult erlang_float_to_list_2(BifContext& cx, Term t, Term options) {
  char text[num::kMaxFloatText];
  std::size_t n = float_text(t, options, num::FloatText(text));
  return n == 0 ? cx.badarg() : list_of_bytes(cx.heap(), {text, n});
}
BifResult erlang_float_to_binary_1(BifContext& cx, Term t) { return erlang_float_to_binary_2(cx, t, term::kNil); }
BifResult erlang_float_to_binary_2(BifContext& cx, Term t, Term options) {
  char text[num::kMaxFloatText];
  std::size_t n = float_text(t, options, num::FloatText(text));
  return n == 0 ? cx.badarg() : binary_of(cx.heap(), {text, n});
}

BifResult erlang_binary_to_float_1(BifContext& cx, Term t) {
  BinaryText text;
  auto value = text.read(t) ? num::parse_float(text.view) : std::nullopt;
  return value ? BifResult(term::make_float(cx.heap(), *value)) : cx.badarg();
}
BifResult erlang_list_to_float_1(BifContext& cx, Term list) {
  std::string text;
  auto value = latin1_text(list, &text) ? num::parse_float(text) : std::nullopt;
  return value ? BifResult(term::make_float(cx.heap(), *value)) : cx.badarg();
}

BifResult string_list_to_float_1(BifContext& cx, Term list) {
  if (!list.is_list()) return text_error(cx, atoms::not_a_list);
  std::string text;
  byte_prefix(list, &text, std::size_t(-1));
  std::size_t n = num::scan_float_prefix(text);
  auto value = n ? num::parse_float(std::string_view(text).substr(0, n)) : std::nullopt;
  if (!value) return text_error(cx, atoms::no_float);
  return term::Tuple::make(cx.heap(), term::make_float(cx.heap(), *value), list_behind(list, n));
}

// --- atoms ----------------------------------------------------------------------------------------------------------------------

namespace {

enum class Existing { Only, OrNew };

BifResult atom_of(BifContext& cx, std::string_view utf8, Existing existing) {
  Term atom = existing == Existing::Only ? term::AtomTable::find(utf8) : term::AtomTable::intern(utf8);
  if (atom.is_value()) return atom;
  return existing == Existing::Only ? cx.badarg() : cx.system_limit();
}

BifResult atom_of_list(BifContext& cx, Term list, Existing existing) {
  std::string text;
  switch (unicode_text(list, term::AtomTable::kMaxCharacters, &text)) {
    case TextFault::None: return atom_of(cx, text, existing);
    case TextFault::TooLong: return existing == Existing::Only ? cx.badarg() : cx.system_limit();
    case TextFault::Bad: break;
  }
  return cx.badarg();
}

// Whether UTF-8 bytes begin with as many characters as an atom can have and go on, whatever with.
bool fills_an_atom(std::string_view text) {
  constexpr std::size_t kMost = term::AtomTable::kMaxCharacters;
  std::size_t at = 0;
  for (std::size_t n = 0; n < kMost && at < text.size(); n++) {
    const auto lead = static_cast<unsigned char>(text[at]);
    at += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  }
  return at < text.size() && utf8_length(text.substr(0, at)) == static_cast<SWord>(kMost);
}

BifResult atom_of_binary(BifContext& cx, Term t, Term encoding, Existing existing) {
  BinaryText text;
  if (!text.read(t)) return cx.badarg();
  bool latin1 = encoding == atoms::latin1;
  if (!latin1 && encoding != atoms::utf8 && encoding != atoms::unicode) return cx.badarg();
  SWord characters = latin1 ? static_cast<SWord>(text.view.size()) : utf8_length(text.view);
  if (characters < 0) return existing == Existing::OrNew && fills_an_atom(text.view) ? cx.system_limit() : cx.badarg();
  if (characters > static_cast<SWord>(term::AtomTable::kMaxCharacters)) return existing == Existing::Only ? cx.badarg() : cx.system_limit();
  if (!latin1) return atom_of(cx, text.view, existing);
  std::string utf8;
  for (char c : text.view) base::append_utf8(utf8, static_cast<unsigned char>(c));
  return atom_of(cx, utf8, existing);
}

}  // namespace

BifResult erlang_atom_to_list_1(BifContext& cx, Term atom) {
  if (!atom.is_atom()) return cx.badarg();
  return list_of_utf8(cx.heap(), term::AtomTable::text(atom));
}

BifResult erlang_atom_to_binary_2(BifContext& cx, Term atom, Term encoding) {
  if (!atom.is_atom()) return cx.badarg();
  std::string_view text = term::AtomTable::text(atom);
  if (encoding == atoms::utf8 || encoding == atoms::unicode) return binary_of(cx.heap(), text);
  if (encoding != atoms::latin1 || !term::AtomTable::is_latin1(atom)) return cx.badarg();
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i++) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) c = static_cast<unsigned char>(c << 6 | (text[++i] & 63));
    bytes.push_back(static_cast<char>(c));
  }
  return binary_of(cx.heap(), bytes);
}

BifResult erlang_list_to_atom_1(BifContext& cx, Term list) { return atom_of_list(cx, list, Existing::OrNew); }
BifResult erlang_list_to_existing_atom_1(BifContext& cx, Term list) { return atom_of_list(cx, list, Existing::Only); }
BifResult erlang_binary_to_atom_2(BifContext& cx, Term t, Term encoding) { return atom_of_binary(cx, t, encoding, Existing::OrNew); }
BifResult erlang_binary_to_existing_atom_2(BifContext& cx, Term t, Term encoding) {
  return atom_of_binary(cx, t, encoding, Existing::Only);
}

}  // namespace vm::bif
