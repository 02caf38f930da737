# SPDX-License-Identifier: Apache-2.0
# needs: rebar3
# replace: in [0-9.]+ seconds => in T
# seconds: 240
# A rebar3 project: compiled, EUnit and Common Test, a packed escript.
export REBAR_COLOR=none
rebar3 new escript name=demo; cd demo || exit 1
rebar3 compile
cat > src/calc.erl <<'END'
-module(calc).
-export([add/2]).
-include_lib("eunit/include/eunit.hrl").
add(X, Y) -> X + Y.
add_test() -> ?assertEqual(5, add(2, 3)).
wrong_test() -> ?assertEqual(6, add(2, 3)).
END
rebar3 eunit; echo "status $?"
rebar3 escriptize; ./_build/default/bin/demo a b; echo "status $?"
printf -- '-module(bad).\nf() -> ok.\ng( -> ok.\n' > src/bad.erl
rebar3 compile; echo "status $?"
