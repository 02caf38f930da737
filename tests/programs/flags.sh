# SPDX-License-Identifier: Apache-2.0
# needs: erl
# replace: \S*/beam\.smp => beam.smp
# replace: (?m)^\(no logger present\).*\n =>
# replace: (?m)^/\S*/bin$ => BIN
# replace: \s*\[jit(:ns)?\] => 
# Wrong and right flags of the emulator: the complaint and the status. The list of flags that follows some complaints is each emulator's own.
try() {
  echo "--- $*"
  erl "$@" -noshell -s init stop < /dev/null > out 2>&1
  status=$?
  head -n 1 out
  echo "status $status"
}
for flag in -Zq -zzz '-P x' '-P 10' '-P 999999999999' '-Q 1' '-t 3' '-e x' '-S 0' '-S 3:9' '-S x' '-S 2000' '-SP 50' '-SP x' '-SDcpu 0' '-SDcpu 5:9' '-SDio 0' '-SDio 9999' \
  '-A 5000' '-A x' '-a 1' '-sbt foo' '-sbwt x' '-swt x' '-swct z' '-scl x' '-sub x' '-sss x' '-stbt x' '-sfwi x' '-spp x' '-h 0' '-h x' '-hms' '-hmbs x' '-hpds 1' '-hmax -1' \
  '-hmaxk x' '-hmqd x' '-hq 1' '-K x' '-C x' '-c x' '-W q' '-fnx' '-zdbbl 0' '-zdntgc 0' '-zerts' '-MBas xx' '-MBq 1' '-Mx' '-MMscs x' '-IOt 0' '-IOp 0' '-pc x' '-rg x' \
  '-JPperf x' '-R x' '-T 99' '-Bx' '-d' '-v' '-ln' '-xx'; do
  # shellcheck disable=SC2086
  try "+${flag#-}"
done
for flag in '+S 1' '+S 2:1' '+P 4096' '+t 100000' '+sbt u' '+sbwt none' '+A 4' '+K true' '+W i' '+fnu' '+hms 1000' '+hmqd off_heap' '+C no_time_warp' '+zdbbl 10' '+MBas aoff' '+Mea min' '+pc unicode' '+SDio 3' '+Bi' '+IOp 1' '+IOPp 50' '+IOs true' '+IOp 0' '+IOPt 101' '+IOs x'; do
  # shellcheck disable=SC2086
  set -- $flag
  try "$@"
done
for value in -noshell -x - + 5x +5 -0; do
  erl +MBlmbcs "$value" -noshell -s init stop < /dev/null > out 2>&1
  status=$?
  head -n 1 out
  echo "+MBlmbcs $value: status $status"
done
show() { erl "$@" -noshell -eval 'io:format("~p~n", [[erlang:system_info(I) || I <- [process_limit, port_limit, ets_limit]]]), halt().' 2>&1; }
for number in 1024 1025 5000 67108864 67108865 134217727; do echo "$number: $(show +P "$number" +Q "$number")"; done
show +P legacy +Q legacy
for number in 0 8192 8193 100000; do echo "+e $number: $(show +e "$number") $(ERL_MAX_ETS_TABLES=$number show)"; done
for number in x 1 5000 200000000; do echo "ERL_MAX_PORTS $number: $(ERL_MAX_PORTS=$number show)"; done
for kill in true false; do
  erl +hmax 2000000 +hmaxk $kill +hmaxel false -noshell -eval 'io:format("~0p~n", [erlang:system_info(max_heap_size)]), {_, M} = spawn_monitor(fun() -> L = lists:seq(1, 3000000), erlang:garbage_collect(), exit({living, length(L)}) end), receive {_, M, _, _, Why} -> io:format("~p~n", [Why]) end, halt().'
done
erl +V; echo "status $?"
erl -version; echo "status $?"
ROOTDIR=/nonexistent erl -boot /nonexistent/start -noshell -s init stop 2>&1 | grep -v '^(no logger' | head -n 1; rm -f erl_crash.dump
printf '\203h\003w\006scriptw\001aw\001b' > foreign.boot; erl -boot ./foreign -noshell 2>&1 | grep '^{"init term'; rm -f erl_crash.dump
erl -noshell -args_file nothing; echo "status $?"
printf -- '-noshell\n-eval halt(3).\n' > args; erl -args_file args; echo "status $?"
ERL_FLAGS='+S 1' ERL_AFLAGS='-noshell' ERL_ZFLAGS='-eval io:format(\"~p~n\",[erlang:system_info(schedulers)]),halt().' erl; echo "status $?"
erl -emu_args_exit +S 1 -noshell -extra a b; echo "status $?"
erl -noshell -config nothing; echo "status $?"; rm -f erl_crash.dump
erl -noshell -mode wrong -s init stop; echo "status $?"
erl -noshell -kernel x -s init stop 2>&1 | grep -v '^(no logger' | grep -v '^(no logger' | head -n 1; rm -f erl_crash.dump
erl -noshell -s nonexisting 2>&1 | grep -v '^(no logger' | head -n 1; rm -f erl_crash.dump
erl -noshell -run lists nothing_here 2>&1 | grep -v '^(no logger' | head -n 1; rm -f erl_crash.dump
erl -noshell -eval 'foo(' 2>&1 | grep -v '^(no logger' | head -n 1; rm -f erl_crash.dump
