%% SPDX-License-Identifier: Apache-2.0
%% Instruction sequences that are legal but that today's compiler does not write.
{module, asm_shapes}.
{exports, [{init2,2},{init2_const,1},{trim,3},{same_register,1},{self_element,1},{swap_y,2},{select_mixed,1},{select_arity,1},{jumps,1},{literal_compare,1},
           {fused_fail,2},{bif_fail,2},{tail_bif,2},{last_bif,1},{apply_tail,3},{empty_frame,1},{big_index,1},{list_update,2},{float_regs,2},{set_element,1},{many_y,1},{call_no_save,1},{is_fun2,2},{nested_catch,1}]}.
{attributes, []}.
{labels, 80}.

{function, init2, 2, 2}.
  {label,1}. {func_info,{atom,asm_shapes},{atom,init2},2}.
  {label,2}.
    {bs_init2,{f,0},{x,1},0,2,{field_flags,[]},{x,2}}.
    {bs_put_integer,{f,0},{integer,8},1,{field_flags,[]},{x,0}}.
    {bs_put_string,2,{string,<<"ab">>}}.
    {move,{x,2},{x,0}}.
    return.

{function, init2_const, 1, 4}.
  {label,3}. {func_info,{atom,asm_shapes},{atom,init2_const},1}.
  {label,4}.
    {bs_init2,{f,0},6,0,1,{field_flags,[]},{x,1}}.
    {bs_put_integer,{f,0},{integer,16},1,{field_flags,[little]},{x,0}}.
    {bs_put_integer,{f,0},{integer,16},1,{field_flags,[signed,big]},{integer,-2}}.
    {bs_put_string,2,{string,<<"zz">>}}.
    {move,{x,1},{x,0}}.
    return.

{function, trim, 3, 6}.
  {label,5}. {func_info,{atom,asm_shapes},{atom,trim},3}.
  {label,6}.
    {allocate,5,3}.
    {init_yregs,{list,[{y,0},{y,1}]}}.
    {move,{x,0},{y,2}}.
    {move,{x,1},{y,3}}.
    {move,{x,2},{y,4}}.
    {trim,2,3}.
    {move,{y,1},{x,0}}.
    {call_ext,1,{extfunc,diff_lib,id,1}}.
    {trim,1,2}.
    {test_heap,4,1}.
    {put_tuple2,{x,0},{list,[{x,0},{y,0},{y,1}]}}.
    {deallocate,2}.
    return.

{function, same_register, 1, 8}.
  {label,7}. {func_info,{atom,asm_shapes},{atom,same_register},1}.
  {label,8}.
    {test,is_nonempty_list,{f,7},[{x,0}]}.
    {get_list,{x,0},{x,1},{x,0}}.
    {test_heap,2,2}.
    {put_list,{x,1},{x,0},{x,0}}.
    {get_list,{x,0},{x,0},{x,1}}.
    {test_heap,3,2}.
    {put_tuple2,{x,0},{list,[{x,0},{x,1}]}}.
    return.

{function, self_element, 1, 10}.
  {label,9}. {func_info,{atom,asm_shapes},{atom,self_element},1}.
  {label,10}.
    {test,is_tuple,{f,9},[{x,0}]}.
    {test,test_arity,{f,9},[{x,0},2]}.
    {get_tuple_element,{x,0},1,{x,0}}.
    {move,{x,0},{x,0}}.
    return.

{function, swap_y, 2, 12}.
  {label,11}. {func_info,{atom,asm_shapes},{atom,swap_y},2}.
  {label,12}.
    {allocate,2,2}.
    {move,{x,0},{y,0}}.
    {move,{x,1},{y,1}}.
    {swap,{y,0},{y,1}}.
    {swap,{x,0},{x,1}}.
    {swap,{y,1},{x,0}}.
    {test_heap,5,2}.
    {put_tuple2,{x,0},{list,[{x,0},{x,1},{y,0},{y,1}]}}.
    {deallocate,2}.
    return.

{function, select_mixed, 1, 14}.
  {label,13}. {func_info,{atom,asm_shapes},{atom,select_mixed},1}.
  {label,14}.
    {select_val,{x,0},{f,13},{list,[{integer,1},{f,15},{integer,-1},{f,17},{integer,5},{f,18},{integer,1000},{f,19}]}}.
  {label,15}. {move,{atom,one},{x,0}}. return.
  {label,16}. {move,{atom,atom_a},{x,0}}. return.
  {label,17}. {move,{atom,minus_one},{x,0}}. return.
  {label,18}. {move,{atom,five},{x,0}}. return.
  {label,19}. {move,{atom,atom_b},{x,0}}. return.

