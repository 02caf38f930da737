// SPDX-License-Identifier: Apache-2.0
//
// Joints: instructions that follow one another and run in one jump. Both keep their cells; the label of the first says so.
#include <array>

#include "interp/emitter_internal.h"

namespace vm::interp {

using code::Op;

namespace {

constexpr unsigned number(Op op) { return static_cast<unsigned>(op); }
constexpr unsigned number(Fused op) { return code::kOpCount + static_cast<unsigned>(op); }
struct Joint {
  unsigned first, second, joined;
};
constexpr Joint kJoints[] = {
    {number(Fused::add_xxx), number(Op::call_only), number(Fused::add_xxx_then_call_only)},
    {number(Fused::add_xcx), number(Op::call_only), number(Fused::add_xcx_then_call_only)},
    {number(Fused::subtract_xcx), number(Op::call_only), number(Fused::subtract_xcx_then_call_only)},
    {number(Fused::add_xxx), number(Fused::call_only_near), number(Fused::add_xxx_then_call_only_near)},
    {number(Fused::add_xcx), number(Fused::call_only_near), number(Fused::add_xcx_then_call_only_near)},
    {number(Fused::subtract_xcx), number(Fused::call_only_near), number(Fused::subtract_xcx_then_call_only_near)},
    {number(Fused::add_xxx), number(Fused::move_x_call_only), number(Fused::add_xxx_then_move_x_call_only)},
    {number(Fused::add_xcx), number(Fused::move_x_call_only), number(Fused::add_xcx_then_move_x_call_only)},
    {number(Fused::subtract_xcx), number(Fused::move_x_call_only), number(Fused::subtract_xcx_then_move_x_call_only)},
    {number(Fused::add_xxx), number(Fused::move_x_call_only_near), number(Fused::add_xxx_then_move_x_call_only_near)},
    {number(Fused::add_xcx), number(Fused::move_x_call_only_near), number(Fused::add_xcx_then_move_x_call_only_near)},
    {number(Fused::subtract_xcx), number(Fused::move_x_call_only_near), number(Fused::subtract_xcx_then_move_x_call_only_near)},
    {number(Fused::add_xxx), number(Op::return_), number(Fused::add_xxx_then_return_)},
    {number(Fused::add_xcx), number(Op::return_), number(Fused::add_xcx_then_return_)},
    {number(Fused::subtract_xcx), number(Op::return_), number(Fused::subtract_xcx_then_return_)},
    {number(Fused::add_yxx), number(Fused::deallocate_return), number(Fused::add_yxx_then_deallocate_return)},
    {number(Fused::is_eq_exact_xc), number(Fused::move_c_return), number(Fused::is_eq_exact_xc_then_move_c_return)},
    {number(Fused::is_tuple_arity_x), number(Fused::get_tuple_element_xx_known),
     number(Fused::is_tuple_arity_x_then_get_tuple_element_xx_known)},
    {number(Fused::is_tuple_arity_x), number(Fused::get_elements_x_xx_known), number(Fused::is_tuple_arity_x_then_get_elements_x_xx_known)},
    {number(Fused::is_tagged_tuple_x), number(Fused::get_tuple_element_xx_known),
     number(Fused::is_tagged_tuple_x_then_get_tuple_element_xx_known)},
    {number(Fused::is_tagged_tuple_x), number(Fused::get_elements_x_xx_known),
     number(Fused::is_tagged_tuple_x_then_get_elements_x_xx_known)},
    {number(Op::trim), number(Fused::call_near), number(Fused::trim_then_call_near)},
    {number(Fused::move_xy_xx), number(Fused::call_near), number(Fused::move_xy_xx_then_call_near)},
    {number(Fused::allocate_1_move_xy), number(Fused::move_x_call_near), number(Fused::allocate_1_move_xy_then_move_x_call_near)},
    {number(Fused::allocate_2_move_xy), number(Fused::move_x_call_near), number(Fused::allocate_2_move_xy_then_move_x_call_near)},
    {number(Fused::is_map_x), number(Fused::get_map_element_xcx), number(Fused::is_map_x_then_get_map_element_xcx)},
    {number(Fused::is_map_x), number(Fused::put_map_assoc_xc), number(Fused::is_map_x_then_put_map_assoc_xc)},
    {number(Fused::is_map_x), number(Fused::put_map_exact_xc), number(Fused::is_map_x_then_put_map_exact_xc)},
    {number(Op::test_heap), number(Fused::put_list_xxx), number(Fused::test_heap_then_put_list_xxx)},
    {number(Op::test_heap), number(Fused::put_list_yxx), number(Fused::test_heap_then_put_list_yxx)},
    {number(Op::test_heap), number(Op::put_tuple), number(Fused::test_heap_then_put_tuple)},
    {number(Op::test_heap), number(Fused::put_tuple_x), number(Fused::test_heap_then_put_tuple_x)},
    {number(Op::test_heap), number(Fused::put_tuple_r), number(Fused::test_heap_then_put_tuple_r)},
    {number(Op::test_heap), number(Fused::put_pair_xx), number(Fused::test_heap_then_put_pair_xx)},
    {number(Op::test_heap), number(Fused::put_pair_xy), number(Fused::test_heap_then_put_pair_xy)},
    {number(Op::test_heap), number(Fused::put_pair_xc), number(Fused::test_heap_then_put_pair_xc)},
    {number(Op::test_heap), number(Fused::put_pair_yx), number(Fused::test_heap_then_put_pair_yx)},
    {number(Op::test_heap), number(Fused::put_pair_yy), number(Fused::test_heap_then_put_pair_yy)},
    {number(Op::test_heap), number(Fused::put_pair_yc), number(Fused::test_heap_then_put_pair_yc)},
    {number(Op::test_heap), number(Fused::put_pair_cx), number(Fused::test_heap_then_put_pair_cx)},
    {number(Op::test_heap), number(Fused::put_pair_cy), number(Fused::test_heap_then_put_pair_cy)},
    {number(Op::test_heap), number(Fused::float_store_x), number(Fused::test_heap_then_float_store_x)},
    {number(Op::test_heap), number(Fused::float_store), number(Fused::test_heap_then_float_store)},
    {number(Fused::put_list_xxx), number(Fused::call_only_near), number(Fused::put_list_xxx_then_call_only_near)},
    {number(Fused::put_list_xxx), number(Fused::move_x_call_only_near), number(Fused::put_list_xxx_then_move_x_call_only_near)},
    {number(Fused::put_list_xxx), number(Fused::deallocate_return), number(Fused::put_list_xxx_then_deallocate_return)},
    {number(Fused::put_list_yxx), number(Fused::deallocate_return), number(Fused::put_list_yxx_then_deallocate_return)},
    {number(Op::test_heap), number(Fused::put_list_yxx_then_deallocate_return),
     number(Fused::test_heap_then_put_list_yxx_then_deallocate_return)},
    {number(Op::test_heap), number(Fused::put_list_xxx_then_call_only_near),
     number(Fused::test_heap_then_put_list_xxx_then_call_only_near)},
    {number(Op::test_heap), number(Fused::put_list_xxx_then_move_x_call_only_near),
     number(Fused::test_heap_then_put_list_xxx_then_move_x_call_only_near)},
    {number(Fused::is_ge_xx), number(Fused::test_heap_then_put_list_xxx), number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx)},
    {number(Fused::is_ge_xx), number(Fused::test_heap_then_put_list_xxx_then_call_only_near),
     number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near)},
    {number(Fused::is_ge_xx), number(Fused::test_heap_then_put_list_xxx_then_move_x_call_only_near),
     number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near)},
    {number(Fused::next_cons_x_xx), number(Fused::is_ge_xx), number(Fused::next_cons_x_xx_then_is_ge_xx)},
    {number(Fused::next_cons_x_xx), number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx),
     number(Fused::next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx)},
    {number(Fused::next_cons_x_xx), number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near),
     number(Fused::next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near)},
    {number(Fused::next_cons_x_xx), number(Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near),
     number(Fused::next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near)},
};

constexpr auto kBeginsJoint = [] {
  std::array<bool, kInstructionCount> begins{};
  for (const Joint& j : kJoints) begins[j.first] = true;
  return begins;
}();

}  // namespace

// From the end on, so that the second of two may itself be the first of a joint.
void Emitter::join() {
  for (std::size_t k = starts_.size(); k-- > 1;) {
    if (!kBeginsJoint[starts_[k - 1].number]) continue;
    for (const Joint& j : kJoints) {
      if (j.first != starts_[k - 1].number || j.second != starts_[k].number) continue;
      starts_[k - 1].number = j.joined;
      cells[starts_[k - 1].cell] = reinterpret_cast<code::CodeWord>(instruction_labels()[j.joined]);
      break;
    }
  }
}

}  // namespace vm::interp
