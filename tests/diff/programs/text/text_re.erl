%% SPDX-License-Identifier: Apache-2.0
%% Regular expressions: matching, what is captured, options, errors of sources.
-module(text_re).
-export([cases/0]).

cases() ->
    [{{run, N}, fun() -> re:run(S, R, O) end} || {N, {S, R, O}} <- numbered(runs())] ++
        [{{compiled, N}, fun() -> compiled(S, R, O) end} || {N, {S, R, O}} <- numbered(runs())] ++
        [{{source, R, O}, fun() -> source(R, O) end} || R <- sources(), O <- [[], [unicode], [extended], [dupnames]]] ++
        [{{names, R}, fun() -> names(R) end} || R <- ["", "a", "(?<b>x)(?<a>y)", "(?P<n>a)|(?'m'b)", "(?<a>x)|(?<b>(?<c>y))"]] ++
        [{{class, C}, fun() -> [X || X <- lists:seq(0, 255), re:run([X], C, [{capture, none}]) =:= match] end}
         || C <- ["\\s", "\\w", "\\d", "\\h", "\\v", "\\R", "\\N", "." | ["[[:" ++ N ++ ":]]" || N <- ["alpha", "lower", "upper", "alnum", "ascii", "blank", "cntrl", "graph", "print", "punct", "space", "word", "xdigit"]]]] ++
        [{{caseless, C}, fun() -> [X || X <- lists:seq(0, 255), re:run([X], [$\\, $x, ${ | integer_to_list(C, 16)] ++ "}", [caseless, {capture, none}]) =:= match] end} || C <- [$a, $Z, 16#b5, 16#c0, 16#df, 16#ff, 16#d7, 16#e9]] ++
        [{{newline, N, R}, fun() -> [re:run(S, R, [global, {newline, N}]) || S <- ["a\nb", "a\rb", "a\r\nb", "a\vb", "\n\n", "\r\n\r\n"]] end} || N <- [cr, lf, crlf, any, anycrlf], R <- ["(?m)^.", "(?m).$", ".$", "a.b", "\\R", "(?m)^", "$"]] ++
        [{{line_end, B}, fun() -> [re:run(S, "a\\Rb", [B]) || S <- ["a\nb", "a\rb", "a\r\nb", "a\vb", "a\x{85}b"]] end} || B <- [bsr_anycrlf, bsr_unicode]] ++
        [{{split, N}, fun() -> re:split(S, R, O) end} || {N, {S, R, O}} <- numbered(splits())] ++
        [{{replace, N}, fun() -> re:replace(S, R, W, O) end} || {N, {S, R, W, O}} <- numbered(replacements())] ++
        [{{bad, N}, F} || {N, F} <- numbered(bad())].

numbered(L) -> lists:zip(lists:seq(1, length(L)), L).

compiled(S, R, O0) ->
    {Compile, Run} = lists:partition(fun is_compile_option/1, O0),
    {ok, P} = re:compile(R, Compile),
    {try re:run(S, P, Run) catch error:R2 -> R2 end, binary_to_term(term_to_binary(P)) =:= P, setelement(5, P, x)}.

catch_error(F) -> try F() catch error:R -> R end.

is_compile_option(O) ->
    lists:member(O, [unicode, caseless, dotall, multiline, extended, dupnames, ungreedy, no_auto_capture, firstline, dollar_endonly, ucp, no_start_optimize, never_utf, anchored]).

source(R, O) ->
    case re:compile(R, O) of
        {ok, P} -> {ok, setelement(5, P, x)};
        Error -> Error
    end.

names(R) ->
    {ok, P} = re:compile(R),
    re:inspect(P, namelist).

runs() ->
    [{"abc", "b", []}, {"abc", "x", []}, {<<"abc">>, <<"b">>, []}, {["a" | <<"bc">>], ["b", <<"c">>], []}, {"", "", []}, {"abc", "", [global]},
     {"aXbXc", "X", [global]}, {"hello world", "(o) (w)", []}, {"hello world", "(o) (w)", [{capture, all, list}]},
     {"hello world", "(o) (w)", [{capture, all, binary}]}, {"hello world", "(o) (w)", [{capture, all_but_first, list}]},
     {"hello world", "(o) (w)", [{capture, first, binary}]}, {"hello world", "(o) (w)", [{capture, none}]},
     {"hello world", "(o) (w)", [{capture, [], list}]}, {"hello world", "(o) (w)", [{capture, [2, 1, 0, 7], list}]},
     {"hello world", "(?<n>o) (?<m>w)", [{capture, [n, "m", <<"n">>, x], binary}]}, {"hello world", "(?<n>o) (?<m>w)", [{capture, all_names, list}]},
     {"hello world", "(o) (w)", [{capture, all_names, list}]}, {"hello world", "(?<n>o) (?<m>w)", [{capture, all_names, list}, global]},
     {"b", "(a)|(b)|(c)", []}, {"b", "(a)|(b)|(c)", [{capture, all, list}]}, {"b", "(a)|(b)|(c)", [{capture, [1, 2, 3], binary}]},
     {"abab", "(?<n>a)|(?<n>b)", [dupnames, {capture, [n], list}, global]}, {"ba", "(?<n>a)|(?<n>b)", [dupnames, {capture, all_names, index}]},
     {"ba", "(?<n>a)|(?<n>b)|(?<m>c)", [dupnames, {capture, [m, n, 0, n], index}]}, {binary:copy(<<"abcd">>, 40), "d(a)", [{capture, all, binary}, global]},
     {binary:copy(<<"abcd">>, 40), "(b)(?<x>c)$|d$", [{capture, all, binary}]}, {"abcabc", "b", [{offset, 2}]}, {"abc", "b", [{offset, 3}]}, {"abc", "^b", [{offset, 1}]},
     {"abc", "b", [anchored]}, {"abc", "b", [anchored, {offset, 1}]}, {"abc", "x*", [notempty]}, {"abc", "x*", [notempty_atstart]}, {"abc", "^a", [notbol]}, {"abc", "c$", [noteol]},
     {"ABC", "b", [caseless]}, {"a\nb", "a.b", [dotall]}, {"a\nb", "^b", [multiline]}, {"abc", "a b # c\n c", [extended]}, {"a\n", "a$", [dollar_endonly]},
     {"x\nab", "ab", [firstline]}, {"aaa", "a+", [ungreedy]}, {"aaa", "a+?", [ungreedy]}, {"abc", "(b)", [no_auto_capture]}, {"abc", "(*UTF8)b", []},
     {<<"åäö"/utf8>>, <<"ä"/utf8>>, [unicode]}, {[16#e5, 16#20ac, $b], "b", [unicode]}, {[16#20ac, $b], ".", [unicode, {capture, all, list}]}, {[16#20ac, $b], ".", [unicode, {capture, all, binary}]},
     {[16#20ac, $b], ".", [unicode, global, {capture, all, list}]}, {<<"ÅÄ"/utf8>>, <<"å"/utf8>>, [unicode, caseless]}, {<<"é1"/utf8>>, "\\w+", [unicode]}, {<<"é1"/utf8>>, "\\w+", [unicode, ucp]},
     {<<"a", 255>>, "a", [unicode]}, {<<"a", 255>>, "a", [unicode, global]}, {<<"å"/utf8>>, "a", [unicode, {offset, 1}]}, {<<"a">>, "\\p{Ll}", [unicode]}, {[16#e9, 16#c9], "\\w+", []},
     {lists:duplicate(40, $a), "(a+)*c", [report_errors]}, {lists:duplicate(40, $a) ++ "b", "(a+)*c", [report_errors, {match_limit, 5}]}, {lists:duplicate(40, $a) ++ "b", "(a+)*c", [{match_limit, 5}]},
     {"abc", "(?=a)(?!b)a(?<=a)(?<!x)b", []}, {"aXbYc", "(?i)x(?-i)b", []}, {"abcabc", "(abc)\\1", []}, {"((a))", "\\((?:[^()]|(?R))*\\)", []}, {"foobar", "foo\\Kbar", []}, {"aaab", "a++b", []},
     {"aaab", "(?>a+)ab", []}, {"abc", "(?(?=a)ab|cd)", []}, {"ab", "(?|(a)b|(c)d)", []}, {"xay", "\\x61", []}, {"a.b", "\\Qa.b\\E", []}, {"tab\there", "\\t", []}, {"aBc", "(?s-i:a.c)", []},
     {"a-z", "[\\d-z]+", []}, {"ij", "\\i\\j", []}, {"abc", [98, 0, 120], []}, {"aaa", "a{2}", [global]}, {"a{,3}", "a{,3}", []}, {"1.5 and 22", "[0-9]+(\\.[0-9]+)?", [global, {capture, all, list}]},
     {"one two", "(?<first>\\w+)\\s+(?<second>\\w+)", [{capture, [second, first], list}]}, {"\r\na", "^", [global, multiline, {newline, anycrlf}]}, {"foo1", "o([0-9]+)", [{capture, [1], list}]}, {[16#e5], "\\w", [unicode]}, {[16#e5, 16#400], "\\w+", [unicode]}, {[16#400], "\\w", [unicode]}, {[16#400], "\\w", [unicode, ucp]}, {"?", [$^, $\\, $c, 127], []}].

sources() ->
    ["", "a", "(", ")", "[", "[]", "[^]", "[a", "[z-a]", "*", "+a", "a**", "a{2,1}", "a{99999}", "(?", "(?z)", "(?<", "(?<n", "(?<n>", "(?<1>a)", "(?<n>a)(?<n>b)", "(?P", "(?Px)", "(?P=n)", "(?P>n)", "\\", "\\1", "(a)\\2", "\\8", "\\9",
     "\\g", "\\g{2}", "\\k", "\\k<n>", "\\c", "\\x{", "\\x{110000}", "\\x{d800}", "\\o", "\\o{", "\\o{9}", "\\N{name}", "\\L", "\\u", "\\p", "\\p{Foo}", "\\p{L", "(?<=a+)", "(?<=a|bc)", "(?<!a*)b", "(?(1)a|b|c)", "(a)(?(1)a|b|c)", "(?(2)a)", "(?(n)a)",
     "(?(", "(?(?a)", "(?#", "(?#c)", "(*FOO)", "(*ACCEPT)", "(*MARK)", "(?C256)", "(?C1", "(?1)", "(?&n)", "(?+1)", "(?-1)", "(?R", "[[:foo:]]", "[[.a.]]", "[:alpha:]", "[\\B]", "[\\d-z]", "[a-\\d]", "\\j", "[\\N]", "(?i", "(?i)a", "a|", "|", "()", "(?:)", "(?|a)", "x{0}",
     "(((((a)))))", "a#b", "(?x) a # b\n c", "\\Qa", "\\E", "[\\Q]\\E]", "(?J)(?<n>a)(?<n>b)", "(*UTF8)a", "(*CRLF)a$", "(*ANY)a", [255], [195], "\\C", "(?<=\\C)a", "\\X", "\\R+", "\\K", lists:duplicate(798, $() ++ lists:duplicate(798, $)), lists:duplicate(819, $()].

splits() ->
    [{S, R, O} || {S, R} <- [{"a,b;c", "[,;]"}, {"", ","}, {"abc", ""}, {"a,,b,", ","}, {"a1b22c", "([0-9])+"}], O <- [[{return, list}], [{return, binary}, trim], [{parts, 2}], [group, {return, list}], []]].

replacements() ->
    [{"hello", "l", "L", []}, {"hello", "l", "L", [global]}, {"hello", "l", "L", [global, {return, list}]}, {"hello", "(l)(l)", "\\2-\\1&\\\\&\\g{1}", [{return, binary}]}, {"abc", "x", "y", [{return, list}]}, {"abc", "", "-", [global, {return, list}]},
     {[16#20ac, $a], "a", [16#20ac], [unicode, {return, list}]}, {"aaa", "a", "b", [{return, binary}, {offset, 1}]}].

bad() ->
    [fun() -> re:run("abc", "(", []) end, fun() -> re:run("abc", "(", [report_errors]) end, fun() -> re:run("abc", [256], []) end, fun() -> re:run([256], "a", []) end, fun() -> re:run(a, "a") end,
     fun() -> re:run("a", a) end, fun() -> re:run("a", "a", a) end, fun() -> re:run("a", "a", [a]) end, fun() -> re:run("a", "a", [{offset, -1}]) end, fun() -> re:run("a", "a", [{offset, a}]) end,
     fun() -> re:run("a", "a", [{capture, a}]) end, fun() -> re:run("a", "a", [{capture, all, a}]) end, fun() -> re:run("a", "a", [{capture, [{}]}]) end, fun() -> re:run("a", "a", [{capture, [-1]}]) end,
     fun() -> re:run("a", {re_pattern, 0, 0, 0, <<"abcdefgh">>}) end, fun() -> re:run("a", {re_pattern, 0, 0, 0, x}) end, fun() -> re:run("a", {re_pattern, 0, 0}) end, fun() -> {ok, P} = re:compile("a"), catch_error(fun() -> re:run("a", P, [caseless]) end) end,
     fun() -> re:compile(a) end, fun() -> re:compile("a", a) end, fun() -> re:compile("a", [global]) end, fun() -> re:compile("a", [{capture, all}]) end, fun() -> re:compile([256], []) end, fun() -> re:compile("a", [{newline, x}]) end,
     fun() -> re:compile("a", [{newline, cr}, {newline, any}, {newline, lf}]) end, fun() -> re:compile(<<255>>, [unicode]) end, fun() -> re:compile("(*UTF8)a", [never_utf]) end, fun() -> re:inspect(x, namelist) end,
     fun() -> {ok, P} = re:compile("a"), catch_error(fun() -> re:inspect(P, x) end) end, fun() -> re:internal_run("a", "a", [], x) end, fun() -> re:internal_run("abc", "b", [], true) end, fun() -> re:split("a", "(") end, fun() -> re:replace("a", "(", "") end].
