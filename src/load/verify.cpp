// SPDX-License-Identifier: Apache-2.0
//
// Abstract interpretation of one lowered function.
//
// Rules that hold afterwards, whatever the file said:
//  1. No x register is read that was not set on every path since the last call or collection (what is not live is not a root, so it may
//     point anywhere). No y register outside the frame is touched.
//  2. Return, tail calls, deallocate and whatever names a y register know the size of the frame.
//  3. A slot that holds a catch tag is neither read nor overwritten while the catch is open; catches close in reverse order, inner ones lie in
//     lower slots, and no frame is dropped or trimmed over them. So a handler always runs with the frame it was written for.
//  4. Control never leaves the body: where it could run off the end or past a call that never returns stands bad_code.
//  5. Whoever runs in a circle in the body passes a place where the process can be preempted. No compiler writes another circle.
//
// What terms the registers hold is not followed; engines test types as they go.
#include <algorithm>
#include <array>

#include "load/lowering_internal.h"
#include "term/atoms.h"

namespace vm::load {

namespace {

using code::FunctionBody;
using code::Instruction;
using code::Operand;
using code::OperandKind;

constexpr std::size_t kMaxX = beamfile::kMaxRegisters;
constexpr std::size_t kMaxFrame = beamfile::kMaxRegisters;
constexpr int kNoFrame = -1;
// Paths with different frames meet: the compiler lets them share code that ends in an exception. Such code may do nothing with a frame.
constexpr int kAnyFrame = -2;
constexpr std::size_t kStepsPerInstruction = 64;
constexpr std::size_t kFreeSteps = 10000;
constexpr unsigned kNoLive = UINT32_MAX;

struct State {
  int frame = kNoFrame;
  int readable = 0;                    // kAnyFrame: slots that every one of the frames has
  std::array<Word, kMaxX / 64> x{};    // bit set: the register holds a term
  std::vector<std::uint32_t> catches;  // slots with an open catch, outermost first (kAnyFrame: of any of the frames)

  bool has_x(std::size_t i) const { return i < kMaxX && (x[i / 64] >> (i % 64) & 1) != 0; }
  void set_x(std::size_t i) { x[i / 64] |= Word{1} << (i % 64); }
  void keep_x_below(std::size_t n) {
    for (std::size_t w = 0; w < x.size(); w++) {
      if (n <= w * 64) x[w] = 0;
      else if (n < (w + 1) * 64) x[w] &= (Word{1} << (n - w * 64)) - 1;
    }
  }
  void only_x_below(std::size_t n) {
    x = {};
    for (std::size_t i = 0; i < n; i++) set_x(i);
  }
  bool has_x_below(std::size_t n) const {
    for (std::size_t i = 0; i < n; i++) {
      if (!has_x(i)) return false;
    }
    return true;
  }
  int slots() const { return frame == kAnyFrame ? readable : frame == kNoFrame ? 0 : frame; }
  // The frame is this state's or the other's. True when that says less than before.
  bool forget_frame(const State& other) {
    const int least = std::min(slots(), other.slots());
    bool changed = frame != kAnyFrame || least != readable;
    frame = kAnyFrame;
    readable = least;
    for (const std::uint32_t c : other.catches) {
      if (is_catch_slot(c)) continue;
      catches.push_back(c);
      changed = true;
    }
    return changed;
  }
  bool is_catch_slot(std::size_t slot) const {
    for (std::uint32_t c : catches) {
      if (c == slot) return true;
    }
    return false;
  }
};

// Which operand of an instruction that may collect says how many x registers are roots.
unsigned live_operand(Op op) {
  switch (op) {
    case Op::allocate:
    case Op::test_heap:
    case Op::gc_bif:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::int_div:
    case Op::rem:
    case Op::band:
    case Op::bor:
    case Op::bxor:
    case Op::bsl:
    case Op::bsr:
    case Op::bnot:
    case Op::negate:
    case Op::bs_start_match: return 1;
    case Op::allocate_heap:
    case Op::bs_get_position:
    case Op::bs_get_tail:
    case Op::bs_get_integer:
    case Op::bs_get_float:
    case Op::bs_get_binary:
    case Op::bs_create_bin: return 2;
    case Op::put_map_assoc:
    case Op::put_map_exact:
    case Op::bs_append: return 3;
    case Op::bs_init: return 4;
    default: return kNoLive;
  }
}

// Calls that look whether the time slice is over. Built-ins called by name do not.
bool counts_reductions(Op op) {
  return op == Op::call || op == Op::call_ext || op == Op::call_fun || op == Op::call_fun2 || op == Op::apply;
}

class Verifier {
 public:
  // `preset`: the second attempt, see step_general.
  Verifier(FunctionBody& body, const Operators& operators, bool preset) : body_(body), operators_(operators), preset_(preset) {}

