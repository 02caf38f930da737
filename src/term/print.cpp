// SPDX-License-Identifier: Apache-2.0
//
// The emulator's own notation, which is not quite that of io:format: a flat list of printable Latin-1 characters is a string, a
// binary of printable ASCII too, a large map shows its trie, and characters count against a limit in the way stock counts them (a term
// costs one, an atom its bytes as well), so that cut texts agree.
#include "term/print.h"

#include "num/float_text.h"
#include "num/int_text.h"
#include "term/atoms.h"
#include "term/bit_order.h"
#include "term/fun_layout.h"
#include "term/map_layout.h"
#include "term/work_stack.h"

namespace vm::term {
namespace {

// Letters of Latin-1.
constexpr bool is_lower(unsigned c) { return (c >= 'a' && c <= 'z') || (c >= 223 && c <= 255 && c != 247); }
constexpr bool is_upper(unsigned c) { return (c >= 'A' && c <= 'Z') || (c >= 192 && c <= 222 && c != 215); }
constexpr bool is_name_char(unsigned c) { return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || c == '_'; }
constexpr bool is_printable_latin1(unsigned c) {
  return (c >= ' ' && c < 127) || (c >= 160 && c <= 255) || c == '\n' || c == '\t' || c == '\r';
}

bool needs_quotes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); i++) {
    unsigned c = static_cast<Byte>(text[i]);
    if (c >= 0x80) {
      if (c >= 0xE0) return true;
      unsigned low = i + 1 < text.size() ? static_cast<Byte>(text[i + 1]) & 0x3F : 0;
      c = (c & 0x1F) << 6 | low;
      if (i == 0 ? !is_lower(c) : !is_name_char(c)) return true;
      i++;
      continue;
    }
    if (i == 0 ? !is_lower(c) : !is_name_char(c)) return true;
  }
  return text.empty();
}

void append_octal(std::string& out, unsigned c) {
  out += '\\';
  out += static_cast<char>('0' + (c >> 6));
  out += static_cast<char>('0' + (c >> 3 & 7));
  out += static_cast<char>('0' + (c & 7));
}

const char* escape_of(char c) {
  switch (c) {
    case '\'': return "\\'";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\f': return "\\f";
    case '\t': return "\\t";
    case '\r': return "\\r";
    case '\b': return "\\b";
    case '\v': return "\\v";
    default: return nullptr;
  }
}

void append_atom(std::string& out, Term atom) {
  std::string_view text = AtomTable::text(atom);
  bool quotes = needs_quotes(text);
  if (quotes) out += '\'';
  for (std::size_t i = 0; i < text.size(); i++) {
    Byte c = static_cast<Byte>(text[i]);
    if (const char* escape = escape_of(text[i])) out += escape;
    else if (c < ' ') append_octal(out, c);
    else if (c == 0xC2 && static_cast<Byte>(text[i + 1]) < 0xA0) append_octal(out, static_cast<Byte>(text[++i]));
    else out += text[i];
  }
  if (quotes) out += '\'';
}

void append_number(std::string& out, std::uint64_t n) { out += std::to_string(n); }

void append_integer(std::string& out, Term t) {
  if (t.is_small()) {
    out += std::to_string(t.small_value());
    return;
  }
  BigInt big = BigInt::from(t);
  num::SignedDigits value{big.limbs(), big.negative() ? num::Sign::Negative : num::Sign::Positive};
  std::size_t at = out.size();
  out.resize(at + num::integer_text_bound(value, 10));
  out.resize(at + num::format_integer(value, 10, std::span<char>(out.data() + at, out.size() - at)));
}

bool is_printable_string(Term t) {
  for (; t.is_cons(); t = t.tail()) {
    Term c = t.head();
    if (!c.is_small() || c.small_value() < 0 || c.small_value() > 255 || !is_printable_latin1(static_cast<unsigned>(c.small_value())))
      return false;
  }
  return t.is_nil();
}

enum class Op : Byte { Text, Terms, List, Tail, Pairs };

struct Part {
  Op op;
  const Word* a;
  Word b;
  std::size_t n;
};

