// SPDX-License-Identifier: Apache-2.0
//
// Funs, records and maps.
#include "interp/slow.h"
#include "ops/apply.h"
#include "ops/maps.h"

namespace vm::interp {

namespace {

// Sources of one instruction as terms. Most instructions have few; the rest goes to the heap of the host.
class Sources {
 public:
  Sources(const Word* cells, std::size_t n, const Term* x, const Word* y) : n_(n) {
    if (n > kInline) values_ = new Term[n];
    for (std::size_t i = 0; i < n; i++) values_[i] = read_source(cells[i], x, y);
  }
  ~Sources() {
    if (values_ != inline_) delete[] values_;
  }
  Sources(const Sources&) = delete;
  std::span<const Term> span() const { return {values_, n_}; }

 private:
  static constexpr std::size_t kInline = 64;
  std::size_t n_;
  Term inline_[kInline];
  Term* values_ = inline_;
};

}  // namespace

Term make_fun(Process& p, code::FunEntry* entry, const Word* cells, std::size_t n, const Term* x, const Word* y) {
  return ops::make_local_fun(p.heap, entry, p.pid, Sources(cells, n, x, y).span());
}

Term update_record(Process& p, Term src, std::size_t size, const Word* cells, std::size_t n, const Term* x, const Word* y) {
  if (!src.is_tuple_of(size)) {
    set_error(p, atoms::badarg);
    return Term::non_value();
  }
  Word* t = p.heap.alloc(1 + size);
  std::memcpy(t, src.boxed_ptr(), (1 + size) * kWordBytes);
  for (std::size_t i = 0; i + 1 < n; i += 2)
    if (cells[i] >= 1 && cells[i] <= size) t[cells[i]] = read_source(cells[i + 1], x, y).bits();
  return Term::boxed(t);
}

Term put_map(Process& p, Term map, bool exact, const Word* cells, std::size_t n, const Term* x, const Word* y) {
  if (!map.is_map()) {
    set_error(p, atoms::badmap, map);
    return Term::non_value();
  }
  if (n == 2) {
    Term key = read_source(cells[0], x, y), value = read_source(cells[1], x, y);
    Term result = exact ? ops::map_update(p.heap, map, key, value) : ops::map_put(p.heap, map, key, value);
    if (VM_UNLIKELY(!result.is_value())) set_error(p, atoms::badkey, key);
    return result;
  }
  Term missing = term::kNil;
  Term result = ops::map_update_many(p.heap, map, Sources(cells, n, x, y).span(), exact, &missing);
  if (!result.is_value()) set_error(p, atoms::badkey, missing);
  return result;
}

bool has_map_fields(Term map, const Word* cells, std::size_t n, const Term* x, const Word* y) {
  if (!map.is_map()) return false;
  for (std::size_t i = 0; i < n; i++)
    if (!ops::map_get(map, read_source(cells[i], x, y)).is_value()) return false;
  return true;
}

bool get_map_elements(Term map, const Word* cells, std::size_t n, Term* x, Word* y) {
  if (!map.is_map()) return false;
  // A destination may be the register of the map or of a later key, never of an earlier one's value: keys are read in order.
  for (std::size_t i = 0; i + 1 < n; i += 2) {
    Term value = ops::map_get(map, read_source(cells[i], x, y));
    if (!value.is_value()) return false;
    *destination(cells[i + 1], x, y) = value.bits();
  }
  return true;
}

bool is_function_of(Term fun, Term arity) {
  term::Kind kind = fun.kind();
  if ((kind != term::Kind::Fun && kind != term::Kind::ExportFun) || !arity.is_small()) return false;
  Word wants = kind == term::Kind::Fun ? ops::fun_arity(fun) : ops::export_of_fun(fun)->mfa.arity;
  return arity.small_value() >= 0 && static_cast<Word>(arity.small_value()) == wants;
}

}  // namespace vm::interp
