// SPDX-License-Identifier: Apache-2.0
//
// From the bytes of a .beam file to a module instance that nobody sees yet.
#include <algorithm>
#include <cstring>

#include "beamfile/module_file.h"
#include "code/generic_ops.gen.h"
#include "etf/atom_text.h"
#include "load/lowering_internal.h"
#include "load/module_extra_internal.h"
#include "num/md5.h"
#include "term/atoms.h"
#include "term/print.h"

namespace vm::load {

namespace {

using beamfile::Bytes;
using beamfile::chunk::kAtomsLatin1;
using beamfile::chunk::kAtomsUtf8;
using code::Function;
using code::ModuleInstance;

constexpr std::uint32_t kNoOffset = UINT32_MAX;

// One prepare(): reads chunk after chunk into a new instance; the first thing wrong ends it.
class Preparation {
 public:
  Preparation(Loader& loader, code::CodeStore& store, Term expected, Bytes file)
      : loader_(loader), store_(store), expected_(expected), file_(file) {}

  bool run() {
    auto container = beamfile::Container::parse(file_);
    if (!container) return refuse("corrupt file header");
    parsed_.container = container.take();
    return read_atoms() && read_code_header() && read_links() && read_lambdas() && keep_lazy_chunks() && walk_code() && resolve_exports() &&
           resolve_lambdas();
  }

  std::unique_ptr<ModuleInstance> take() { return std::move(instance_); }
  const std::string& text() const { return text_; }

 private:
  bool refuse(std::string text) {
    text_ = std::move(text);
    return false;
  }
  Bytes find(beamfile::ChunkId id) const { return parsed_.container.find(id); }

  bool read_atoms();
  bool read_code_header();
  bool read_links();
  bool read_lambdas();
  bool keep_lazy_chunks();
  bool walk_code();
  bool begin_function(const beamfile::Instruction& in, std::uint32_t begin);
  bool walk_one(const beamfile::Instruction& in);
  bool resolve_exports();
  bool resolve_lambdas();
  Function* function_at_label(std::uint32_t label);

