%% SPDX-License-Identifier: Apache-2.0
-module(atom_t).
-export([test_text/0, test_length/0, test_unicode/0, test_existing/0, test_errors/0, test_order/0, test_boolean/0, test_many/0, id/1]).

id(X) -> X.

test_text() ->
    abc = list_to_atom(id("abc")),
    "abc" = atom_to_list(id(abc)),
    <<"abc">> = atom_to_binary(id(abc)),
    'A b' = binary_to_atom(id(<<"A b">>)),
    '' = list_to_atom(id("")).

test_length() ->
    A = list_to_atom(lists:duplicate(255, $a)),
    255 = length(atom_to_list(A)),
    {'EXIT', {system_limit, _}} = (catch list_to_atom(lists:duplicate(id(256), $a))),
    {'EXIT', {system_limit, _}} = (catch binary_to_atom(binary:copy(<<"a">>, id(256)))).

test_unicode() ->
    L = [16#e9, 16#20ac, 16#1f600],
    A = list_to_atom(L),
    L = atom_to_list(A),
    A = binary_to_atom(unicode:characters_to_binary(L), utf8),
    'é' = binary_to_atom(<<16#e9>>, latin1),
    {'EXIT', {badarg, _}} = (catch atom_to_binary(A, latin1)).

test_existing() ->
    abc = list_to_existing_atom(id("abc")),
    {'EXIT', {badarg, _}} = (catch list_to_existing_atom(id("atom_t never made this one"))).

test_errors() ->
    %% The limit shows before the bytes behind it do.
    [{N, E} = {N, try binary_to_atom(<<0:N/unit:8, T/binary>>, utf8) catch error:R -> R end}
     || {N, E} <- [{254, badarg}, {255, system_limit}, {600, system_limit}], T <- [<<255>>, <<16#C3>>, <<16#E3, 16#80>>]],
    {'EXIT', {badarg, _}} = (catch binary_to_existing_atom(<<0:600/unit:8, 255>>, utf8)),
    [{'EXIT', {badarg, _}} = (catch list_to_atom(L)) || L <- [a, [a], [-1], [16#d800], [16#110000], [1 | 2]]],
    {'EXIT', {badarg, _}} = (catch binary_to_atom(id(<<255>>), utf8)),
    {'EXIT', {badarg, _}} = (catch atom_to_list(id("a"))).

test_order() ->
    L = ['', 'A', a, aa, ab, abcdefgh, abcdefgi, b, 'é'],
    true = lists:sort(lists:reverse(L)) =:= L.

test_boolean() ->
    [true, true, false] = [is_boolean(X) || X <- [true, false, undefined]],
    true = id(true) and id(true),
    {'EXIT', {badarg, _}} = (catch id(a) and true),
    {'EXIT', {{badarg, a}, _}} = (catch id(a) andalso true).

test_many() ->
    L = [list_to_atom("atom_t_" ++ integer_to_list(X)) || X <- lists:seq(1, 1000)],
    1000 = length(lists:usort(L)),
    "atom_t_500" = atom_to_list(lists:nth(500, L)).