  bool run() {
    if (!index_labels()) return false;
    State entry;
    entry.only_x_below(body_.function->mfa.arity);
    flow_to(body_.operands_of(body_.instructions[0])[0].word, entry);
    flow_to(body_.function->entry_label, entry);
    while (!work_.empty() && good_) {
      const std::size_t label = work_.back();
      work_.pop_back();
      labels_[label].queued = false;
      from_ = label;
      preemptible_ = false;
      follow(labels_[label].instruction, labels_[label].state);
    }
    need(!goes_back_ || !has_bare_circle());
    if (good_) rebuild();
    return good_;
  }

 private:
  struct Label {
    std::size_t instruction;
    bool known = false;
    bool queued = false;
    State state;
  };

  bool index_labels();
  void follow(std::size_t at, State state);
  bool flow_to(Word label, const State& state);
  void rebuild();

  // Each answers whether control goes on to the next instruction.
  bool step(const Instruction& in, State& s);
  bool step_general(const Instruction& in, State& s);
  bool step_call(const Instruction& in, State& s);
  bool step_frame(const Instruction& in, State& s);
  bool step_catch(const Instruction& in, State& s);
  bool step_receive(const Instruction& in, State& s);
  void step_bs_match(const Instruction& in, State& s);
  bool leads_to(Word label, const Instruction& in) const;
  bool has_bare_circle();

  void need(bool condition) { good_ &= condition; }
  void read(const Operand& o, const State& s);
  void write(const Operand& o, State& s);
  void read_all(std::span<const Operand> operands, const State& s) {
    for (const Operand& o : operands) read(o, s);
  }
  void tail(Word stack, const State& s) { need(s.frame == static_cast<int>(stack) && s.catches.empty()); }

