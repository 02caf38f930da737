%% SPDX-License-Identifier: Apache-2.0
%%
%% Types of single built-ins (type/1), and arguments that depend on each other (together/1).
-module(bi_args).
-export([type/1, together/1]).

-import(bi_gen, [r/1, pick/1, chance/1]).

t(T) -> bi_gen:type(T).

%% ---- types of one built-in -------------------------------------------------------------------------
type(float_options) ->
    option_list([{decimals, pick({0, 1, 2, 3, 4, 10, 17, 20, 100, 249, 250, 253, 254, -1, a})}, {scientific, pick({0, 1, 2, 6, 17, 20, 100, 249, 250, -1, a})}, compact, short, x, {decimals, r(20)}]);
type(t2b_options) ->
    option_list([compressed, {compressed, pick({0, 1, 6, 9, 10, -1, a})}, {minor_version, pick({0, 1, 2, 3, -1})}, deterministic, x, {minor_version, 2}]);
type(t2iov_options) -> t(t2b_options);
type(b2t_options) -> option_list([safe, used, used, x]);
type(regex) ->
    case r(12) of
        0 -> t({as_binary, regex_text});
        1 -> t(chardata);
        2 -> pick(["(", ")", "[", "a{2,1}", "*", "a**", "(?<n>a)(?<n>b)", "\\", "(?P<x>a)\\g{x}", "[[:foo:]]", "(?<=a+)b", "\\x{110000}", "(?z)", "[b-a]", "(?(9)a)", "\\8", "(?C256)", "\\p{Foo}", "(*FOO)a", "a{65536}", "(?<1a>b)"]);
        _ -> t(regex_text)
    end;
type(regex_text) -> regex(3);
type(subject) ->
    case r(8) of
        0 -> t(iodata);
        1 -> t(utf8);
        2 -> "";
        _ -> L = [pick("aaabbcAB 01\n\r_-x") || _ <- lists:seq(1, r(30))], case r(2) of 0 -> L; 1 -> list_to_binary(L) end
    end;
type(compile_options) ->
    option_list([unicode, caseless, anchored, dollar_endonly, dotall, extended, firstline, multiline, no_auto_capture, dupnames, ungreedy, {newline, pick({cr, lf, crlf, anycrlf, any, nul, x})}, bsr_anycrlf, bsr_unicode, no_start_optimize, ucp, never_utf, x]);
type(run_options) ->
    option_list([global, caseless, {offset, pick({0, 0, -1, a})}, notbol, noteol, notempty, notempty_atstart, anchored, report_errors, {newline, pick({cr, lf, crlf, anycrlf, any})}, dotall, multiline,
                 {match_limit, pick({100000, 1000000, -1})}, {match_limit_recursion, pick({1000, 100000, -1})}, unicode, ungreedy, extended,
                 {capture, pick({all, first, none, all_but_first, all_names, [0, 1], [1], ["n"], [n, 2], [99], [], x})}, {capture, pick({all, first, all_but_first, [0], all_names, [2, 1, 0]}), pick({index, list, binary, x})}, x]);
type(compiled_or_regex) ->
    case r(3) of
        0 ->
            try re:compile(t(regex), t(compile_options)) of
                {ok, C} -> C;
                {error, _} -> t(regex)
            catch _:_ -> t(regex)
            end;
        _ -> t(regex)
    end;
type(needle) -> << <<(pick("aabc"))>> || _ <- lists:seq(1, pick({0, 1, 1, 2, 2, 3, 5})) >>;
type(pattern) ->
    case r(8) of
        0 -> [];
        1 -> [t(needle) | t(any)];
        2 -> t(bits);
        3 -> try binary:compile_pattern(t(pattern)) catch _:_ -> t(needle) end;
        4 -> [t(needle) || _ <- lists:seq(1, r(5))];
        5 -> [t(needle) || _ <- lists:seq(1, r(12))];
        _ -> t(needle)
    end;