  Loader& loader_;
  code::CodeStore& store_;
  Term expected_;
  Bytes file_;
  beamfile::ModuleFile parsed_;
  std::unique_ptr<ModuleInstance> instance_ = std::make_unique<ModuleInstance>();
  LoadExtra* extra_ = nullptr;
  Term name_ = term::kNil;
  std::string text_;
  std::vector<beamfile::Export> exports_;
  std::vector<beamfile::Lambda> lambdas_;
  // Of walk_code.
  std::size_t functions_ = 0;
  std::uint32_t pending_label_ = kNoOffset;  // offset of a label that only lines followed so far
  bool expect_entry_ = false;                // the instruction before was func_info
  Word puts_missing_ = 0;                    // elements that put_tuple announced and that have not come yet
  // The old form of a receive that knows its place: recv_set, label and loop_rec in a row. Here: what must come next.
  enum class Receive : std::uint8_t { Anything, Label, Loop } receive_ = Receive::Anything;
};

bool Preparation::read_atoms() {
  const bool utf8 = !find(kAtomsUtf8).empty();
  const Bytes data = utf8 ? find(kAtomsUtf8) : find(kAtomsLatin1);
  if (data.empty()) return refuse("missing atom table");
  auto table = beamfile::read_atoms(data, utf8 ? beamfile::TextEncoding::Utf8 : beamfile::TextEncoding::Latin1);
  if (!table) return refuse("corrupt atom table");
  parsed_.atoms = table.take();
  instance_->atoms.reserve(parsed_.atoms.names.size());
  instance_->atoms.push_back(term::kNil);
  for (std::size_t i = 1; i < parsed_.atoms.names.size(); i++) {
    const std::string_view text = parsed_.atoms.names[i];
    const Term atom = utf8 ? etf::atom_from_utf8(text) : etf::atom_from_latin1(text);
    if (!atom.is_value()) return refuse("corrupt atom table");
    instance_->atoms.push_back(atom);
  }
  if (instance_->atoms.size() < 2) return refuse("corrupt atom table");
  name_ = instance_->atoms[1];
  if (!expected_.is_nil() && expected_ != name_) {
    return refuse("module name in object code is " + term::atom_text(name_));
  }
  instance_->name = name_;
  auto extra = std::make_unique<LoadExtra>();
  extra_ = extra.get();
  extra_->loader = &loader_;
  extra_->atom_count = parsed_.atoms.count();
  instance_->load_extra = extra.release();
  return true;
}

bool Preparation::read_code_header() {
  const Bytes data = find(beamfile::chunk::kCode);
  if (data.empty()) return refuse("missing code chunk");
  auto header = beamfile::read_code_header(data);
  if (!header) return refuse("corrupt code chunk");
  parsed_.code = header.take();
  if (parsed_.code.opcode_max > code::kMaxGenericOp) {
    return refuse("This BEAM file was compiled for a later version of the runtime system. (Use of opcode " +
                  std::to_string(parsed_.code.opcode_max) + "; this emulator supports only up to " + std::to_string(code::kMaxGenericOp) +
                  ".)");
  }
  extra_->label_count = parsed_.code.label_count;
  instance_->code.assign(parsed_.code.code.begin(), parsed_.code.code.end());
  instance_->label_offsets.assign(parsed_.code.label_count, kNoOffset);
  instance_->functions = std::vector<Function>(parsed_.code.function_count);
  return true;
}

bool Preparation::read_links() {
  const Bytes export_chunk = find(beamfile::chunk::kExports);
  const Bytes import_chunk = find(beamfile::chunk::kImports);
  if (export_chunk.empty()) return refuse("missing export table");
  if (import_chunk.empty()) return refuse("missing import table");
  auto exports = beamfile::read_exports(export_chunk, parsed_.atoms, parsed_.code.label_count, beamfile::chunk::kExports);
  if (!exports) return refuse("corrupt export table");
  exports_ = exports.take();
  auto imports = beamfile::read_imports(import_chunk, parsed_.atoms);
  if (!imports) return refuse("corrupt import table");
  instance_->imports.reserve(imports.value().size());
  for (const beamfile::Import& i : imports.value()) {
    instance_->imports.push_back(store_.export_for(instance_->atoms[i.module], instance_->atoms[i.function], i.arity));
  }
  return true;
}

bool Preparation::read_lambdas() {
  num::Md5 md5;
  beamfile::visit_checksum(parsed_, [&](Bytes bytes) { md5.update(bytes); });
  const num::Md5Digest digest = md5.finish();
  std::memcpy(instance_->md5, digest.data(), digest.size());
  const Bytes data = find(beamfile::chunk::kLambdas);
  if (data.empty()) return true;
  auto lambdas = beamfile::read_lambdas(data, parsed_.atoms, parsed_.code.label_count);
  if (!lambdas) return refuse("corrupt lambda table");
  lambdas_ = lambdas.take();
  std::vector<bool> seen(lambdas_.size());
  for (const beamfile::Lambda& l : lambdas_) {
    if (l.index >= seen.size() || seen[l.index]) return refuse("corrupt lambda table");
    seen[l.index] = true;
  }
  return true;
}

// The size when unpacked and the head of a zlib stream; size 0: not packed.
bool may_be_literals(const std::vector<Byte>& chunk) {
  if (chunk.size() < 6) return false;
  const bool packed = (chunk[0] | chunk[1] | chunk[2] | chunk[3]) != 0;
  return !packed || ((chunk[4] & 0xF) == 8 && (chunk[4] << 8 | chunk[5]) % 31 == 0);
}

// What most modules never need while they run stays packed, but it must be possible to unpack it.
bool Preparation::keep_lazy_chunks() {
  const auto keep = [&](std::vector<Byte>& to, beamfile::ChunkId id) {
    const Bytes data = find(id);
    to.assign(data.begin(), data.end());
  };
  keep(extra_->literal_chunk, beamfile::chunk::kLiterals);
  keep(extra_->line_chunk, beamfile::chunk::kLines);
  keep(extra_->attribute_chunk, beamfile::chunk::kAttributes);
  keep(extra_->compile_chunk, beamfile::chunk::kCompileInfo);
  keep(instance_->strings, beamfile::chunk::kStrings);
  extra_->has_literals = !extra_->literal_chunk.empty();
  if (extra_->has_literals && !may_be_literals(extra_->literal_chunk)) return refuse("corrupt literal table");
  heap::FragmentWriter scratch;
  Term ignored;
  if (!loader_.attributes(*instance_, scratch, &ignored)) return refuse("corrupt attributes");
  if (!loader_.compile_info(*instance_, scratch, &ignored)) return refuse("corrupt compilation information");
  return true;
}

bool Preparation::walk_code() {
  beamfile::OperandLimits limits;
  limits.atoms = extra_->atom_count;
  limits.labels = extra_->label_count;
  // The literal table may be packed; decoding a function checks its literals.
  limits.literals = extra_->has_literals ? UINT32_MAX : 0;
  beamfile::CodeReader reader(Bytes(instance_->code), limits);
  beamfile::Instruction in;
  bool ended = false;
  while (reader.next(in)) {
    if (lowering_of(in.opcode) == nullptr) {
      return refuse("op " + std::to_string(in.opcode) + " (" + code::kGenericOps[in.opcode].name + ") is not supported");
    }
    if (static_cast<code::GenericOp>(in.opcode) == code::GenericOp::int_code_end) {
      ended = true;
      break;
    }
    if (!walk_one(in)) return false;
  }
  if (!ended)
    return refuse(reader.failed() ? "corrupt code chunk at offset " + std::to_string(reader.fault().offset) : "code does not end");
  if (expect_entry_ || functions_ != instance_->functions.size())
    return refuse("corrupt code chunk: functions and their number do not agree");
  if (puts_missing_ > 0) return refuse("put_tuple without its elements");
  if (functions_ > 0) instance_->functions[functions_ - 1].code_end = in.offset;
  return true;
}

bool Preparation::walk_one(const beamfile::Instruction& in) {
  const auto op = static_cast<code::GenericOp>(in.opcode);
  if (expect_entry_ && op != code::GenericOp::label) return refuse("no label after func_info");
  if ((receive_ == Receive::Label && op != code::GenericOp::label) || (receive_ == Receive::Loop && op != code::GenericOp::loop_rec)) {
    return refuse("recv_set without its receive");
  }
  if ((op == code::GenericOp::put) != (puts_missing_ > 0)) return refuse("put_tuple without its elements");
  if (op == code::GenericOp::put) puts_missing_--;
  if (op == code::GenericOp::put_tuple) puts_missing_ = in.operand(0).value;
  receive_ = op == code::GenericOp::recv_set ? Receive::Label : receive_ == Receive::Label ? Receive::Loop : Receive::Anything;
  switch (op) {
    case code::GenericOp::label: {
      const beamfile::Operand& number = in.operand(0);
      if (number.kind != beamfile::OperandKind::Unsigned || number.value == 0 || number.value >= extra_->label_count ||
          instance_->label_offsets[number.value] != kNoOffset) {
        return refuse("invalid label");
      }
      instance_->label_offsets[number.value] = in.offset;
      if (expect_entry_) instance_->functions[functions_ - 1].entry_label = static_cast<std::uint32_t>(number.value);
      expect_entry_ = false;
      pending_label_ = in.offset;
      return true;
    }
    case code::GenericOp::line: return true;
    case code::GenericOp::func_info:
      if (pending_label_ == kNoOffset) return refuse("no label before func_info");
      expect_entry_ = true;
      return begin_function(in, pending_label_);
    case code::GenericOp::on_load:
      if (instance_->on_load != nullptr || functions_ == 0) return refuse("misplaced on_load");
      instance_->on_load = &instance_->functions[functions_ - 1];
      return true;
    default: pending_label_ = kNoOffset; return functions_ > 0 || refuse("code before the first function");
  }
}

bool Preparation::begin_function(const beamfile::Instruction& in, std::uint32_t begin) {
  if (functions_ == instance_->functions.size()) return refuse("corrupt code chunk: more functions than stated");
  const auto is_atom = [&](unsigned i) { return in.operand(i).kind == beamfile::OperandKind::Atom; };
  const beamfile::Operand& arity = in.operand(2);
  if (!is_atom(0) || !is_atom(1) || arity.kind != beamfile::OperandKind::Unsigned || arity.value > beamfile::kMaxArity ||
      instance_->atoms[in.operand(0).value] != name_) {
    return refuse("bad func_info");
  }
  if (functions_ > 0) {
    // The label belongs to this function, not to the one before.
    if (instance_->functions[functions_ - 1].code_begin >= begin) return refuse("two func_info in one function");
    instance_->functions[functions_ - 1].code_end = begin;
  }
  Function& f = instance_->functions[functions_++];
  f.entry.store(nullptr, std::memory_order_relaxed);
  f.mfa = {name_, instance_->atoms[in.operand(1).value], arity.value};
  f.instance = instance_.get();
  f.entry_label = 0;
  f.code_begin = begin;
  pending_label_ = kNoOffset;
  return true;
}

Function* Preparation::function_at_label(std::uint32_t label) { return function_of_label(*instance_, label); }

bool Preparation::resolve_exports() {
  instance_->exports.reserve(exports_.size());
  instance_->export_table.reserve(exports_.size());
  for (const beamfile::Export& e : exports_) {
    Function* f = function_at_label(e.label);
    const Term name = instance_->atoms[e.function];
    if (f == nullptr || f->mfa.function != name || f->mfa.arity != e.arity) return refuse("corrupt export table");
    instance_->exports.emplace_back(name, e.arity);
    code::Export* cell = store_.export_for(name_, name, e.arity);
    // erlang:apply/2,3 are instructions: called as a fun, their own code is an entry of stack traces.
    const bool is_apply = name_ == atoms::erlang && name == atoms::apply;
    if (cell->bif != nullptr && !is_apply) f->bif = cell->bif;
    instance_->export_table.emplace_back(f, cell);
  }
  return true;
}

bool Preparation::resolve_lambdas() {
  instance_->lambdas.reserve(lambdas_.size());
  for (std::size_t i = 0; i < lambdas_.size(); i++) {
    const beamfile::Lambda& l = lambdas_[i];
    Function* f = function_at_label(l.label);
    if (f == nullptr || f->mfa.arity != l.arity || f->mfa.function != instance_->atoms[l.function]) return refuse("corrupt lambda table");
    code::FunEntry* entry = store_.fun_entry(name_, instance_->md5, l.index);
    std::lock_guard guard(store_.lock());
    entry->old_uniq = l.old_unique;
    entry->old_index = static_cast<std::uint32_t>(i);
    entry->arity = l.arity - l.free_count;
    entry->num_free = l.free_count;
    entry->target = f->mfa;
    instance_->lambdas.push_back(entry);
    extra_->lambda_targets.push_back(f);
  }
  return true;
}

}  // namespace

Function* function_of_label(ModuleInstance& instance, std::size_t label) {
  if (label == 0 || label >= instance.label_offsets.size() || instance.label_offsets[label] == kNoOffset) return nullptr;
  const std::uint32_t offset = instance.label_offsets[label];
  const auto after = std::upper_bound(instance.functions.begin(), instance.functions.end(), offset,
                                      [](std::uint32_t at, const Function& f) { return at < f.code_begin; });
  if (after == instance.functions.begin()) return nullptr;
  Function& f = *(after - 1);
  return f.entry_label == label ? &f : nullptr;
}

PreparedModule::PreparedModule(std::unique_ptr<ModuleInstance> instance)
    : instance_(std::move(instance)), name_(instance_->name), has_on_load_(instance_->on_load != nullptr) {}

base::Result<std::unique_ptr<PreparedModule>, PrepareFault> Loader::prepare(Term expected, std::span<const Byte> file) {
  Preparation preparation(*this, store_, expected, file);
  const bool good = preparation.run();
  std::unique_ptr<ModuleInstance> instance = preparation.take();
  if (good) return std::make_unique<PreparedModule>(std::move(instance));
  discard_instance(instance.release());
  return base::fail(PrepareFault{atoms::badfile, preparation.text()});
}

}  // namespace vm::load