{function, select_arity, 1, 21}.
  {label,20}. {func_info,{atom,asm_shapes},{atom,select_arity},1}.
  {label,21}.
    {test,is_tuple,{f,20},[{x,0}]}.
    {select_tuple_arity,{x,0},{f,20},{list,[0,{f,22},300,{f,23},2,{f,24}]}}.
  {label,22}. {move,{atom,none},{x,0}}. return.
  {label,23}. {get_tuple_element,{x,0},299,{x,0}}. return.
  {label,24}. {get_tuple_element,{x,0},0,{x,0}}. return.

{function, jumps, 1, 26}.
  {label,25}. {func_info,{atom,asm_shapes},{atom,jumps},1}.
  {label,26}. {jump,{f,28}}.
  {label,27}. {jump,{f,29}}.
  {label,28}. {test,is_atom,{f,27},[{x,0}]}. {jump,{f,30}}.
  {label,29}. {move,{atom,not_atom},{x,0}}. return.
  {label,30}. {move,{atom,is_atom},{x,0}}. return.

{function, literal_compare, 1, 32}.
  {label,31}. {func_info,{atom,asm_shapes},{atom,literal_compare},1}.
  {label,32}.
    {test,is_lt,{f,33},[{integer,1},{integer,2}]}.
    {test,is_eq_exact,{f,33},[{x,0},{literal,[1,2,3]}]}.
    {move,{literal,{same,"list"}},{x,0}}.
    return.
  {label,33}.
    {test,is_ge,{f,34},[{literal,"b"},{x,0}]}.
    {move,{atom,before_b},{x,0}}.
    return.
  {label,34}. {move,{atom,after_b},{x,0}}. return.

{function, fused_fail, 2, 36}.
  {label,35}. {func_info,{atom,asm_shapes},{atom,fused_fail},2}.
  {label,36}.
    {gc_bif,'+',{f,37},2,[{x,0},{x,1}],{x,2}}.
    {gc_bif,'div',{f,37},3,[{x,2},{x,1}],{x,2}}.
    {gc_bif,'-',{f,37},3,[{integer,100},{x,2}],{x,0}}.
    return.
  {label,37}. {test_heap,3,2}. {put_tuple2,{x,0},{list,[{x,0},{x,1}]}}. return.

{function, bif_fail, 2, 39}.
  {label,38}. {func_info,{atom,asm_shapes},{atom,bif_fail},2}.
  {label,39}.
    {bif,element,{f,40},[{x,0},{x,1}],{x,2}}.
    {bif,hd,{f,40},[{x,2}],{x,2}}.
    {move,{x,2},{x,0}}.
    return.
  {label,40}. {move,{atom,failed},{x,0}}. return.

{function, tail_bif, 2, 42}.
  {label,41}. {func_info,{atom,asm_shapes},{atom,tail_bif},2}.
  {label,42}. {call_ext_only,2,{extfunc,erlang,'++',2}}.

{function, last_bif, 1, 44}.
  {label,43}. {func_info,{atom,asm_shapes},{atom,last_bif},1}.
  {label,44}.
    {allocate,1,1}.
    {move,{x,0},{y,0}}.
    {call_ext,1,{extfunc,diff_lib,id,1}}.
    {call_ext_last,1,{extfunc,erlang,atom_to_list,1},1}.

{function, apply_tail, 3, 46}.
  {label,45}. {func_info,{atom,asm_shapes},{atom,apply_tail},3}.
  {label,46}.
    {allocate,0,3}.
    {move,{x,0},{x,3}}.
    {move,{x,2},{x,0}}.
    {move,{x,1},{x,2}}.
    {move,{x,3},{x,1}}.
    {apply_last,1,0}.

{function, empty_frame, 1, 48}.
  {label,47}. {func_info,{atom,asm_shapes},{atom,empty_frame},1}.
  {label,48}.
    {allocate,0,1}.
    {call,1,{f,10}}.
    {deallocate,0}.
    return.

