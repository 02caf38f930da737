%% SPDX-License-Identifier: Apache-2.0
%% Code as compilers before OTP 22 wrote it: tuples element by element, match contexts with slots for saved positions. The modules are made
%% by hand, since no compiler at hand writes them. Stock's just-in-time compiler refuses such files (docs/decisions/0011-old-opcodes.md).
-module(oldcode_t).
-export([test_tuple/0, test_positions/0, test_context_again/0, test_context_lives/0, test_malformed/0]).

%% The JIT of stock refuses; whoever has no JIT has no reason to.
with(M, Functions, Test) ->
    case erlang:load_module(M, module(M, Functions)) of
        {module, M} -> Test();
        {error, badfile} -> jit = erlang:system_info(emu_flavor), {skip, "old opcodes are refused"}
    end.

%% put_tuple, put: nested, sources that are overwritten, constants, stack slots.
test_tuple() ->
    with(oldcode_tuple, [
        {make, 3, [{16, [u(9), u(3)]}, {70, [u(1), x(3)]}, {71, [x(1)]},
                   {70, [u(5), x(0)]}, {71, [x(2)]}, {71, [a(good)]}, {71, [x(0)]}, {71, [x(3)]}, {71, [i(7)]}, 19]},
        {stack, 1, [{14, [u(2), u(1)]}, {64, [x(0), y(1)]}, {7, [u(0), u(1)]}, {16, [u(4), u(0)]},
                    {70, [u(3), y(0)]}, {71, [y(1)]}, {71, [y(0)]}, {71, [y(1)]}, {64, [y(0), x(0)]}, {18, [u(2)]}, 19]},
        {none, 0, [{70, [u(0), x(0)]}, 19]}], fun() ->
        {c, good, a, {b}, 7} = oldcode_tuple:make(a, b, c),
        {"s", [], "s"} = oldcode_tuple:stack("s"),
        {} = oldcode_tuple:none() end).

