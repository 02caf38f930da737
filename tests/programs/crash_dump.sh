# SPDX-License-Identifier: Apache-2.0
# needs: erl
# When crash dumps are written, under which name, with which first lines and sections; statuses of halt.
run() { erl -noshell -eval "$1"; echo "status $?"; }
run 'register(some_name, self()), halt("my slogan").'
sed -n -e 1p -e 3p erl_crash.dump
grep -A 1 -x -e 'Name: init' erl_crash.dump
grep -c -x -e 'Name: some_name' -e 'State: Running' erl_crash.dump
grep -x -e '=memory' -e "=node:'nonode@nohost'" -e '=no_distribution' -e '=loaded_modules' -e '=mod:lists' -e '=atoms' -e '=end' erl_crash.dump
rm erl_crash.dump
ERL_CRASH_DUMP=other.dump run 'halt("elsewhere").'; ls
ERL_CRASH_DUMP_SECONDS=0 run 'halt("none").'; ls
run 'halt(3).'
run 'halt("no newline at the end", [{flush, false}]).' | cut -c 1-60; rm -f erl_crash.dump
run 'erlang:halt(abort).' 2>&1 | sed -e 's/.*Aborted.*/Aborted/'
run 'spawn(fun() -> exit(whereis(init), kill) end), timer:sleep(5000).'
erl -noshell -eval 'os:cmd("kill -USR1 " ++ os:getpid()), timer:sleep(5000).'; echo "status $?"; sed -n 3p erl_crash.dump
ls
