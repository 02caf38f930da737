%% SPDX-License-Identifier: Apache-2.0
-module(arith_add).
-export([cases/0, add/2, boom/1]).
cases() ->
    [{{add, A, B}, fun() -> add(A, B) end} || A <- vals(), B <- vals()] ++
        [{throw, fun() -> throw(x) end}, {out, fun() -> io:format("hi ~p~n", [self()]), {self(), self()} end},
         {msgs, fun() -> self() ! {a, self(), make_ref()}, self() ! 1.5, fun(X) -> X end end},
         {boom, fun() -> boom(#{a => 1, 1.0 => 2, 1 => 3}) end}, {kill, fun() -> exit(self(), kill), receive after 1000 -> ok end end}].
vals() -> [0, 1, -1, 1 bsl 59 - 1, 1 bsl 60 - 1, 1 bsl 60, -(1 bsl 59), -(1 bsl 60), -(1 bsl 60) - 1, a, 1.5].
add(A, B) -> A + B.
boom(X) -> case X of 1 -> ok end.
