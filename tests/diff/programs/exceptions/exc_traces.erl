%% SPDX-License-Identifier: Apache-2.0
%% The shape of stack traces: tail calls vanish, body calls stay, built-ins and apply show up, lines.
-module(exc_traces).
-export([cases/0, a/1, b/1, c/1, t1/1, t2/1, t3/1, self_call/1, even/1, odd/1, many/10, apply3/3, line_in/1]).
-compile({no_auto_import, [error/1]}).

id(X) -> diff_lib:id(X).

cases() ->
    [{{Name, K}, fun() -> F(K) end} || {Name, F} <- shapes(), K <- [badarith, hd, call, fclause, throw, exit, undef, badfun, match]] ++
        [{{depth, D, N}, fun() ->
            Old = erlang:system_flag(backtrace_depth, D),
            try deep(N) catch E:R:S -> {E, R, length(S), S} after erlang:system_flag(backtrace_depth, Old) end
          end} || D <- [0, 1, 2, 8, 20], N <- [0, 1, 5, 30]] ++
        [{{line, N}, fun() -> line_in(N) end} || N <- lists:seq(1, 12)] ++
        [{{raise, N}, fun() -> raise(N) end} || N <- lists:seq(1, 30)] ++
        [{{caught_raise, N}, fun() -> try raise(N) catch C:R:S -> {C, R, S} end end} || N <- lists:seq(1, 30)] ++
        [{{process, K}, fun() -> {P, M} = spawn_monitor(fun() -> a(K) end), receive {'DOWN', M, process, P, R} -> R end end} || K <- [badarith, fclause, undef, throw, match]] ++
        [{{process_mfa, K}, fun() -> {P, M} = spawn_monitor(?MODULE, a, [K]), receive {'DOWN', M, process, P, R} -> R end end} || K <- [badarith, fclause, undef, throw, match]] ++
        [{self_call, fun() -> self_call(5) end}, {mutual, fun() -> even(7) end}, {many, fun() -> many(1, 2, 3, 4, 5, 6, 7, 8, 9, a) end},
         {current, fun() -> {current_stacktrace, S} = process_info(self(), current_stacktrace), S end},
         {current_deep, fun() -> current(5) end},
         {current_function, fun() -> process_info(self(), current_function) end}].

shapes() ->
    [{body, fun(K) -> {x, a(K)} end}, {tail, fun(K) -> t1(K) end}, {mixed, fun(K) -> [t2(K)] end}, {local, fun(K) -> R = crash(K), {R} end},
     {apply_tail, fun(K) -> apply(?MODULE, a, [K]) end}, {apply_body, fun(K) -> {apply(?MODULE, a, [K])} end},
     {apply_var, fun(K) -> M = id(?MODULE), F = id(a), {M:F(K)} end}, {apply_var_tail, fun(K) -> M = id(?MODULE), F = id(a), M:F(K) end},
     {apply_three, fun(K) -> apply3(?MODULE, a, [K]) end},
     {fun_body, fun(K) -> F = id(fun(X) -> {crash(X)} end), {F(K)} end}, {fun_tail, fun(K) -> F = id(fun(X) -> crash(X) end), F(K) end},
     {fun_external, fun(K) -> F = id(fun ?MODULE:b/1), {F(K)} end}, {fun_local, fun(K) -> F = id(fun c/1), {F(K)} end},
     {fun_apply, fun(K) -> apply(id(fun c/1), [K]) end},
     {map, fun(K) -> lists:map(fun a/1, [K]) end}, {foldl, fun(K) -> lists:foldl(fun(X, _) -> {a(X)} end, 0, [K]) end},
     {compr, fun(K) -> [a(X) || X <- [K]] end}, {named, fun(K) -> F = fun Me(0) -> crash(K); Me(N) -> [Me(N - 1)] end, F(2) end},
     {nested_funs, fun(K) -> F = fun() -> G = fun() -> {crash(K)} end, {G()} end, {F()} end},
     {try_inside, fun(K) -> try {a(K)} catch nothing -> 1 end end}, {catch_inside, fun(K) -> catch {a(K)} end},
     {after_inside, fun(K) -> try {a(K)} after id(1) end end}].

a(K) -> {b(K)}.
b(K) ->
    X = c(K),
    [X].
c(K) -> id(ok), {crash(K)}.

t1(K) -> t2(K).
t2(K) -> id(1), t3(K).
t3(K) -> crash(K).

apply3(M, F, A) -> apply(M, F, A).

