%% SPDX-License-Identifier: Apache-2.0
%% Shape of large maps, as erts_debug:map_info/1 tells it.
-module(maps_trie).
-export([cases/0]).

cases() ->
    [{{integers, N}, fun() -> info([{I, I} || I <- lists:seq(1, N)]) end} || N <- [33, 34, 40, 64, 65, 100, 300, 1000, 2000, 10000]] ++
    [{binaries, fun() -> info([{<<I:24>>, I} || I <- lists:seq(1, 3000)]) end},
     {tuples, fun() -> info([{{I, -I, [I]}, I} || I <- lists:seq(1, 500)]) end},
     {floats, fun() -> info([{I / 7, I} || I <- lists:seq(1, 500)]) end},
     {after_removal, fun() -> erts_debug:map_info(maps:without(lists:seq(1, 400, 3), maps:from_list([{I, I} || I <- lists:seq(1, 400)]))) end}] ++
    [{{small, N}, fun() -> info([{I, I} || I <- lists:seq(1, N)]) end} || N <- [0, 1, 32]] ++
    [{{no_map, T}, fun() -> erts_debug:map_info(T) end} || T <- [foo, [], {1}, 1.5]].

info(Pairs) -> erts_debug:map_info(maps:from_list(Pairs)).
