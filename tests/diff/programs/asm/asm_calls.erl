%% SPDX-License-Identifier: Apache-2.0
%% Calls into the hand-written assembly of asm_shapes.
-module(asm_calls).
-export([cases/0]).

cases() ->
    [{{F, N}, fun() -> apply(asm_shapes, F, A) end} || {F, Lists} <- table(), {N, A} <- lists:zip(lists:seq(1, length(Lists)), Lists)].

table() ->
    Wide = list_to_tuple(lists:seq(1, 300)),
    [{init2, [[7, 3], [256, 3], [a, 3], [1, -1], [1, a], [1, 1 bsl 70]]}, {init2_const, [[1], [-1], [65537], [a]]}, {trim, [[a, b, c], [1, [2], {3}]]}, {same_register, [[[1, 2]], [[1 | 2]], [[]], [a]]},
     {self_element, [[{a, b}], [{a}], [a]]}, {swap_y, [[a, b]]}, {select_mixed, [[1], [a], [-1], [1 bsl 64], [1.5], [1.0], [b], [{}], [2]]}, {select_arity, [[{}], [{a, b}], [Wide], [{1}], [[]]]}, {jumps, [[a], [1]]},
     {literal_compare, [[[1, 2, 3]], ["a"], ["c"], [1]]}, {fused_fail, [[1, 2], [a, 1], [1, 0], [1 bsl 60, 1 bsl 60]]}, {bif_fail, [[1, {[x]}], [2, {[x]}], [1, {[]}], [1, a]]}, {tail_bif, [[[1], [2]], [[1], a], [a, []]]}, {last_bif, [[abc], [1]]},
     {apply_tail, [[lists, reverse, [1, 2]], [erlang, abs, -3], [erlang, abs, a], [nomod, nofun, x], [1, 2, 3]]}, {empty_frame, [[{1, 2}], [a]]}, {big_index, [[a]]}, {list_update, [[1, 2]]}, {float_regs, [[1, 2.5], [1.5, 3], [1.0e308, 1.0e308], [0, 0], [a, 1], [1 bsl 1024, 1], [1, 1 bsl 70]]},
     {set_element, [[x]]}, {many_y, [[q]]}, {call_no_save, [[0], [0.0], [100], [a]]}, {is_fun2, [[fun lists:map/2, 2], [fun lists:map/2, 3], [fun() -> ok end, 0], [a, 0], [fun lists:map/2, -1], [fun lists:map/2, a], [fun lists:map/2, 1 bsl 70]]}, {nested_catch, [[x], [{y}]]}].