crash(badarith) -> 1 + id(a);
crash(hd) -> hd(id([]));
crash(call) -> atom_to_list(id("x"));
crash(throw) -> throw(ball);
crash(exit) -> exit(stop);
crash(undef) -> ?MODULE:nowhere(1);
crash(badfun) -> (id(0))(1);
crash(match) -> a = id(b).

self_call(0) -> id(1) + id(x);
self_call(N) -> self_call(N - 1).

even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> error(odd);
odd(N) -> even(N - 1).

error(X) -> erlang:error(X).

many(A, B, C, D, E, F, G, H, I, J) when A + B + C + D + E + F + G + H + I > 1000 -> J;
many(_, _, _, _, _, _, _, _, I, J) when is_integer(J) -> I.

deep(0) -> {id(a) + 1};
deep(N) -> {deep(N - 1)}.

current(0) -> {current_stacktrace, S} = process_info(self(), current_stacktrace), S;
current(N) -> hd([current(N - 1)]).

line_in(N) ->
    case N of
        1 -> id(1) +
                 id(a);
        2 ->

            id(a) * 2;
        3 -> [hd(id([])),
              tl(id([1]))];
        4 -> [hd(id([1])),
              tl(id([]))];
        5 -> X = id(1), Y = id(a),
             X + 1,
             Y + 1;
        6 -> element(
               id(2),
               id({a}));
        7 -> {id(1),
              list_to_atom(id(1)),
              id(2)};
        8 -> try
                 id(1) / id(0)
             catch
                 throw:_ -> 1
             end;
        9 -> F = fun(Z) ->
                         Z + 1
                 end,
             F(id(a));
        10 -> #{a := Q} =
                  id(#{}), Q;
        11 -> begin id(1), id(2), {id(3), id(a) bsl 1} end;
        12 -> <<(id(a)):8,
                1:8>>
    end.

raise(N) ->
    M = ?MODULE,
    case N of
        1 -> erlang:raise(error, r, []);
        2 -> erlang:raise(throw, r, [{m, f, 1, []}]);
        3 -> erlang:raise(exit, r, [{m, f, [a, b], [{file, "x.erl"}, {line, 3}]}]);
        4 -> erlang:raise(id(bad), r, []);
        5 -> erlang:raise(error, r, id(bad));
        6 -> erlang:raise(error, r, id([bad]));
        7 -> erlang:raise(error, r, id([{m, f, 1}]));
        8 -> erlang:raise(error, r, id([{m, f, -1, []}]));
        9 -> erlang:raise(error, r, id([{m, f, [a | b], []}]));
        10 -> erlang:raise(error, r, id([{m, f, 1, bad}]));
        11 -> erlang:raise(error, r, id([{fun() -> ok end, [1], []}]));
        12 -> erlang:raise(error, r, id([{fun() -> ok end, 2}]));
        13 -> erlang:raise(error, r, id([{1, f, 1, []}]));
        14 -> erlang:raise(error, r, id([{m, 1, 1, []}]));
        15 -> erlang:raise(error, r, id([{m, f, 300, []}]));
        16 -> erlang:raise(error, r, id([{m, f, 1, [{line, x}]}]));
        17 -> erlang:raise(error, r, id([{m, f, 1, [{file, a}, {line, 1}]}]));
        18 -> erlang:raise(error, r, id([{m, f, 1, [{line, 1}, {file, "abc"}, {other, z}]}]));
        19 -> erlang:raise(error, r, id([{m, f, 1, [{location, 1}]}]));
        20 -> erlang:raise(error, r, id([{m, F, 0, []} || F <- [a, b, c, d, e, f, g, h, i, j, k, l]]));
        21 -> erlang:raise(error, r, id([{m, f, 1, []} | tail]));
        22 -> erlang:raise(error, r, id([{m, f, 1, []}, bad]));
        23 -> erlang:raise(throw, {big, lists:seq(1, 30)}, id([{m, f, 1, [{error_info, #{a => 1}}]}]));
        24 -> {erlang:raise(error, r, [])};
        25 -> case id(1) of 1 -> erlang:raise(error, badarg, [{M, x, 1, []}]); _ -> ok end;
        26 -> try id(a) + 1 catch _:R:S -> erlang:raise(exit, R, S) end;
        27 -> try id(a) + 1 catch _:R:S -> erlang:raise(error, {R}, tl(S)) end;
        28 -> try id(a) + 1 catch C:R:S -> id(1), erlang:raise(C, R, S) end;
        29 -> try id(a) + 1 catch C:R:S -> F = id(fun erlang:raise/3), F(C, R, S) end;
        30 -> try id(a) + 1 catch C:R:S -> apply(erlang, raise, [C, R, lists:reverse(S)]) end
    end.
