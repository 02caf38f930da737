#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Writes stock_maps.txt: how a stock system enumerates maps.
%%
%%   from <keys> <maps:keys>                      maps:from_list of [{K, 1}, ...]
%%   less <keys> <removed> <maps:keys>            the same without the removed keys
%%   merge <keys> <other keys> <maps:keys>
%%   next <keys> <next> <pairs as keys>           iteration over the first pairs: the continuation, and the keys of what it returned
%% All terms in external format, hex.
-mode(compile).

main([Path]) ->
    rand:seed(exsss, {4, 5, 6}),
    erts_debug:set_internal_state(available_internal_state, true),
    {ok, F} = file:open(Path, [write, {delayed_write, 1 bsl 20, 1000}]),
    Ints = [lists:seq(1, N) || N <- [1, 2, 31, 32, 33, 34, 40, 64, 100, 1000]],
    Sets = Ints ++
        [[rand:uniform(1 bsl 62) - (1 bsl 61) || _ <- lists:seq(1, 100)],
         [1 bsl N || N <- lists:seq(40, 120)],
         [float(N) / 3 || N <- lists:seq(-50, 50)],
         [integer_to_binary(N) || N <- lists:seq(1, 150)],
         [integer_to_list(N) || N <- lists:seq(1, 150)],
         [{N, N * 2} || N <- lists:seq(1, 100)],
         [{N, integer_to_list(N), <<N:11>>} || N <- lists:seq(1, 100)],
         [#{N => [N]} || N <- lists:seq(1, 60)],
         [maps:from_list([{X, N} || X <- lists:seq(1, 33)]) || N <- lists:seq(1, 34)],
         [[N | N + 1] || N <- lists:seq(250, 320)],
         [X || N <- lists:seq(1, 40), X <- [N, float(N), [N], {N}, <<N>>]],
         collisions()],
    [begin
         Shuffled = shuffle(Keys),
         write(F, "from", [Shuffled, maps:keys(map(Keys))]),
         [begin
              Removed = lists:sublist(Shuffled, round(length(Keys) * P)),
              write(F, "less", [Keys, Removed, maps:keys(maps:without(Removed, map(Keys)))])
          end || P <- [0.2, 0.8], length(Keys) < 600],
         {Left, Right} = {lists:sublist(Shuffled, length(Keys) div 2 + 1), lists:nthtail(length(Keys) div 3, Shuffled)},
         length(Keys) < 600 andalso write(F, "merge", [Left, Right, maps:keys(maps:merge(map(Left), map(Right)))]),
         case erts_internal:map_next(0, map(Keys), []) of
             [Next, M | Pairs] when is_integer(Next), is_map(M) ->
                 write(F, "next", [Keys, Next, [K || {K, _} <- Pairs]]);
             _ -> ok
         end
     end || Keys <- Sets],
    ok = file:close(F).

write(F, What, Terms) ->
    io:format(F, "~s~s~n", [What, [[" ", hex(term_to_binary(T))] || T <- Terms]]).

map(Keys) -> maps:from_list([{K, 1} || K <- Keys]).

shuffle(L) -> [X || {_, X} <- lists:sort([{rand:uniform(), X} || X <- L])].

hex(B) -> [io_lib:format("~2.16.0b", [X]) || <<X>> <= B].

%% Keys whose whole hash agrees, so that levels below the eighth are reached, and some others.
collisions() ->
    Numbers = [rand:uniform(1 bsl 58) || _ <- lists:seq(1, 400000)],
    Hashed = lists:keysort(1, [{internal_hash(N), N} || N <- Numbers]),
    pairs(Hashed) ++ lists:sublist(Numbers, 40).

internal_hash(T) -> erts_debug:get_internal_state({internal_hash, T}).

pairs([{H, A}, {H, B} | T]) -> [A, B | pairs(T)];
pairs([_ | T]) -> pairs(T);
pairs([]) -> [].
