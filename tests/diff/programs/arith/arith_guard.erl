%% SPDX-License-Identifier: Apache-2.0
%% Arithmetic in guards: what would raise makes the guard false.
-module(arith_guard).
-export([cases/0]).
-include("values.hrl").

cases() ->
    Values = ?SOME ++ [0.0, -2.5, 1.0e308] ++ ?OTHERS,
    lists:append([diff_lib:rows(Name, Fun, Values) || {Name, Fun} <- ops()]).

ops() ->
    [{'+', fun(A, B) when A + B > 10 -> big; (A, B) when A + B =< 10 -> small; (_, _) -> no end},
     {'-', fun(A, B) when A - B > 0 -> more; (A, B) when A - B =:= 0 -> same; (_, _) -> no end},
     {'*', fun(A, B) when A * B < 0 -> minus; (A, B) when A * B >= 0 -> plus; (_, _) -> no end},
     {'div', fun(A, B) when A div B == 0 -> zero; (A, B) when A div B /= 0 -> other; (_, _) -> no end},
     {'rem', fun(A, B) when A rem B == 0 -> zero; (A, B) when A rem B =/= 0 -> other; (_, _) -> no end},
     {'/', fun(A, B) when A / B < 1 -> less; (A, B) when A / B >= 1 -> more; (_, _) -> no end},
     {'band', fun(A, B) when A band B =:= A -> subset; (A, B) when A band B =/= A -> part; (_, _) -> no end},
     {'bor', fun(A, B) when A bor B =:= A -> superset; (A, B) when A bor B =/= A -> part; (_, _) -> no end},
     {'bxor', fun(A, B) when A bxor B =:= 0 -> same; (A, B) when A bxor B =/= 0 -> differ; (_, _) -> no end},
     {'bsl', fun(A, B) when A bsl (B band 63) > A -> more; (A, B) when A bsl (B band 63) =< A -> less; (_, _) -> no end},
     {'bsr', fun(A, B) when A bsr (B band 63) > 0 -> more; (A, B) when A bsr (B band 63) =< 0 -> less; (_, _) -> no end},
     {logic, fun(A, B) when A + 1 > 0, B > 0 -> both; (A, B) when A + 1 > 0; B + 1 > 0 -> one; (_, _) -> none end},
     {unary, fun(A, B) when -A < abs(B) -> less; (A, B) when bnot A < -B -> nless; (A, _) when round(A) =:= A -> round; (_, _) -> no end}].
