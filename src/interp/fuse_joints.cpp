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
#define JOINT(first, second, joined) \
  { number(first), number(second), number(Fused::joined) }
constexpr Joint kJoints[] = {
    JOINT(Fused::add_xxx, Op::call_only, add_xxx_then_call_only),
    JOINT(Fused::add_xcx, Op::call_only, add_xcx_then_call_only),
    JOINT(Fused::subtract_xcx, Op::call_only, subtract_xcx_then_call_only),
    JOINT(Fused::add_xxx, Fused::call_only_near, add_xxx_then_call_only_near),
    JOINT(Fused::add_xcx, Fused::call_only_near, add_xcx_then_call_only_near),
    JOINT(Fused::subtract_xcx, Fused::call_only_near, subtract_xcx_then_call_only_near),
    JOINT(Fused::add_xxx, Fused::move_x_call_only, add_xxx_then_move_x_call_only),
    JOINT(Fused::add_xcx, Fused::move_x_call_only, add_xcx_then_move_x_call_only),
    JOINT(Fused::subtract_xcx, Fused::move_x_call_only, subtract_xcx_then_move_x_call_only),
    JOINT(Fused::add_xxx, Fused::move_x_call_only_near, add_xxx_then_move_x_call_only_near),
    JOINT(Fused::add_xcx, Fused::move_x_call_only_near, add_xcx_then_move_x_call_only_near),
    JOINT(Fused::subtract_xcx, Fused::move_x_call_only_near, subtract_xcx_then_move_x_call_only_near),
    JOINT(Fused::add_xxx, Op::return_, add_xxx_then_return_),
    JOINT(Fused::add_xcx, Op::return_, add_xcx_then_return_),
    JOINT(Fused::subtract_xcx, Op::return_, subtract_xcx_then_return_),
    JOINT(Fused::add_yxx, Fused::deallocate_return, add_yxx_then_deallocate_return),
    JOINT(Fused::is_eq_exact_xc, Fused::move_c_return, is_eq_exact_xc_then_move_c_return),
    JOINT(Fused::is_tuple_arity_x, Fused::get_tuple_element_xx_known, is_tuple_arity_x_then_get_tuple_element_xx_known),
    JOINT(Fused::is_tuple_arity_x, Fused::get_elements_x_xx_known, is_tuple_arity_x_then_get_elements_x_xx_known),
    JOINT(Fused::is_tagged_tuple_x, Fused::get_tuple_element_xx_known, is_tagged_tuple_x_then_get_tuple_element_xx_known),
    JOINT(Fused::is_tagged_tuple_x, Fused::get_elements_x_xx_known, is_tagged_tuple_x_then_get_elements_x_xx_known),
    JOINT(Op::trim, Fused::call_near, trim_then_call_near),
    JOINT(Fused::move_xy_xx, Fused::call_near, move_xy_xx_then_call_near),
    JOINT(Fused::allocate_1_move_xy, Fused::move_x_call_near, allocate_1_move_xy_then_move_x_call_near),
    JOINT(Fused::allocate_2_move_xy, Fused::move_x_call_near, allocate_2_move_xy_then_move_x_call_near),
    JOINT(Fused::is_map_x, Fused::get_map_element_xcx, is_map_x_then_get_map_element_xcx),
    JOINT(Fused::is_map_x, Fused::put_map_assoc_xc, is_map_x_then_put_map_assoc_xc),
    JOINT(Fused::is_map_x, Fused::put_map_exact_xc, is_map_x_then_put_map_exact_xc),
    JOINT(Op::test_heap, Fused::put_list_xxx, test_heap_then_put_list_xxx),
    JOINT(Op::test_heap, Fused::put_list_yxx, test_heap_then_put_list_yxx),
    JOINT(Op::test_heap, Op::put_tuple, test_heap_then_put_tuple),
    JOINT(Op::test_heap, Fused::put_tuple_x, test_heap_then_put_tuple_x),
    JOINT(Op::test_heap, Fused::put_tuple_r, test_heap_then_put_tuple_r),
    JOINT(Op::test_heap, Fused::put_pair_xx, test_heap_then_put_pair_xx),
    JOINT(Op::test_heap, Fused::put_pair_xy, test_heap_then_put_pair_xy),
    JOINT(Op::test_heap, Fused::put_pair_xc, test_heap_then_put_pair_xc),
    JOINT(Op::test_heap, Fused::put_pair_yx, test_heap_then_put_pair_yx),
    JOINT(Op::test_heap, Fused::put_pair_yy, test_heap_then_put_pair_yy),
    JOINT(Op::test_heap, Fused::put_pair_yc, test_heap_then_put_pair_yc),
    JOINT(Op::test_heap, Fused::put_pair_cx, test_heap_then_put_pair_cx),
    JOINT(Op::test_heap, Fused::put_pair_cy, test_heap_then_put_pair_cy),
    JOINT(Op::test_heap, Fused::float_store_x, test_heap_then_float_store_x),
    JOINT(Op::test_heap, Fused::float_store, test_heap_then_float_store),
    JOINT(Fused::put_list_xxx, Fused::call_only_near, put_list_xxx_then_call_only_near),
    JOINT(Fused::put_list_xxx, Fused::move_x_call_only_near, put_list_xxx_then_move_x_call_only_near),
    JOINT(Fused::put_list_xxx, Fused::deallocate_return, put_list_xxx_then_deallocate_return),
    JOINT(Fused::put_list_yxx, Fused::deallocate_return, put_list_yxx_then_deallocate_return),
    JOINT(Op::test_heap, Fused::put_list_yxx_then_deallocate_return, test_heap_then_put_list_yxx_then_deallocate_return),
    JOINT(Op::test_heap, Fused::put_list_xxx_then_call_only_near, test_heap_then_put_list_xxx_then_call_only_near),
    JOINT(Op::test_heap, Fused::put_list_xxx_then_move_x_call_only_near, test_heap_then_put_list_xxx_then_move_x_call_only_near),
    JOINT(Fused::is_ge_xx, Fused::test_heap_then_put_list_xxx, is_ge_xx_then_test_heap_then_put_list_xxx),
    JOINT(Fused::is_ge_xx, Fused::test_heap_then_put_list_xxx_then_call_only_near,
          is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near),
    JOINT(Fused::is_ge_xx, Fused::test_heap_then_put_list_xxx_then_move_x_call_only_near,
          is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near),
    JOINT(Fused::next_cons_x_xx, Fused::is_ge_xx, next_cons_x_xx_then_is_ge_xx),
    JOINT(Fused::next_cons_x_xx, Fused::is_ge_xx_then_test_heap_then_put_list_xxx,
          next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx),
    JOINT(Fused::next_cons_x_xx, Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near,
          next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx_then_call_only_near),
    JOINT(Fused::next_cons_x_xx, Fused::is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near,
          next_cons_x_xx_then_is_ge_xx_then_test_heap_then_put_list_xxx_then_move_x_call_only_near),
};
#undef JOINT

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