class Printer {
 public:
  explicit Printer(std::size_t limit)
      : budget_(limit > static_cast<std::size_t>(PTRDIFF_MAX) ? PTRDIFF_MAX : static_cast<std::ptrdiff_t>(limit)) {}

  std::string run(Term t) {
    print(t);
    while (!done_ && !parts_.empty()) step();
    if (budget_ <= 0) out_ += "... ";
    return std::move(out_);
  }

 private:
  bool spend() {
    if (budget_-- > 0) return true;
    done_ = true;
    return false;
  }
  void text_later(const char* text) { parts_.push({Op::Text, nullptr, reinterpret_cast<Word>(text), 0}); }

  void step() {
    Part& part = parts_.top();
    switch (part.op) {
      case Op::Text:
        out_ += reinterpret_cast<const char*>(part.b);
        parts_.pop();
        return;
      case Op::Terms: {  // n terms with commas; b: whether a comma comes first
        if (part.b) out_ += ',';
        part.b = 1;
        Term t = Term::from_bits(*part.a++);
        if (--part.n == 0) parts_.pop();
        print(t);
        return;
      }
      case Op::List: {
        Term t = Term::from_bits(part.b);
        parts_.pop();
        print_cell(t);
        return;
      }
      case Op::Tail: {
        Term t = Term::from_bits(part.b);
        parts_.pop();
        print(t);
        return;
      }
      case Op::Pairs: {
        Term key = Term::from_bits(*part.a++), value = Term::from_bits(*reinterpret_cast<const Word*>(part.b));
        part.b += kWordBytes;
        if (--part.n == 0) parts_.pop();
        else text_later(",");
        parts_.push({Op::Tail, nullptr, value.bits(), 0});
        text_later("=>");
        print(key);
        return;
      }
    }
  }

  void print_cell(Term list) {
    Term tail = list.tail();
    if (tail.is_cons()) {
      parts_.push({Op::List, nullptr, tail.bits(), 0});
      text_later(",");
    } else if (!tail.is_nil()) {
      parts_.push({Op::Tail, nullptr, tail.bits(), 0});
      text_later("|");
    }
    print(list.head());
  }

  void print(Term t) {
    if (!spend()) return;
    if (t.is_cons()) {
      print_list(t);
    } else if (t.is_nil()) {
      out_ += "[]";
    } else if (t.is_atom()) {
      budget_ -= static_cast<std::ptrdiff_t>(AtomTable::text(t).size());
      append_atom(out_, t);
      if (budget_ <= 0) done_ = true;
    } else if (t.is_integer()) {
      append_integer(out_, t);
    } else if (t.is_float()) {
      char text[num::kMaxFloatText];
      out_.append(text, num::format_scientific(float_value(t), 6, num::FloatText(text)));
    } else if (t.is_pid()) {
      Word id = t.is_local_pid() ? Word{pid_serial(t)} << 32 | pid_number(t) : t.boxed_ptr()[3];
      out_ += '<';
      print_channel(t);
      append_number(out_, id & 0xFFFFFFFF);
      out_ += '.';
      append_number(out_, id >> 32);
      out_ += '>';
    } else if (t.is_port()) {
      out_ += "#Port<";
      print_channel(t);
      append_number(out_, t.is_local_port() ? t.id_data() : t.boxed_ptr()[3]);
      out_ += '>';
    } else if (t.is_boxed()) {
      print_boxed(t);
    } else {
      out_ += "<TNV>";
      done_ = true;
    }
  }

  // Number of the node a foreign identifier belongs to, and a dot.
  void print_channel(Term t) {
    append_number(out_, t.is_external() ? external_node(t)->name.atom_index() : 0);
    out_ += '.';
  }

  void print_list(Term t) {
    if (!is_printable_string(t)) {
      out_ += '[';
      text_later("]");
      parts_.push({Op::List, nullptr, t.bits(), 0});  // not here: lists nest in heads, too
      return;
    }
    out_ += '"';
    for (; t.is_cons(); t = t.tail()) {
      if (!spend()) return;
      char c = static_cast<char>(t.head().small_value());
      if (c == '\n') {
        out_ += "\\n";
      } else {
        if (c == '"') out_ += '\\';
        out_ += c;
      }
    }
    out_ += '"';
  }

