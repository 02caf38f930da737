# SPDX-License-Identifier: Apache-2.0
# needs: erl erlc
# replace: \[[0-9.]+ m?s\]\s =>
# replace: [0-9.]+ (ms|s)\b => TIME
# replace: <0\.\d+\.\d+> => PID
# EUnit: passing, failing, skipped by timeout, setups, generators, verbose output; erlc's diagnostics.
cat > things.erl <<'END'
-module(things).
-include_lib("eunit/include/eunit.hrl").
one_test() -> ?assertEqual(2, 1 + 1).
fails_test() -> ?assertEqual(3, 1 + 1).
matches_test() -> ?assertMatch({ok, _}, {error, why}).
raises_test() -> ?assertException(error, badarg, list_to_integer("12")).
crashes_test() -> lists:nth(3, [a]).
slow_test_() -> {timeout, 0.2, fun() -> timer:sleep(2000) end}.
setup_test_() -> {setup, fun() -> 5 end, fun(_) -> ok end, fun(X) -> [?_assertEqual(5, X), {"named", ?_assert(X > 4)}] end}.
generated_test_() -> [{integer_to_list(N), ?_assert(N rem 2 =:= 0)} || N <- [2, 4, 5]].
output_test() -> io:format("output of the test~n"), ?debugMsg("debug"), ok.
END
erlc things.erl; echo "status $?"
erl -noshell -eval 'io:format("~p~n", [eunit:test(things, [])]), halt().'; echo "status $?"
erl -noshell -eval 'io:format("~p~n", [eunit:test(things, [verbose])]), halt().'; echo "status $?"
printf -- '-module(bad).\n-export([f/1]).\nf(X) -> Y = 1, g(X).\nh(Z) -> case Z of a -> ok; a -> b end.\n' > bad.erl
erlc bad.erl; echo "status $?"
erlc +warnings_as_errors -o /nonexistent things.erl; echo "status $?"
erlc nothing.erl; echo "status $?"