%% bs_save2, bs_restore2, and the binary again when nothing matched.
test_positions() ->
    with(oldcode_position, [
        {pick, 1, [{116, [fi, x(0), u(1), u(1), x(0)]}, {122, [x(0), u(0)]}, {117, [f(20), x(0), u(1), i(8), u(1), u(0), x(1)]},
                   {43, [f(20), x(1), i(1)]}, {119, [f(20), x(0), u(2), a(all), u(8), u(0), x(2)]},
                   {16, [u(3), u(3)]}, {70, [u(2), x(0)]}, {71, [a(one)]}, {71, [x(2)]}, 19,
                   {1, [u(20)]}, {123, [x(0), u(0)]}, {117, [f(21), x(0), u(1), i(8), u(2), u(0), x(1)]},
                   {119, [f(21), x(0), u(2), a(all), u(1), u(0), x(2)]},
                   {16, [u(3), u(3)]}, {70, [u(2), x(0)]}, {71, [x(1)]}, {71, [x(2)]}, 19,
                   {1, [u(21)]}, {123, [x(0), a(start)]}, {130, [x(0)]}, {61, [fi]}]}], fun() ->
        {one, <<2, 3>>} = oldcode_position:pick(id(<<1, 2, 3>>)),
        {16#0203, <<4:3>>} = oldcode_position:pick(id(<<2, 3, 4:3>>)),
        <<_:5, Odd/bitstring>> = id(<<0:5, 16#0102:16, 1:1>>),
        {16#0102, <<1:1>>} = oldcode_position:pick(Odd),
        {'EXIT', {function_clause, [{oldcode_position, pick, [<<9>>], _} | _]}} = catch oldcode_position:pick(id(<<9>>)),
        {'EXIT', {function_clause, [{oldcode_position, pick, [<<>>], _} | _]}} = catch oldcode_position:pick(id(<<>>)),
        {'EXIT', {function_clause, [{oldcode_position, pick, [x], _} | _]}} = catch oldcode_position:pick(id(x)) end).

%% A loop hands its context on; on failure it shows what was left when the last round began.
test_context_again() ->
    with(oldcode_loop, [
        {sum, 2, [{116, [fi, x(0), u(2), u(0), x(0)]}, {117, [f(20), x(0), u(2), i(8), u(1), u(0), x(2)]},
                  {125, [f(0), u(3), u(0), x(1), x(2), x(1)]}, {6, [u(2), entry]},
                  {1, [u(20)]}, {121, [f(21), x(0), u(0)]}, {64, [x(1), x(0)]}, 19,
                  {1, [u(21)]}, {130, [x(0)]}, {61, [fi]}]}], fun() ->
        10 = oldcode_loop:sum(id(<<1, 2, 3, 4>>), 0),
        Long = binary:copy(<<1, 2, 3, 4>>, 25000),
        250000 = oldcode_loop:sum(Long, 0),
        {'EXIT', {function_clause, [{oldcode_loop, sum, [<<3:4>>, 3], _} | _]}} = catch oldcode_loop:sum(id(<<1, 2, 3:4>>), 0) end).

%% A context in a stack slot with a saved position, through a collection; a second start with more slots.
test_context_lives() ->
    Byte = fun(Live, Dst) -> {117, [fi, x(0), u(Live), i(8), u(1), u(0), x(Dst)]} end,
    Rest = {119, [fi, x(0), u(1), a(all), u(8), u(0), x(0)]},
    with(oldcode_live, [
        {keep, 1, [{116, [fi, x(0), u(1), u(1), x(0)]}, Byte(1, 1), {122, [x(0), u(0)]}, Byte(1, 1), {14, [u(1), u(1)]}, {64, [x(0), y(0)]},
                   {7, [u(0), u(1)]}, {64, [y(0), x(0)]}, {18, [u(1)]}, {123, [x(0), u(0)]}, Rest, 19]},
        {more, 1, [{116, [fi, x(0), u(1), u(0), x(0)]}, Byte(1, 1), {116, [fi, x(0), u(1), u(3), x(0)]}, {122, [x(0), u(2)]}, Byte(1, 1),
                   {123, [x(0), u(2)]}, Rest, 19]},
        {whole, 1, [{116, [fi, x(0), u(1), u(2), x(0)]}, Byte(1, 1), {122, [x(0), u(1)]}, {130, [x(0)]}, 19]},
        {other, 1, [{130, [x(0)]}, 19]}], fun() ->
        <<2, 3>> = oldcode_live:keep(list_to_binary([1, 2, 3])),
        Large = binary:copy(<<1, 2, 3>>, 1000),
        <<_, Tail/binary>> = Large,
        Tail = oldcode_live:keep(Large),
        <<2, 3>> = oldcode_live:more(id(<<1, 2, 3>>)),
        <<1, 2, 3>> = oldcode_live:whole(id(<<1, 2, 3>>)),
        [x] = oldcode_live:other(id([x])) end).

test_malformed() ->
    Good = fun(Code) -> element(1, erlang:load_module(oldcode_good, module(oldcode_good, [{f, 1, Code}]))) =:= module end,
    true = Good([{64, [x(0), x(0)]}, 19]),
    [{error, badfile} = erlang:load_module(oldcode_bad, module(oldcode_bad, [{f, 1, Code}])) ||
        Code <- [[{71, [x(0)]}, 19], [{70, [u(2), x(0)]}, {71, [x(0)]}, 19], [{70, [u(1), x(0)]}, {71, [x(0)]}, {71, [x(0)]}, 19],
                 [{70, [u(2), x(0)]}, {71, [x(0)]}, {16, [u(0), u(1)]}, {71, [x(0)]}, 19], [{70, [u(1), x(0)]}]]],
    ok.

id(X) -> X.

%% --- an assembler for the opcodes above; entry and fi are the function's own labels
module(M, Functions) ->
    Atoms = [M, erlang, '+', garbage_collect, all, start, good, one | [Name || {Name, _, _} <- Functions]],
    Index = maps:from_list(lists:zip(Atoms, lists:seq(1, length(Atoms)))),
    Code = [function(Index, N, F) || {N, F} <- lists:zip(lists:seq(1, length(Functions)), Functions)],
    Exports = << <<(map_get(Name, Index)):32, Arity:32, (2 * N):32>> || {N, {Name, Arity, _}} <- lists:zip(lists:seq(1, length(Functions)), Functions) >>,
    Last = lists:max([2 * length(Functions) | [L || {_, _, Is} <- Functions, {1, [{u, L}]} <- Is]]),
    Bytes = iolist_to_binary([Code, 3]),
    Chunks = [{"AtU8", <<(length(Atoms)):32, << <<(byte_size(A)), A/binary>> || T <- Atoms, A <- [atom_to_binary(T)] >>/binary>>},
              {"Code", <<16:32, 0:32, 180:32, (Last + 1):32, (length(Functions)):32, Bytes/binary>>}, {"StrT", <<>>},
              {"ImpT", <<2:32, 2:32, 3:32, 2:32, 2:32, 4:32, 0:32>>}, {"ExpT", <<(length(Functions)):32, Exports/binary>>}],
    Body = << <<(list_to_binary(Id))/binary, (byte_size(B)):32, B/binary, 0:((4 - byte_size(B) band 3) band 3)/unit:8>> || {Id, B} <- Chunks >>,
    <<"FOR1", (byte_size(Body) + 4):32, "BEAM", Body/binary>>.

function(Index, N, {Name, Arity, Code}) ->
    Labels = #{fi => f(2 * N - 1), entry => f(2 * N)},
    Head = [{1, [u(2 * N - 1)]}, {2, [{a, 1}, a(Name), u(Arity)]}, {1, [u(2 * N)]}],
    [instruction(Index, Labels, I) || I <- Head ++ Code].

instruction(_, _, Op) when is_integer(Op) -> Op;
instruction(Index, Labels, {Op, Args}) -> [Op | [operand(Index, maps:get(A, Labels, A)) || A <- Args]].

operand(Index, {a, Name}) when is_atom(Name) -> operand(Index, {a, map_get(Name, Index)});
operand(_, {Tag, N}) when N < 16 -> <<N:4, 0:1, (tag(Tag)):3>>;
operand(_, {Tag, N}) when N < 2048 -> <<(N bsr 8):3, 1:2, (tag(Tag)):3, N:8>>.

tag(u) -> 0; tag(i) -> 1; tag(a) -> 2; tag(x) -> 3; tag(y) -> 4; tag(f) -> 5.

u(N) -> {u, N}.
i(N) -> {i, N}.
a(Name) -> {a, Name}.
x(N) -> {x, N}.
y(N) -> {y, N}.
f(N) -> {f, N}.
