# SPDX-License-Identifier: Apache-2.0
# needs: tmux
# seconds: 240
# replace: \s*\[jit\s*(:ns)?\] => 
# replace: (?m) +$ => 
# What ^C does: the menu, +Bc, +Bi, +Bd.
. "$(dirname "$0")/support/terminal"
open_terminal 100
start_erl
type '1.' Enter; type C-c; type h Enter; type c Enter; type '2.' Enter; type C-c; type v Enter; type '3.' Enter
type C-z; type fg Enter; type '4.' Enter; type C-c; type a Enter; type 'echo status $?' Enter
start_erl +Bc; type '1+' C-c; type '2.' Enter; type 'q().' Enter; sleep 1
start_erl +Bi; type '1+' C-c '2.' Enter; type 'q().' Enter; sleep 1
start_erl +Bd; type C-c; type 'echo status $?' Enter
start_erl; type C-c; type C-c; type 'echo status $?' Enter
screen; close_terminal
