%% SPDX-License-Identifier: Apache-2.0
%% Modules built byte by byte around one instruction: those that left the compiler long ago, those that
%% no release has, and today's in their plainest use. What does the loader say, and what runs?
-module(asm_old).
-export([cases/0]).

cases() ->
    [{{Name, Op}, fun() -> load_and_run(list_to_atom("asm_old_" ++ integer_to_list(Op)), Op, Args) end} || {Op, Name, Args} <- old()] ++
        [{{unknown, Op}, fun() -> load_and_run(list_to_atom("asm_new_" ++ integer_to_list(Op)), Op, []) end} || Op <- [0, 200, 254, 255]] ++
        [{{runs, N}, fun() -> load_and_run(list_to_atom("asm_run_" ++ integer_to_list(N)), none, Code) end} || {N, Code} <- lists:zip(lists:seq(1, length(running())), running())] ++
        [{{container, N}, fun() -> load_only(B) end} || {N, B} <- lists:zip(lists:seq(1, length(containers())), containers())].

load_only(B) ->
    R = erlang:load_module(asm_container, B),
    {R, code:delete(asm_container), code:purge(asm_container)}.

load_and_run(M, Op, Args) ->
    case erlang:load_module(M, module(M, Op, Args)) of
        {module, M} -> {loaded, diff_lib:trace(fun() -> M:f([1]) end)};
        Other -> Other
    end.

old() ->
    X0 = x(0), L1 = lab(1), L0 = lab(0), U8 = u(8), I1 = i(1), I2 = i(2),
    Arith = [L0, I1, I2, X0],
    [{27, m_plus, Arith}, {28, m_minus, Arith}, {29, m_times, Arith}, {30, m_div, Arith}, {31, int_div, Arith}, {32, int_rem, Arith}, {33, int_band, Arith},
     {34, int_bor, Arith}, {35, int_bxor, Arith}, {36, int_bsl, Arith}, {37, int_bsr, Arith}, {38, int_bnot, [L0, I1, X0]}, {54, is_constant, [L1, X0]},
     {68, put_string, [u(1), u(0), X0]}, {76, make_fun, [L1, u(0), u(0)]}, {79, bs_start_match, [L1, X0]},
     {80, bs_get_integer, [L1, U8, u(1), u(0), X0]}, {81, bs_get_float, [L1, U8, u(1), u(0), X0]}, {82, bs_get_binary, [L1, U8, u(1), u(0), X0]}, {83, bs_skip_bits, [L1, U8, u(1), u(0)]},
     {84, bs_test_tail, [L1, u(0)]}, {85, bs_save, [u(0)]}, {86, bs_restore, [u(0)]}, {87, bs_init, [u(0), u(0)]}, {88, bs_final, [L0, X0]}, {93, bs_need_buf, [u(1)]},
     {94, fclearerror, []}, {95, fcheckerror, [L0]}, {110, bs_bits_to_bytes, [L0, X0, X0]},
     {126, bs_final2, [X0, X0]}, {127, bs_bits_to_bytes2, [X0, X0]}, {128, put_literal, [u(0), X0]},
     {150, recv_mark, [lab(2)]}, {151, recv_set, [lab(2)]}, {179, nif_start, []}].