type(haystack) -> t(pick([{val, << <<(pick("aabbcd"))>> || _ <- lists:seq(1, r(60)) >>}, {val, << <<(pick("aabbcd"))>> || _ <- lists:seq(1, r(60)) >>}, binary, {val, binary:copy(<<"ab">>, r(100))}, bits]));
type(match_options) -> option_list([{scope, {r(12), pick({r(20), -r(10), 0, r(60)})}}, {scope, {pick({-1, a, 1 bsl 64, 5}), pick({1, a, -1, 1 bsl 64})}}, x]);
type(split_options) -> option_list([global, trim, trim_all, {scope, {r(12), pick({r(20), -r(10), 0, r(60)})}}, global, x]);
type(endian) -> pick({big, little, little, big, native, x});
type(packet_type) -> pick({raw, 0, 1, 2, 4, asn1, sunrm, cdr, fcgi, tpkt, line, http, httph, http_bin, httph_bin, ssl_tls, mqtt, 3, x});
type(packet) ->
    case r(6) of
        0 -> t(binary);
        1 -> list_to_binary([pick([<<"GET / HTTP/1.1">>, <<"POST http://a.b:80/c?d HTTP/1.0">>, <<"HTTP/1.1 200 OK">>, <<"HTTP/1.0 404">>, <<"OPTIONS * HTTP/1.1">>, <<"FOO bar HTTP/9.9">>, <<"GET  / HTTP/1.1">>, <<"GET / ">>, <<"GET">>, <<"CONNECT a:1 HTTP/1.1">>, <<"GET https://x/y HTTP/1.1">>, <<"GET s:z HTTP/1.1">>]), pick([<<"\r\n">>, <<"\n">>, <<>>, <<"\r\n\r\n">>]), t(binary)]);
        2 -> list_to_binary([pick([<<"Host: a.b">>, <<"content-length:5">>, <<"X-foo-BAR:  baz ">>, <<"A">>, <<"Accept:\r\n x">>, <<": y">>, <<>>, <<"x-very-very-very-long-header-name: 1">>]), pick([<<"\r\n">>, <<"\n">>, <<>>, <<"\r\nB: c\r\n">>, <<"\r\n\tfolded\r\n\r\n">>])]);
        3 -> <<(r(4)), (r(4)), (r(4)), (r(20)), (t(binary))/binary>>;
        4 -> <<(r(256)), (pick({0, 1, 3})), (r(3)), (r(30)), (r(9)), (t(binary))/binary>>;
        5 -> <<(t(ascii))/binary, "\n", (t(ascii))/binary, "\r\n", (t(binary))/binary>>
    end;
