// SPDX-License-Identifier: Apache-2.0
//
// Which function lowers which opcode. An opcode without a row here is not supported and makes a file badfile.
#include <array>

#include "load/lower_internal.h"

namespace vm::load {

namespace {

using code::GenericOp;

struct Row {
  GenericOp op;
  LowerFunction function;
};

constexpr Row kRows[] = {
    {GenericOp::label, lower::label},
    {GenericOp::func_info, lower::func_info},
    {GenericOp::int_code_end, lower::nothing},
    {GenericOp::call, lower::call},
    {GenericOp::call_last, lower::call_last},
    {GenericOp::call_only, lower::call_only},
    {GenericOp::call_ext, lower::call_ext},
    {GenericOp::call_ext_last, lower::call_ext_last},
    {GenericOp::bif0, lower::bif0},
    {GenericOp::bif1, lower::bif1},
    {GenericOp::bif2, lower::bif2},
    {GenericOp::allocate, lower::allocate},
    {GenericOp::allocate_heap, lower::allocate_heap},
    {GenericOp::allocate_zero, lower::allocate_zero},
    {GenericOp::allocate_heap_zero, lower::allocate_heap_zero},
    {GenericOp::test_heap, lower::test_heap},
    {GenericOp::init, lower::init},
    {GenericOp::deallocate, lower::deallocate},
    {GenericOp::return_, lower::return_},
    {GenericOp::send, lower::send},
    {GenericOp::remove_message, lower::remove_message},
    {GenericOp::timeout, lower::timeout},
    {GenericOp::loop_rec, lower::loop_rec},
    {GenericOp::loop_rec_end, lower::loop_rec_end},
    {GenericOp::wait, lower::wait},
    {GenericOp::wait_timeout, lower::wait_timeout},
    {GenericOp::is_lt, lower::is_lt},
    {GenericOp::is_ge, lower::is_ge},
    {GenericOp::is_eq, lower::is_eq},
    {GenericOp::is_ne, lower::is_ne},
    {GenericOp::is_eq_exact, lower::is_eq_exact},
    {GenericOp::is_ne_exact, lower::is_ne_exact},
    {GenericOp::is_integer, lower::is_integer},
    {GenericOp::is_float, lower::is_float},
    {GenericOp::is_number, lower::is_number},
    {GenericOp::is_atom, lower::is_atom},
    {GenericOp::is_pid, lower::is_pid},
    {GenericOp::is_reference, lower::is_reference},
    {GenericOp::is_port, lower::is_port},
    {GenericOp::is_nil, lower::is_nil},
    {GenericOp::is_binary, lower::is_binary},
    {GenericOp::is_list, lower::is_list},
    {GenericOp::is_nonempty_list, lower::is_nonempty_list},
    {GenericOp::is_tuple, lower::is_tuple},
    {GenericOp::test_arity, lower::test_arity},
    {GenericOp::select_val, lower::select_val},
    {GenericOp::select_tuple_arity, lower::select_tuple_arity},
    {GenericOp::jump, lower::jump},
    {GenericOp::catch_, lower::catch_},
    {GenericOp::catch_end, lower::catch_end},
    {GenericOp::move, lower::move},
    {GenericOp::get_list, lower::get_list},
    {GenericOp::get_tuple_element, lower::get_tuple_element},
    {GenericOp::set_tuple_element, lower::set_tuple_element},
    {GenericOp::put_list, lower::put_list},
    {GenericOp::put_tuple, lower::put_tuple},
    {GenericOp::put, lower::put},
    {GenericOp::badmatch, lower::badmatch},
    {GenericOp::if_end, lower::if_end},
    {GenericOp::case_end, lower::case_end},
    {GenericOp::call_fun, lower::call_fun},
    {GenericOp::is_function, lower::is_function},
    {GenericOp::call_ext_only, lower::call_ext_only},
    {GenericOp::bs_put_integer, lower::bs_put_integer},
    {GenericOp::bs_put_binary, lower::bs_put_binary},
    {GenericOp::bs_put_float, lower::bs_put_float},
    {GenericOp::bs_put_string, lower::bs_put_string},
    {GenericOp::fclearerror, lower::nothing},
    {GenericOp::fcheckerror, lower::nothing},
    {GenericOp::fmove, lower::fmove},
    {GenericOp::fconv, lower::fconv},
    {GenericOp::fadd, lower::fadd},
    {GenericOp::fsub, lower::fsub},
    {GenericOp::fmul, lower::fmul},
    {GenericOp::fdiv, lower::fdiv},
    {GenericOp::fnegate, lower::fnegate},
    {GenericOp::make_fun2, lower::make_fun2},
    {GenericOp::try_, lower::try_},
    {GenericOp::try_end, lower::try_end},
    {GenericOp::try_case, lower::try_case},
    {GenericOp::try_case_end, lower::try_case_end},
    {GenericOp::raise, lower::raise},
    {GenericOp::bs_init2, lower::bs_init2},
    {GenericOp::bs_add, lower::bs_add},
    {GenericOp::apply, lower::apply},
    {GenericOp::apply_last, lower::apply_last},
    {GenericOp::is_boolean, lower::is_boolean},
    {GenericOp::is_function2, lower::is_function2},
    {GenericOp::bs_start_match2, lower::bs_start_match2},
    {GenericOp::bs_get_integer2, lower::bs_get_integer2},
    {GenericOp::bs_get_float2, lower::bs_get_float2},
    {GenericOp::bs_get_binary2, lower::bs_get_binary2},
    {GenericOp::bs_skip_bits2, lower::bs_skip_bits2},
    {GenericOp::bs_test_tail2, lower::bs_test_tail2},
    {GenericOp::bs_save2, lower::bs_save2},
    {GenericOp::bs_restore2, lower::bs_restore2},
    {GenericOp::gc_bif1, lower::gc_bif1},
    {GenericOp::gc_bif2, lower::gc_bif2},
    {GenericOp::is_bitstr, lower::is_bitstr},
    {GenericOp::bs_context_to_binary, lower::bs_context_to_binary},
    {GenericOp::bs_test_unit, lower::bs_test_unit},
    {GenericOp::bs_match_string, lower::bs_match_string},
    {GenericOp::bs_init_writable, lower::bs_init_writable},
    {GenericOp::bs_append, lower::bs_append},
    {GenericOp::bs_private_append, lower::bs_private_append},
    {GenericOp::trim, lower::trim},
    {GenericOp::bs_init_bits, lower::bs_init_bits},
    {GenericOp::bs_get_utf8, lower::bs_get_utf8},
    {GenericOp::bs_skip_utf8, lower::bs_skip_utf8},
    {GenericOp::bs_get_utf16, lower::bs_get_utf16},
    {GenericOp::bs_skip_utf16, lower::bs_skip_utf16},
    {GenericOp::bs_get_utf32, lower::bs_get_utf32},
    {GenericOp::bs_skip_utf32, lower::bs_skip_utf32},
    {GenericOp::bs_utf8_size, lower::bs_utf8_size},
    {GenericOp::bs_put_utf8, lower::bs_put_utf8},
    {GenericOp::bs_utf16_size, lower::bs_utf16_size},
    {GenericOp::bs_put_utf16, lower::bs_put_utf16},
    {GenericOp::bs_put_utf32, lower::bs_put_utf32},
    {GenericOp::on_load, lower::nothing},
    {GenericOp::recv_mark, lower::nothing},
    {GenericOp::recv_set, lower::nothing},
    {GenericOp::gc_bif3, lower::gc_bif3},
    {GenericOp::line, lower::line},
    {GenericOp::put_map_assoc, lower::put_map_assoc},
    {GenericOp::put_map_exact, lower::put_map_exact},
    {GenericOp::is_map, lower::is_map},
    {GenericOp::has_map_fields, lower::has_map_fields},
    {GenericOp::get_map_elements, lower::get_map_elements},
    {GenericOp::is_tagged_tuple, lower::is_tagged_tuple},
    {GenericOp::build_stacktrace, lower::build_stacktrace},
    {GenericOp::raw_raise, lower::raw_raise},
    {GenericOp::get_hd, lower::get_hd},
    {GenericOp::get_tl, lower::get_tl},
    {GenericOp::put_tuple2, lower::put_tuple2},
    {GenericOp::bs_get_tail, lower::bs_get_tail},
    {GenericOp::bs_start_match3, lower::bs_start_match3},
    {GenericOp::bs_get_position, lower::bs_get_position},
    {GenericOp::bs_set_position, lower::bs_set_position},
    {GenericOp::swap, lower::swap},
    {GenericOp::bs_start_match4, lower::bs_start_match4},
    {GenericOp::make_fun3, lower::make_fun3},
    {GenericOp::init_yregs, lower::init_yregs},
    {GenericOp::recv_marker_bind, lower::recv_marker_bind},
    {GenericOp::recv_marker_clear, lower::recv_marker_clear},
    {GenericOp::recv_marker_reserve, lower::recv_marker_reserve},
    {GenericOp::recv_marker_use, lower::recv_marker_use},
    {GenericOp::bs_create_bin, lower::bs_create_bin},
    {GenericOp::call_fun2, lower::call_fun2},
    {GenericOp::nif_start, lower::nothing},
    {GenericOp::badrecord, lower::badrecord},
    {GenericOp::update_record, lower::update_record},
    {GenericOp::bs_match, lower::bs_match},
    {GenericOp::executable_line, lower::nothing},
    {GenericOp::debug_line, lower::nothing},
    {GenericOp::bif3, lower::bif3},
};

constexpr std::array<LowerFunction, 256> make_table() {
  std::array<LowerFunction, 256> table{};
  for (const Row& row : kRows) table[static_cast<std::size_t>(row.op)] = row.function;
  return table;
}

constexpr std::array<LowerFunction, 256> kTable = make_table();

// The container reader walks code by its own table of arities.
constexpr bool arities_agree() {
  for (unsigned op = 1; op <= code::kMaxGenericOp; op++) {
    if (code::kGenericOps[op].arity != beamfile::kOpcodeArity[op]) return false;
  }
  return code::kMaxGenericOp == beamfile::kMaxOpcode;
}
static_assert(arities_agree(), "beamfile/opcode_arity.h and code/generic_ops.tab differ");

}  // namespace

LowerFunction lowering_of(std::uint8_t opcode) { return kTable[opcode]; }

}  // namespace vm::load