  FunctionBody& body_;
  const Operators& operators_;
  std::vector<Label> labels_;
  Word first_label_ = 0;
  std::vector<std::int32_t> label_index_;  // label number - first_label_ → index into labels_, or -1
  std::vector<std::size_t> work_;
  std::vector<bool> reached_;
  std::vector<bool> stops_;    // a call that never comes back
  std::vector<bool> presets_;  // the destination is set to [] before the instruction
  std::size_t steps_ = 0;
  // Ways from label to label on which the process can't be preempted (indexes into labels_, perhaps several times).
  std::vector<std::pair<std::uint32_t, std::uint32_t>> bare_ways_;
  static constexpr std::size_t kNowhere = SIZE_MAX;
  std::size_t from_ = kNowhere;  // label of what is followed
  bool preemptible_ = false;     // the process may have been preempted since from_
  bool goes_back_ = false;       // one of bare_ways_ does
  bool preset_;
  bool good_ = true;
};

bool Verifier::index_labels() {
  if (body_.instructions.empty() || body_.instructions[0].op != Op::label) return false;
  reached_.resize(body_.instructions.size());
  stops_.resize(body_.instructions.size());
  presets_.resize(body_.instructions.size());
  Word low = UINT64_MAX;
  Word high = 0;
  for (const Instruction& in : body_.instructions) {
    if (in.op != Op::label) continue;
    const Word number = body_.operands_of(in)[0].word;
    low = std::min(low, number);
    high = std::max(high, number);
  }
  first_label_ = low;
  label_index_.assign(high - low + 1, -1);
  for (std::size_t i = 0; i < body_.instructions.size(); i++) {
    const Instruction& in = body_.instructions[i];
    if (in.op != Op::label) continue;
    label_index_[body_.operands_of(in)[0].word - low] = static_cast<std::int32_t>(labels_.size());
    labels_.push_back({i, false, false, {}});
  }
  return true;
}

// Control may reach `label` in this state. True when that is news.
bool Verifier::flow_to(Word label, const State& state) {
  const std::size_t slot = label - first_label_;
  if (label < first_label_ || slot >= label_index_.size() || label_index_[slot] < 0) {
    good_ = false;
    return false;
  }
  const auto index = static_cast<std::size_t>(label_index_[slot]);
  Label& to = labels_[index];
  if (from_ != kNowhere && !preemptible_) {
    bare_ways_.emplace_back(from_, index);
    goes_back_ |= to.instruction <= labels_[from_].instruction;
  }
  if (!to.known) {
    to.known = true;
    to.state = state;
  } else {
    bool changed = false;
    if (to.state.frame != state.frame || to.state.catches != state.catches) changed = to.state.forget_frame(state);
    for (std::size_t w = 0; w < state.x.size(); w++) {
      const Word both = to.state.x[w] & state.x[w];
      changed |= both != to.state.x[w];
      to.state.x[w] = both;
    }
    if (!changed) return false;
  }
  if (!to.queued) work_.push_back(index);
  to.queued = true;
  return true;
}

void Verifier::follow(std::size_t at, State state) {
  reached_[at] = true;
  for (std::size_t i = at + 1; good_ && i < body_.instructions.size(); i++) {
    const Instruction& in = body_.instructions[i];
    if (in.op == Op::label) {
      flow_to(body_.operands_of(in)[0].word, state);
      return;
    }
    reached_[i] = true;
    if (++steps_ > body_.instructions.size() * kStepsPerInstruction + kFreeSteps) good_ = false;
    const bool before = preemptible_;
    if (in.op == Op::loop_rec_end || in.op == Op::wait || in.op == Op::wait_timeout) preemptible_ = true;
    const bool goes_on = step(in, state);
    if (in.op == Op::wait_timeout) preemptible_ = before;  // time is up at once
    else preemptible_ |= counts_reductions(in.op);
    if (!goes_on) {
      stops_[i] = (code::kOps[static_cast<unsigned>(in.op)].attrs & code::kOpAttrEnds) == 0;
      return;
    }
  }
}

void Verifier::read(const Operand& o, const State& s) {
  if (o.kind == OperandKind::XReg) need(s.has_x(o.word));
  else if (o.kind == OperandKind::YReg) need(o.word < static_cast<Word>(s.slots()) && !s.is_catch_slot(o.word));
}

void Verifier::write(const Operand& o, State& s) {
  if (o.kind == OperandKind::YReg) {
    need(s.frame >= 0 && o.word < static_cast<Word>(s.frame) && !s.is_catch_slot(o.word));
  } else if (o.kind == OperandKind::XReg) {
    need(o.word < kMaxX);
    if (o.word < kMaxX) s.set_x(o.word);
  }
}

bool Verifier::step(const Instruction& in, State& s) {
  switch (in.op) {
    case Op::call:
    case Op::call_only:
    case Op::call_last:
    case Op::call_ext:
    case Op::call_ext_only:
    case Op::call_ext_last:
    case Op::call_bif:
    case Op::call_bif_only:
    case Op::call_bif_last:
    case Op::call_fun:
    case Op::call_fun2:
    case Op::apply:
    case Op::apply_last:
    case Op::return_:
    case Op::send:
    case Op::bs_init_writable: return step_call(in, s);
    case Op::allocate:
    case Op::allocate_heap:
    case Op::deallocate:
    case Op::trim:
    case Op::init_yregs: return step_frame(in, s);
    case Op::catch_:
    case Op::try_:
    case Op::catch_end:
    case Op::try_end:
    case Op::try_case: return step_catch(in, s);
    case Op::wait:
    case Op::wait_timeout:
    case Op::loop_rec_end: return step_receive(in, s);
    case Op::func_info: need(s.frame == kNoFrame && s.has_x_below(body_.operands_of(in)[2].word)); return false;
    case Op::raw_raise:
      need(s.has_x_below(3));
      s.only_x_below(1);  // a class that is none leaves badarg in x0 and goes on
      return true;
    case Op::build_stacktrace:
      need(s.has_x(0));
      s.only_x_below(1);
      return true;
    case Op::swap:
    case Op::bs_context_to_binary: read_all(body_.operands_of(in), s); return true;
    case Op::bs_match: step_bs_match(in, s); return true;
    default: return step_general(in, s);
  }
}

// Everything whose effect follows from the kinds of its operands: reads, then the live registers, then branches, then writes.
bool Verifier::step_general(const Instruction& in, State& s) {
  const code::OpInfo& info = code::kOps[static_cast<unsigned>(in.op)];
  const std::span<const Operand> ops = body_.operands_of(in);
  const unsigned fixed = info.operand_count;
  const auto kind = [&](std::size_t i) { return i < fixed ? info.operand_kinds[2 * i] : '*'; };
  for (std::size_t i = 0; i < ops.size(); i++) {
    const bool is_list_dest = kind(i) == '*' && in.op == Op::get_map_elements && (i - fixed) % 2 == 1;
    if (kind(i) == 'S' || kind(i) == 'Q' || (kind(i) == '*' && !is_list_dest)) read(ops[i], s);
  }
  const unsigned live = live_operand(in.op);
  if (live != kNoLive) {
    need(ops[live].word <= kMaxX && s.has_x_below(ops[live].word));
    s.keep_x_below(ops[live].word);
  }
  // The sizes of characters never use their label: it may be missing too.
  const bool may_raise =
      (info.attrs & code::kOpAttrRaises) != 0 || in.op == Op::bs_start_match || in.op == Op::bs_utf8_size || in.op == Op::bs_utf16_size;
  // The compiler may know that a built-in can't fail, but writes a label, and reads at that label what the built-in would have left. The
  // register then gets a value beforehand.
  if (preset_ && in.op == Op::bif && ops[0].word != 0) {
    const Operand& to = ops[2];
    if (to.kind == OperandKind::XReg && to.word < kMaxX && !s.has_x(to.word)) {
      presets_[static_cast<std::size_t>(&in - body_.instructions.data())] = true;
      s.set_x(to.word);
    }
  }
  for (std::size_t i = 0; i < ops.size(); i++) {
    if (ops[i].kind != OperandKind::Label || in.op == Op::label) continue;
    if (ops[i].word != 0) flow_to(ops[i].word, s);
    else need(may_raise);
  }
  for (std::size_t i = 0; i < ops.size(); i++) {
    const bool is_list_dest = kind(i) == '*' && in.op == Op::get_map_elements && (i - fixed) % 2 == 1;
    if (kind(i) == 'D' || kind(i) == 'P' || is_list_dest) write(ops[i], s);
  }
  // select_val has no fall-through either: its last word is the default.
  return (info.attrs & code::kOpAttrEnds) == 0 && in.op != Op::select_val && in.op != Op::select_tuple_arity;
}

bool Verifier::step_call(const Instruction& in, State& s) {
  const std::span<const Operand> ops = body_.operands_of(in);
  std::size_t arguments = 0;
  const code::Export* target = nullptr;
  switch (in.op) {
    case Op::call:
    case Op::call_only:
    case Op::call_last: arguments = reinterpret_cast<const code::Function*>(ops[0].word)->mfa.arity; break;
    case Op::call_ext:
    case Op::call_ext_only:
    case Op::call_ext_last:
      target = reinterpret_cast<const code::Export*>(ops[0].word);
      arguments = target->mfa.arity;
      break;
    case Op::call_bif:
    case Op::call_bif_only:
    case Op::call_bif_last:
      target = reinterpret_cast<const code::Bif*>(ops[0].word)->export_entry;
      arguments = target->mfa.arity;
      break;
    case Op::call_fun: arguments = ops[0].word + 1; break;
    case Op::call_fun2:
      arguments = ops[1].word;
      read(ops[2], s);
      break;
    case Op::apply:
    case Op::apply_last: arguments = ops[0].word + 2; break;
    case Op::send: arguments = 2; break;
    default: arguments = 1; break;  // return, bs_init_writable
  }
  need(arguments <= kMaxX && s.has_x_below(arguments));
  s.only_x_below(1);
  switch (in.op) {
    case Op::call_only:
    case Op::call_ext_only:
    case Op::call_bif_only:
    case Op::return_: need(s.frame == kNoFrame && s.catches.empty()); return false;
    case Op::call_last:
    case Op::call_ext_last:
    case Op::call_bif_last:
    case Op::apply_last: tail(ops[1].word, s); return false;
    default: return target == nullptr || !operators_.ends(target);
  }
}

bool Verifier::step_frame(const Instruction& in, State& s) {
  const std::span<const Operand> ops = body_.operands_of(in);
  const Word first = ops[0].word;
  switch (in.op) {
    case Op::allocate:
    case Op::allocate_heap: {
      const Word live = ops[live_operand(in.op)].word;
      need(s.frame == kNoFrame && first <= kMaxFrame && live <= kMaxX && s.has_x_below(live));
      s.keep_x_below(live);
      s.frame = static_cast<int>(first);
      return true;
    }
    case Op::deallocate:
      tail(first, s);
      s.frame = kNoFrame;
      return true;
    case Op::trim:
      need(s.catches.empty() && first <= kMaxFrame && ops[1].word <= kMaxFrame && s.frame == static_cast<int>(first + ops[1].word));
      s.frame -= static_cast<int>(first);
      return true;
    default:  // init_yregs: count, then slots
      for (const Operand& o : ops.subspan(1)) write(o, s);
      return true;
  }
}

bool Verifier::step_catch(const Instruction& in, State& s) {
  const std::span<const Operand> ops = body_.operands_of(in);
  const auto slot = static_cast<std::uint32_t>(ops[0].word);
  if (in.op == Op::catch_ || in.op == Op::try_) {
    need(s.frame >= 0 && ops[0].word < static_cast<Word>(s.frame) && (s.catches.empty() || slot < s.catches.back()));
    s.catches.push_back(slot);
    State handler = s;
    handler.only_x_below(3);
    if (good_) flow_to(ops[1].word, handler);
    return true;
  }
  need(s.frame >= 0 && !s.catches.empty() && s.catches.back() == slot);
  if (!s.catches.empty()) s.catches.pop_back();
  if (in.op == Op::catch_end) s.only_x_below(1);
  if (in.op == Op::try_case) s.only_x_below(3);
  return true;
}

bool Verifier::step_receive(const Instruction& in, State& s) {
  const std::span<const Operand> ops = body_.operands_of(in);
  if (in.op == Op::wait_timeout) {
    read(ops[1], s);
    // Going back to itself it finds its timer running and does not look at the time again.
    const bool to_itself = leads_to(ops[0].word, in);
    s.only_x_below(0);
    if (to_itself) reached_[labels_[static_cast<std::size_t>(label_index_[ops[0].word - first_label_])].instruction] = true;
    else flow_to(ops[0].word, s);
    return true;
  }
  if (in.op != Op::loop_rec_end) s.only_x_below(0);  // nothing is kept over a sleep
  flow_to(ops[0].word, s);
  return false;
}

// Whether some of bare_ways_ make a circle: labels that nothing leads to are taken away until none is left, or a circle is.
bool Verifier::has_bare_circle() {
  std::sort(bare_ways_.begin(), bare_ways_.end());
  bare_ways_.erase(std::unique(bare_ways_.begin(), bare_ways_.end()), bare_ways_.end());
  std::vector<std::uint32_t> ways_to(labels_.size());
  for (const auto& way : bare_ways_) ways_to[way.second]++;
  std::vector<std::uint32_t> free;
  for (std::uint32_t label = 0; label < labels_.size(); label++) {
    if (ways_to[label] == 0) free.push_back(label);
  }
  std::size_t taken = 0;
  for (; taken < free.size(); taken++) {
    const auto first = std::lower_bound(bare_ways_.begin(), bare_ways_.end(), std::pair{free[taken], std::uint32_t{0}});
    for (auto way = first; way != bare_ways_.end() && way->first == free[taken]; ++way) {
      if (--ways_to[way->second] == 0) free.push_back(way->second);
    }
  }
  return taken < labels_.size();
}

// Whether nothing but labels and lines stands between the label and this instruction.
bool Verifier::leads_to(Word label, const Instruction& in) const {
  const std::size_t slot = label - first_label_;
  if (label < first_label_ || slot >= label_index_.size() || label_index_[slot] < 0) return false;
  std::size_t i = labels_[static_cast<std::size_t>(label_index_[slot])].instruction;
  while (i + 1 < body_.instructions.size() && (body_.instructions[i].op == Op::label || body_.instructions[i].op == Op::line)) i++;
  return &body_.instructions[i] == &in;
}

// Commands of bs_match, each an atom with its operands; see lower_bits.cpp for the shapes that get here.
void Verifier::step_bs_match(const Instruction& in, State& s) {
  const std::span<const Operand> ops = body_.operands_of(in);
  read(ops[1], s);
  flow_to(ops[0].word, s);
  for (std::size_t i = 3; i < ops.size() && good_;) {
    const Term command = Term::from_bits(ops[i].word);
    const std::size_t left = ops.size() - i;
    if (command == atoms::ensure_at_least) {
      i += 3;
    } else if (command == atoms::ensure_exactly || command == atoms::skip) {
      i += 2;
    } else if (command == atoms::integer || command == atoms::binary) {
      need(left >= 6);
      if (left >= 6) write(ops[i + 5], s);
      i += 6;
    } else if (command == atoms::get_tail) {
      need(left >= 4);
      if (left >= 4) write(ops[i + 3], s);
      i += 4;
    } else if (command == atoms::op_eq_exact) {
      i += 4;
    } else {
      good_ = false;
    }
    need(i <= ops.size());
  }
}

void Verifier::rebuild() {
  std::vector<Instruction> kept;
  kept.reserve(body_.instructions.size() + 1);
  const Instruction bad{Op::bad_code, static_cast<std::uint32_t>(body_.operands.size()), 0};
  for (std::size_t i = 0; i < body_.instructions.size(); i++) {
    const Instruction& in = body_.instructions[i];
    if (!reached_[i]) continue;
    if (presets_[i]) {
      kept.push_back({Op::move, static_cast<std::uint32_t>(body_.operands.size()), 2});
      const Operand to = body_.operands_of(in)[2];
      body_.operands.push_back({OperandKind::Constant, term::kNil.bits()});
      body_.operands.push_back(to);
    }
    kept.push_back(in);
    if (stops_[i] && in.op != Op::select_val && in.op != Op::select_tuple_arity) kept.push_back(bad);
  }
  const code::OpInfo& last = code::kOps[static_cast<unsigned>(kept.back().op)];
  if ((last.attrs & code::kOpAttrEnds) == 0 && kept.back().op != Op::select_val && kept.back().op != Op::select_tuple_arity)
    kept.push_back(bad);
  body_.instructions = std::move(kept);
}

}  // namespace

bool verify(FunctionBody& body, const Operators& operators) {
  return Verifier(body, operators, false).run() || Verifier(body, operators, true).run();
}

}  // namespace vm::load