%% Raw code between the label of f/1 and its return.
running() ->
    [[], [64, i(7), x(0)], [64, x(0), x(0)], [64, <<0:4, 0:1, 2:3>>, x(0)], [64, a(1), x(0)], [65, x(0), x(1), x(0)], [162, x(0), x(0)], [163, x(0), x(0)],
     [12, u(1), u(1), 64, x(0), y(0), 64, i(1), x(0), 64, y(0), x(0), 18, u(1)], [14, u(2), u(1), 64, y(1), x(0), 18, u(2)], [13, u(1), u(4), u(1), 69, i(1), x(0), x(0), 64, x(0), y(0), 18, u(1)],
     [16, u(2), u(1), 69, i(1), x(0), x(0)], [16, u(2), u(1), 69, x(0), <<0:4, 0:1, 2:3>>, x(0)], [61, lab(1)], [72, x(0)], [74, i(3)], [73], [64, i(1), x(15)], [64, i(1), <<0:3, 1:2, 3:3, 200:8>>, 64, <<0:3, 1:2, 3:3, 200:8>>, x(0)],
     [64, <<2#000:3, 2#01:2, 1:3, 255>>, x(0)], [64, <<2#111:3, 2#01:2, 1:3, 255>>, x(0)], [64, <<2#000:3, 2#11:2, 1:3, 255, 0>>, x(0)], [64, <<2#110:3, 2#11:2, 1:3, 127, 0, 0, 0, 0, 0, 0, 1>>, x(0)], [64, <<2#110:3, 2#11:2, 1:3, 128, 0, 0, 0, 0, 0, 0, 0>>, x(0)],
     [153, u(0)], [55, lab(1), x(0)], [45, lab(1), x(0)], [57, lab(1), x(0), 58, lab(1), x(0), u(1)], [16, u(0), u(1)], [16, <<0:3, 1:2, 0:3, 100>>, u(1)], [107, x(0)], [180, x(0)], [43, lab(1), x(0), x(0)], [44, lab(1), x(0), x(0)]].

containers() ->
    M = module(asm_container, none, []),
    <<"FOR1", _:32, "BEAM", Chunks/binary>> = M,
    [<<>>, <<"FOR1">>, <<"FOR1", 4:32, "BEAM">>, <<"FOR2", 4:32, "BEAM">>, <<"FOR1", 4:32, "BEAX">>, binary:part(M, 0, byte_size(M) - 1), binary:part(M, 0, byte_size(M) div 2), <<"FOR1", 1000000:32, "BEAM", Chunks/binary>>,
     <<M/binary, 0, 0, 0, 0>>, zlib:gzip(M), container(lists:delete(hd(chunks(asm_container, [])), chunks(asm_container, []))), container(chunks(asm_other, [])), container(lists:reverse(chunks(asm_container, []))), container(tl(tl(chunks(asm_container, [])))),
     container(chunks(asm_container, []) ++ [{"Attr", <<131, 255>>}]), container(chunks(asm_container, []) ++ [{"LitT", <<1:32, 2>>}]), container(chunks(asm_container, []) ++ [{"Zzzz", <<1, 2, 3>>}]), container(chunks(asm_container, []) ++ [{"FunT", <<9:32>>}])].

module(M, none, Code) -> container(chunks(M, Code));
module(M, Op, Args) -> container(chunks(M, [Op | Args])).

chunks(M, Code) ->
    Name = atom_to_binary(M),
    Bytes = iolist_to_binary([1, u(1), 2, a(1), a(2), u(1), 1, u(2), Code, 19, 3]),
    [{"AtU8", <<2:32, (byte_size(Name)), Name/binary, 1, "f">>},
     {"Code", <<16:32, 0:32, 180:32, 3:32, 1:32, Bytes/binary>>},
     {"StrT", <<"abc">>}, {"ImpT", <<0:32>>}, {"ExpT", <<1:32, 2:32, 1:32, 2:32>>}].

container(Chunks) ->
    Body = << <<(list_to_binary(N))/binary, (byte_size(B)):32, B/binary, 0:(pad(byte_size(B)))/unit:8>> || {N, B} <- Chunks >>,
    <<"FOR1", (byte_size(Body) + 4):32, "BEAM", Body/binary>>.

pad(N) -> (4 - N band 3) band 3.

u(N) -> <<N:4, 0:1, 0:3>>.
i(N) -> <<N:4, 0:1, 1:3>>.
a(N) -> <<N:4, 0:1, 2:3>>.
x(N) -> <<N:4, 0:1, 3:3>>.
y(N) -> <<N:4, 0:1, 4:3>>.
lab(N) -> <<N:4, 0:1, 5:3>>.