  void print_boxed(Term t) {
    HeaderWord h = header_of(t);
    const Word* p = t.boxed_ptr();
    switch (h.kind()) {
      case Kind::Tuple:
        out_ += '{';
        text_later("}");
        if (h.words() != 0) parts_.push({Op::Terms, p + 1, 0, h.words()});
        return;
      case Kind::FlatMap:
        out_ += "#{";
        text_later("}");
        if (std::size_t n = map_key_count(t)) {
          const Word* keys = Term::from_bits(p[FlatMapWords::kKeys]).boxed_ptr() + 1;
          parts_.push({Op::Pairs, keys, reinterpret_cast<Word>(p + FlatMapWords::kFirstValue), n});
        }
        return;
      case Kind::HashMap:
      case Kind::HashNode: {
        static constexpr char kHex[] = "0123456789abcdef";
        TrieNode n = trie_node(t);
        out_ += h.kind() == Kind::HashMap ? "#<" : "<";
        bool started = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
          unsigned digit = n.bitmap >> shift & 15;
          started |= digit != 0;
          if (started) out_ += kHex[digit];
        }
        out_ += ">{";
        text_later("}");
        if (n.count() != 0) parts_.push({Op::Terms, n.children, 0, n.count()});
        return;
      }
      case Kind::Fun: {
        const FunEntryFields& e = fun_entry_fields(t);
        out_ += "#Fun<";
        out_ += AtomTable::text(e.module);
        out_ += '.' + std::to_string(static_cast<std::int32_t>(e.old_index)) + '.' + std::to_string(static_cast<std::int32_t>(e.old_uniq)) +
                '>';
        return;
      }
      case Kind::ExportFun: {
        const ExportFields& e = export_fields(t);
        budget_ -= static_cast<std::ptrdiff_t>(AtomTable::text(e.module).size() + AtomTable::text(e.function).size());
        out_ += "fun ";
        append_atom(out_, e.module);
        out_ += ':';
        append_atom(out_, e.function);
        out_ += '/';
        append_number(out_, e.arity);
        return;
      }
      case Kind::Ref:
      case Kind::MagicRef:
      case Kind::ExternalRef: {
        RefNumbers r = ref_numbers(t);
        out_ += "#Ref<";
        append_number(out_, t.is_external() ? external_node(t)->name.atom_index() : 0);
        for (unsigned i = r.count; i-- > 0;) {
          out_ += '.';
          append_number(out_, r.n[i]);
        }
        out_ += '>';
        return;
      }
      default:
        if (t.is_bitstring()) {
          print_bits(bits_of(t));
        } else {
          out_ += "<cp/header:";
          append_number(out_, h.bits());
          out_ += '>';
          done_ = true;
        }
    }
  }

  void print_bits(const Bits& b) {
    std::size_t bytes = b.size >> 3;
    bool printable = bytes != 0 && (b.size & 7) == 0;
    for (std::size_t i = 0; printable && i < bytes; i++) printable = byte_at(b, i) >= ' ' && byte_at(b, i) < 127;
    out_ += printable ? "<<\"" : "<<";
    for (std::size_t i = 0; i < bytes; i++) {
      Byte c = byte_at(b, i);
      if (printable) {
        if (c == '"') out_ += '\\';
        out_ += static_cast<char>(c);
      } else {
        if (i != 0) out_ += ',';
        append_number(out_, c);
      }
      if (!spend()) return;
    }
    if (unsigned rest = b.size & 7) {
      if (bytes != 0) out_ += ',';
      append_number(out_, byte_at(b, bytes) >> (8 - rest));
      out_ += ':';
      append_number(out_, rest);
    }
    out_ += printable ? "\">>" : ">>";
  }

  std::string out_;
  std::ptrdiff_t budget_;
  bool done_ = false;
  WorkStack<Part, 64> parts_;
};

}  // namespace

std::string to_text(Term t, std::size_t limit) { return Printer(limit).run(t); }

std::string atom_text(Term atom) {
  std::string out;
  append_atom(out, atom);
  return out;
}

}  // namespace vm::term