type(packet_options) -> option_list([{packet_size, pick({0, 1, 3, 5, 10, 100, 1 bsl 26, 1 bsl 32, -1, a})}, {line_length, pick({0, 1, 3, 5, 100, -1, a})}, {line_delimiter, pick({$a, $\n, 0, 255, 256, a})}, x]);
type(date) -> {pick({1970, 1969, 2000, 2024, 2023, 1900, 0, 2038, 9999, 1800, -1, a}), pick({1, 2, 6, 12, 0, 13}), pick({1, 15, 28, 29, 30, 31, 0, 32})};
type(time) -> {pick({0, 1, 2, 3, 12, 23, 24, -1}), pick({0, 30, 59, 60}), pick({0, 1, 59, 60, a})};
type(datetime) -> {t(date), t(time)};
type(posix) -> pick({0, 1, -1, r(2000000000), -r(2000000000), 1 bsl 31, 1 bsl 32, -(1 bsl 31), 253402300799, 253402300800, -62135596800, -62167219200, 1 bsl 40, 1 bsl 55, -(1 bsl 55), 1 bsl 64});
%% What fills the rest of a context on stock is whatever was in memory; contexts in use are in sequence/md5.
type(no_md5_context) -> t(pick([binary, any, {val, <<0:(87 * 8)>>}, {val, <<0:(89 * 8)>>}]));
type(crc) -> pick({0, 1, r(1 bsl 30), (1 bsl 32) - 1, 1 bsl 32, -1, 1 bsl 64});
type(pid_text) -> pick(["<0.0.0>", "<0.1.0>", "<0.1.2>", "<1.2.3>", "<0.1>", "<0.a.0>", "<>", "0.1.2", "<0.1.2", "<0.1.2>x", "<0.268435455.8191>", "<0.268435456.0>", "<0.0.8192>", "<0.4294967296.1>", "<-1.0.0>", "< 0.0.0>"]);
type(port_text) -> pick(["#Port<0.0>", "#Port<0.1>", "#Port<0>", "#Port<0.a>", "Port<0.1>", "#Port<0.1", "#Port<1.2>", "#Port<0.99999999999999999999>", "#port<0.0>"]);
type(ref_text) -> pick(["#Ref<0.0.0.0>", "#Ref<0.1.2.3>", "#Ref<0.1.2>", "#Ref<0.1>", "#Ref<0.262144.1.1>", "#Ref<0.1.4294967296.1>", "#Ref<1.2.3.4>", "#Ref<0.a.b.c>", "#Ref<>", "Ref<0.1.2.3>", "#Ref<0.1.2.3.4>", "#Ref<0.1.2.3.4.5>"]);
type(existing) -> pick([a, lists, 'no such atom yet', ok]);
type(atom_text) -> pick(["a", "abc", "", "hello world", "lists", [229, 228], [937], [16#1F600], [256 | a], [-1], lists:duplicate(255, $q), lists:duplicate(256, $q), [16#D800], [16#110000], "undefined", lists:duplicate(255, 937)]);
type(name) -> t(pick([string, chars, latin1, utf8, badutf8, binary, atom, chardata]));
%% Never a pid, port, reference, fun or name.
type(nobody) -> pick({1, 1.0, [], <<>>, #{}, {}, "x", [a | b], 1 bsl 64, <<1:1>>, {a, b}, {a, b, c}});
type(noname) -> pick({1, 1.0, [], <<>>, "x", {}, undefined, 1 bsl 64});
type(notime) -> pick({-1, 1 bsl 64, a, 1.0, [], <<>>, 1 bsl 57});
type(nolist) -> pick({1, a, <<>>, {}, [a | b], [1 | 2]});
type(nothing) -> pick({x, [x], [a | b], "x", 1, {}, [{a, b}], [{}], [link | x], [{priority, x}], [{min_heap_size, -1}], [{monitor, x}], [{max_heap_size, x}], [{scheduler, -1}], [{reply, x}], [{message_queue_data, x}], [{fullsweep_after, -1}]});
type(system_key) ->
    pick({arch, atom_limit_x, build_type, c_compiler_used_x, check_io_x, compat_rel, debug_compiled, dirty_cpu_schedulers_x, dist_buf_busy_limit, driver_version, dynamic_trace, emu_flavor_x, end_time, ets_limit, endian, fullsweep_after, heap_type, info_x, kernel_poll,
          lock_checking, machine, max_heap_size, message_queue_data, min_bin_vheap_size, min_heap_size, modified_timing_level, nif_version_x, otp_release, start_time_x, system_logger, threads, tolerant_timeofday, trace_control_word, version_x, wordsize, {wordsize, internal}, {wordsize, external}, {wordsize, x},
          smp_support, thread_pool_size, delayed_node_table_gc, creation, process_limit, port_limit, atom_limit, schedulers_online_x, scheduler_bind_type, os_monotonic_time_source_x, time_correction, time_warp_mode, {foo}, foo, "x", eager_check_io, cpu_topology_x, allocator_x, {cpu_topology, x}, multi_scheduling, multi_scheduling_blockers, normal_multi_scheduling_blockers, logical_processors_x, scheduler_id_x, scheduler_bindings_x, update_cpu_info_x, garbage_collection, {error_checker, x}, error_checker, {purify, x}}).

%% A few of these, in any order; seldom with an improper tail.
option_list(Options) ->
    L = [pick(Options) || _ <- lists:seq(1, pick({0, 0, 1, 1, 1, 2, 2, 3, 4}))],
    case r(25) of
        0 -> L ++ pick({a, 1});
        1 -> pick({a, 1, {}, <<>>});
        2 -> L ++ [t(any)];
        _ -> lists:usort(L)
    end.

regex(0) -> pick(["a", "b", "ab", ".", "\\w", "\\d", "[ab]", "[^a]", "^", "$", "\\b", "", "A", "\\s", "x*", "a+", "b?", "\\1", "[[:alpha:]]", "\\R", "\\x61", "\\x{e5}", "[a-c]", "a{2}", "a{1,2}?", "\\Q.\\E", "\\N", "\\h", "\\K", "\\A", "\\z", "\\Z", "\\G", "\\X", "\\p{L}", "(?i)a"]);
regex(Depth) ->
    case r(11) of
        0 -> regex(Depth - 1) ++ regex(Depth - 1);
        1 -> regex(Depth - 1) ++ regex(Depth - 1);
        2 -> "(" ++ regex(Depth - 1) ++ ")";
        3 -> "(" ++ regex(Depth - 1) ++ "|" ++ regex(Depth - 1) ++ ")";
        4 -> "(?:" ++ regex(Depth - 1) ++ ")" ++ pick({"*", "+", "?", "{2}", "{0,1}", "*?", "++", "{1,}"});
        5 -> pick({"(?=", "(?!", "(?<=", "(?<!", "(?>"}) ++ regex(0) ++ ")" ++ regex(Depth - 1);
        6 -> "(?<n>" ++ regex(Depth - 1) ++ ")" ++ regex(Depth - 1);
        7 -> regex(Depth - 1) ++ "|" ++ regex(Depth - 1);
        8 -> "(" ++ regex(Depth - 1) ++ ")\\1";
        9 -> "(a)?(?(1)" ++ regex(0) ++ "|" ++ regex(0) ++ ")";
        10 -> regex(0)
    end.

%% ---- arguments that depend on each other ------------------------------------------------------------
together(part) ->
    B = t(pick([binary, bits, haystack])),
    Size = max(1, byte_size(B)),
    {B, pick({r(Size + 1), 0, Size, -1, r(Size)}), pick({r(Size + 1), -r(Size + 1), 0, 1, -1, 1 bsl 64})};
together(binary_part_2) -> {B, P, L} = together(part), [B, {P, L}];
together(binary_part_3) -> {B, P, L} = together(part), [B, P, L];
together(binary_at) -> {B, P, _} = together(part), [B, P];
together(binary_to_list_3) -> {B, P, L} = together(part), [B, P, P + L];
together(subtract) ->
    Max = pick({5, 20, 60, 300}),
    L = [pick({r(30), r(30) * 1.0, r(5)}) || _ <- lists:seq(1, Max)],
    [L, [pick({r(40), r(40) * 1.0}) || _ <- lists:seq(1, r(Max))] ++ pick({[], [], [], a})];
together(member) ->
    L = t(pick([smalls, list, {list, flat}])),
    [case chance(60) of true when is_list(L), L =/= [], is_list(tl(L)) -> pick([X || X <- [hd(L), 1, 1.0, a]]); _ -> t(flat) end, L];
together(map_key) ->
    M = t(pick([map, map, bigmap])),
    [case chance(70) of true when map_size(M) > 0 -> pick(lists:sublist(lists:sort(maps:keys(M)), 40)); _ -> t(pick([key, mapkey])) end, M];
together(map_put) -> [K, M] = together(map_key), [K, t(flat), M];
together(merge) -> T = pick({map, bigmap}), [t(T), t(pick({T, map}))];
together(compare) ->
    A = t(any),
    B = case r(5) of
            0 -> A;
            1 when is_integer(A), abs(A) < 1 bsl 1000 -> float(A);
            2 when is_float(A) -> trunc(A);
            3 -> A2 = t(number), A2;
            _ -> t(any)
        end,
    case r(3) of 0 -> [t(number), t(number)]; _ -> [A, B] end;
together(compare_big) ->
    M1 = t(bigmap), [M1, pick({M1, t(bigmap), maps:put(1, x, M1)})];
together(cmp) -> case r(6) of 0 -> together(compare_big); _ -> together(compare) end;
together(record) -> [case r(3) of 0 -> t(tuple); _ -> {pick({a, b}), 1} end, pick({a, b, a, 1})];
together(record_3) -> together(record) ++ [pick({2, 2, 1, 3, -1, 1 bsl 64})];
together(make_tuple_3) -> [pick({0, 1, 3, 5, 10}), t(flat), [pick({{1 + r(10), x}, {1 + r(3), y}, {1, z}, {0, z}, {a}, b}) || _ <- lists:seq(1, r(4))] ++ pick({[], [], [], a})];
together(crc_combine) -> A = t(binary), B = t(binary), [erlang:crc32(A), erlang:crc32(B), pick({byte_size(B), 0, 1000000, 1 bsl 31})];
together(adler_combine) -> A = t(binary), B = t(binary), [erlang:adler32(A), erlang:adler32(B), pick({byte_size(B), 0, 1000000, 1 bsl 31})];
together(insert) -> T = t(tuple), [pick({1, 1 + r(tuple_size(T) + 2), tuple_size(T) + 1}), T, t(flat)];
together(fmod) -> [t(number), t(pick([number, small]))];
together(power) -> [t(pick([number, small])), t(pick([number, small]))];
together(integer_pair) -> [int_of(), int_of()];
together(huge_pair) -> [huge(), huge()];
%% An offset behind the end would end the process on stock, whatever it catches.
together(run) ->
    S = t(subject),
    O = t(run_options),
    Offset = {offset, r(try iolist_size(S) catch _:_ -> 0 end + 1)},
    [S, t(compiled_or_regex), case r(3) of 0 when is_list(O) -> [Offset | O]; _ -> O end];
together(prefix) ->
    P = t(binary),
    [[<<P/binary, (t(binary))/binary>> || _ <- lists:seq(1, pick({1, 1, 2, 3, 5, 0}))] ++ pick({[], [], [], [a], b})];
together(suffix) ->
    P = t(binary),
    [[<<(t(binary))/binary, P/binary>> || _ <- lists:seq(1, pick({1, 1, 2, 3, 5, 0}))] ++ pick({[], [], [], [a], b})].

int_of() -> case r(3) of 0 -> t(small); _ -> t(int) end.

huge() -> lists:foldl(fun(_, Acc) -> (Acc bsl 3000) + t(big) end, t(int), lists:seq(1, r(12))).
