# SPDX-License-Identifier: Apache-2.0
# needs: erl
# The grammar of +sct, what is wrong with a topology, and orders of binding that have none to go by.
for topology in x L L0- c0 : L0:L0 L0-1 L0-1c0n0p1n0 L0-1c0-2 L70000 L0-70000 L0L1 L0c0t0 l0 L0,c0 L0c L0p0c0 L0c-1 L0::L1 L0-1c0-1: L0-1c1-0p0N0 L0,1c0,1n0:L2n1p1 L3,1T1-0C2 \
  L0-1c0-1p0n0:L2-3c0-1n1p1 L0-3c0-1,0-1p0,0,1,1n0,0,1,1 L0n0:L1p1 L65535; do
  echo "+sct $topology: $(erl +sct "$topology" -noshell -eval 'io:format("~w ~w ~w~n", [erlang:system_info({internal_cpu_topology, K}) || K <- [defined, detected, used]]), halt().' 2>&1 | head -n 1)"
done
# shellcheck disable=SC2086
for flags in '+ssrct +sbt db' '+sbt db +sct L0c0' '+ssrct +stbt db' '+sct L0c0 +stbt x' '+sct L900c0 +sbt s' '+sct L900c0 +sbt nnts +sbt ps' '+ssrct +sbt u' '+sct L0:L1c1 +stbt tnnps'; do
  echo "$flags: $(erl $flags -noshell -eval 'io:format("~w ~w~n", [erlang:system_info(scheduler_bind_type), erlang:system_info({cpu_topology, detected})]), halt().' 2>&1 | head -n 1)"
done
