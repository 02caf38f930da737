%% SPDX-License-Identifier: Apache-2.0
%% Functions that native code may replace, called where none has.
-module(code_nifs).
-nifs([stub/1, works/2]).
-export([cases/0, stub/1, works/2]).

cases() ->
    [{stub, fun() -> stub(1) end}, {works, fun() -> works(1, 2) end}, {apply, fun() -> apply(?MODULE, stub, [x]) end}, {as_fun, fun() -> (fun ?MODULE:works/2)(a, b) end},
     {load_missing, fun() -> {error, {R, T}} = erlang:load_nif("/no/such/library", 0), {R, is_list(T)} end}, {load_bad, fun() -> erlang:load_nif(diff_lib:id(a), 0) end},
     {nif_error, fun() -> erlang:nif_error(diff_lib:id(reason)) end}, {nif_error_2, fun() -> erlang:nif_error(reason, [1, 2]) end}, {nifs, fun() -> lists:sort(?MODULE:module_info(nifs)) end}].

stub(_) -> erlang:nif_error(not_loaded).

works(X, Y) -> {erlang, X, Y}.
