%% SPDX-License-Identifier: Apache-2.0
%%
%% What differential programs share: values the compiler knows nothing about, and short ways to write
%% tables of cases.
-module(diff_lib).
-export([id/1, outcome/1, trace/1, each/3, rows/3, rows/4, apply_all/3, product/1, seq/2, hash/1, hash/2]).

%% The identity, opaque for the compiler since it lies in another module.
id(X) -> X.

%% What a fun does, without its stack trace: a value or {Class, Reason}.
outcome(Fun) ->
    try Fun() of
        V -> {ok, V}
    catch
        C:R -> {C, R}
    end.

%% What a fun does, with the whole stack trace.
trace(Fun) ->
    try Fun() of
        V -> {ok, V}
    catch
        C:R:S -> {C, R, S}
    end.

%% One case for each value.
each(Name, Fun, Values) ->
    [{{Name, V}, fun() -> Fun(V) end} || V <- Values].

%% One case for each left value, holding what happens with each right value.
rows(Name, Fun, Values) -> rows(Name, Fun, Values, Values).

rows(Name, Fun, Lefts, Rights) ->
    [{{Name, A}, fun() -> [{B, outcome(fun() -> Fun(A, B) end)} || B <- Rights] end} || A <- Lefts].

%% One case for each list of arguments; the name holds their number, for arguments can be large.
apply_all(M, F, Lists) ->
    [{{M, F, N}, fun() -> apply(M, F, Args) end}
     || {N, Args} <- lists:zip(lists:seq(1, length(Lists)), Lists)].

product([]) -> [[]];
product([Values | Rest]) ->
    Tails = product(Rest),
    [[V | T] || V <- Values, T <- Tails].

seq(A, B) when A > B -> [];
seq(A, B) -> [A | seq(A + 1, B)].

%% A short stand-in for a term that is too large to print.
hash(Term) -> {erlang:phash2(Term), erlang:external_size(Term)}.

%% The same without built-ins: a sum over a list of integers.
hash([H | T], Acc) -> hash(T, (Acc * 31 + H) rem 1000000007);
hash([], Acc) -> Acc.
