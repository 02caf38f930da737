# SPDX-License-Identifier: Apache-2.0
# needs: tmux
# seconds: 240
# replace: \s*\[jit\s*(:ns)?\] => 
# replace: <0\.\d+\.\d+> => PID
# replace: (?m) +$ => 
# The shell in a real terminal: editing, history, completion, wrapping, wide characters, job control, the terminal's modes afterwards.
. "$(dirname "$0")/support/terminal"
session() {
  open_terminal "$1"; start_erl
  type '1+2.' Enter
  type 'X = [1,2,3].' Enter
  type 'lists:map(fun(A) -> A*A end, X).' Enter
  type 'foo:zap().' Enter
  type '1/0.' Enter
  type '1+.' Enter
  type 'lists:rev' Tab; type '"åäö€日本").' Enter
  type Up; type C-a; type 'length('; type C-e; type BSpace; type ').' Enter
  type 'lists:duplicate(40, abcdefgh).' Enter
  type '"a very long line that is to wrap around the end of the screen because it has more than a hundred characters".'
  type Left Left Left Left Left Left Left Left BSpace BSpace XYZ; type C-a C-k; type C-y Enter
  type 'lists:' Tab; type C-u
  type 'io:get_line("name> ").' Enter; type 'bob' Enter
  type '{io:columns(), io:rows()}.' Enter
  type 'abc' C-a C-d C-t Enter '.' Enter
  type C-g; type 'h' Enter; type 's' Enter; type 'j' Enter; type 'c 2' Enter; type 'self().' Enter
  type 'q().' Enter; sleep 1
  type 'stty -a | tr " " "\n" | grep -x -e "-*icanon;*" -e "-*echo;*" -e "-*opost;*"' Enter
  screen; close_terminal
}
session 100
session 30
