%% SPDX-License-Identifier: Apache-2.0
%% Operators on what is no number, with whole stack traces.
-module(arith_wrong).
-export([cases/0]).
-include("values.hrl").

cases() ->
    Values = [1, 1.5, 1 bsl 64, 0] ++ ?OTHERS,
    [{{Name, A, B}, fun() -> Fun(A, B) end} || {Name, Fun} <- binary(), A <- Values, B <- Values, wrong(A, B)] ++
        [{{Name, A}, fun() -> Fun(A) end} || {Name, Fun} <- unary(), A <- Values].

wrong(A, B) -> not is_number(A) andalso (B =:= 1 orelse B =:= a) orelse (A =:= 1.5 orelse A =:= 1 bsl 64) andalso not is_number(B).

binary() ->
    [{'+', fun(A, B) -> A + B end}, {'-', fun(A, B) -> A - B end}, {'*', fun(A, B) -> A * B end},
     {'div', fun(A, B) -> A div B end}, {'rem', fun(A, B) -> A rem B end}, {'/', fun(A, B) -> A / B end},
     {'band', fun(A, B) -> A band B end}, {'bor', fun(A, B) -> A bor B end}, {'bxor', fun(A, B) -> A bxor B end},
     {'bsl', fun(A, B) -> A bsl B end}, {'bsr', fun(A, B) -> A bsr B end},
     {'and', fun(A, B) -> A and B end}, {'or', fun(A, B) -> A or B end}, {'xor', fun(A, B) -> A xor B end},
     {'andalso', fun(A, B) -> A andalso B end}, {'orelse', fun(A, B) -> A orelse B end},
     {'++', fun(A, B) -> A ++ B end}, {'--', fun(A, B) -> A -- B end}].

unary() ->
    [{'-', fun(A) -> -A end}, {'+', fun(A) -> +A end}, {'bnot', fun(A) -> bnot A end}, {'not', fun(A) -> not A end},
     {abs, fun(A) -> abs(A) end}, {float, fun(A) -> float(A) end}, {round, fun(A) -> round(A) end},
     {trunc, fun(A) -> trunc(A) end}, {floor, fun(A) -> floor(A) end}, {ceil, fun(A) -> ceil(A) end},
     {size, fun(A) -> size(A) end}, {length, fun(A) -> length(A) end}, {hd, fun(A) -> hd(A) end},
     {tl, fun(A) -> tl(A) end}, {tuple_size, fun(A) -> tuple_size(A) end}, {byte_size, fun(A) -> byte_size(A) end},
     {bit_size, fun(A) -> bit_size(A) end}, {map_size, fun(A) -> map_size(A) end}, {node, fun(A) -> node(A) end}].