{function, big_index, 1, 50}.
  {label,49}. {func_info,{atom,asm_shapes},{atom,big_index},1}.
  {label,50}.
    {move,{x,0},{x,1000}}.
    {move,{atom,clobbered},{x,0}}.
    {move,{x,1000},{x,999}}.
    {test_heap,3,0}.
    {put_tuple2,{x,0},{list,[{atom,x},{atom,y}]}}.
    return.

{function, list_update, 2, 52}.
  {label,51}. {func_info,{atom,asm_shapes},{atom,list_update},2}.
  {label,52}.
    {test_heap,8,2}.
    {put_list,{x,0},nil,{x,2}}.
    {put_list,{literal,{lit,1}},{x,2},{x,2}}.
    {put_list,{x,1},{x,2},{x,2}}.
    {put_list,{x,2},{x,2},{x,0}}.
    return.

{function, float_regs, 2, 54}.
  {label,53}. {func_info,{atom,asm_shapes},{atom,float_regs},2}.
  {label,54}.
    {fconv,{x,0},{fr,0}}.
    {fconv,{x,1},{fr,1}}.
    {bif,fadd,{f,0},[{fr,0},{fr,1}],{fr,15}}.
    {bif,fmul,{f,0},[{fr,15},{fr,0}],{fr,0}}.
    {bif,fsub,{f,0},[{fr,0},{fr,1}],{fr,1}}.
    {bif,fdiv,{f,0},[{fr,1},{fr,15}],{fr,1}}.
    {bif,fnegate,{f,0},[{fr,1}],{fr,1}}.
    {test_heap,{alloc,[{words,0},{floats,1},{funs,0}]},0}.
    {fmove,{fr,1},{x,0}}.
    return.

{function, set_element, 1, 56}.
  {label,55}. {func_info,{atom,asm_shapes},{atom,set_element},1}.
  {label,56}.
    {allocate,1,1}.
    {init_yregs,{list,[{y,0}]}}.
    {move,{x,0},{x,2}}.
    {move,{literal,{a,b,c}},{x,1}}.
    {move,{integer,2},{x,0}}.
    {call_ext,3,{extfunc,erlang,setelement,3}}.
    {set_tuple_element,{atom,third},{x,0},2}.
    {set_tuple_element,{integer,1},{x,0},0}.
    {deallocate,1}.
    return.

{function, many_y, 1, 58}.
  {label,57}. {func_info,{atom,asm_shapes},{atom,many_y},1}.
  {label,58}.
    {allocate_zero,300,1}.
    {move,{x,0},{y,299}}.
    {move,{integer,5},{y,17}}.
    {call_ext,1,{extfunc,diff_lib,id,1}}.
    {test_heap,3,0}.
    {put_tuple2,{x,0},{list,[{y,299},{y,17}]}}.
    {deallocate,300}.
    return.

{function, call_no_save, 1, 60}.
  {label,59}. {func_info,{atom,asm_shapes},{atom,call_no_save},1}.
  {label,60}.
    {test,is_eq,{f,61},[{x,0},{integer,0}]}.
    return.
  {label,61}.
    {gc_bif,'-',{f,0},1,[{x,0},{integer,1}],{x,0}}.
    {call_only,1,{f,60}}.

{function, is_fun2, 2, 63}.
  {label,62}. {func_info,{atom,asm_shapes},{atom,is_fun2},2}.
  {label,63}.
    {test,is_function2,{f,64},[{x,0},{x,1}]}.
    {move,{atom,true},{x,0}}.
    return.
  {label,64}. {move,{atom,false},{x,0}}. return.

{function, nested_catch, 1, 66}.
  {label,65}. {func_info,{atom,asm_shapes},{atom,nested_catch},1}.
  {label,66}.
    {allocate,3,1}.
    {init_yregs,{list,[{y,0},{y,1},{y,2}]}}.
    {'catch',{y,1},{f,67}}.
    {'catch',{y,0},{f,68}}.
    {call_ext,1,{extfunc,erlang,throw,1}}.
  {label,68}.
    {catch_end,{y,0}}.
    {move,{x,0},{y,2}}.
    {call_ext,1,{extfunc,erlang,exit,1}}.
  {label,67}.
    {catch_end,{y,1}}.
    {test_heap,3,1}.
    {put_tuple2,{x,0},{list,[{x,0},{y,2}]}}.
    {deallocate,3}.
    return.
