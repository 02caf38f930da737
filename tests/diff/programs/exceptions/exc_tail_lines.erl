%% SPDX-License-Identifier: Apache-2.0
%% Lines that a trace tells for a tail call without a line of its own, after one whose line nobody needs.
-module(exc_tail_lines).
-export([cases/0, pick/3]).

cases() ->
    [{{pick, A, B, C}, fun() -> diff_lib:trace(fun() -> ?MODULE:pick(A, B, C) end) end} || {A, B, C} <- [{[1], x, y}, {[2], [b], y}, {[3], x, 1}, {[4], [2, 1], 1}]].

%% throw/1 has the line of lists:sort/1, so the compiler does not tell it again; what the trace says comes from further before.
pick(A, B, C) ->
    V = list_to_binary(A),
    W = <<V/binary,
          (byte_size(V))>>,
    X = throw(if not is_atom(C) -> W; not is_atom(B) -> B; true -> lists:sort(B) end),
    {V, X}.
