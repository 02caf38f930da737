%% SPDX-License-Identifier: Apache-2.0
%% erlang:decode_packet/3 in all its formats.
-module(text_packet).
-export([cases/0]).

cases() ->
    [{{T, B}, fun() -> erlang:decode_packet(T, B, []) end} || T <- types(), B <- inputs()] ++
        [{{T, B}, fun() -> erlang:decode_packet(T, B, []) end} || T <- [http, http_bin, httph, httph_bin], B <- http()] ++
        [{{line, B, O}, fun() -> erlang:decode_packet(line, B, O) end} || B <- [<<"abcdef\nx">>, <<"abcdef">>], O <- line_options()] ++
        [{{T, O}, fun() -> erlang:decode_packet(T, <<0, 5, 1, 2, 3, 4, 5, 6>>, O) end} || T <- types(), O <- [[{packet_size, 4}], [{packet_size, 5}], [{line_delimiter, $c}], [{line_length, 3}], foo, [foo], [{packet_size, -1}]]] ++
        [{{T, O, limit}, fun() -> erlang:decode_packet(T, <<"GET /abcdefgh HTTP/1.1\r\nx">>, O) end} || T <- [http, httph], O <- [[{packet_size, 10}], [{packet_size, 24}], [{packet_size, 25}], [{line_length, 10}]]] ++
        [{{rest, 2}, fun() -> <<_:3, X/bits>> = <<0:3, 0, 1, 7, 8, 2:5>>, erlang:decode_packet(2, X, []) end},
         {{long, http_bin}, fun() -> erlang:decode_packet(http_bin, <<"GET /", (binary:copy(<<"x">>, 100))/binary, " HTTP/1.1\r\n">>, []) end},
         {argument, fun() -> erlang:decode_packet(2, foo, []) end}, {list, fun() -> erlang:decode_packet(2, <<>>, [foo | bar]) end}].

types() -> [raw, 0, 1, 2, 4, asn1, sunrm, cdr, fcgi, line, tpkt, http, httph, http_bin, httph_bin, ssl_tls, foo, 3].

line_options() ->
    [[{line_length, 3}], [{packet_size, 3}], [{packet_size, 7}], [{line_delimiter, $c}], [{line_length, 6}], [{line_length, 7}], [{packet_size, 6}], [{line_length, -1}], [{line_length, 1 bsl 32}], [foo], foo, [{line_delimiter, 256}]].

inputs() ->
    [<<>>, <<0>>, <<1>>, <<1, 2>>, <<0, 1, 7, 8>>, <<0, 0, 0, 1, 7, 8>>, <<3, 0, 0, 7, 1, 2, 3, 9>>, <<3, 0, 0, 2, 1, 2>>, <<"GIOP", 1, 0, 0, 0, 0, 0, 0, 2, 1, 2, 3>>, <<"GIOP", 1, 0, 1, 0, 2, 0, 0, 0, 1, 2, 3>>,
     <<1, 1, 0, 1, 0, 2, 1, 0, 7, 8, 9, 10>>, <<"abc\ndef">>, <<"abc">>, <<"\n">>, <<"\r\n">>, <<"a: b\r\n c\r\nd">>, <<255, 255, 255, 255, 1>>, <<127, 255, 255, 255, 1>>, <<127, 255, 255, 0, 1>>, <<16#30, 3, 1, 2, 3, 4>>,
     <<16#3f, 16#81, 1, 2, 1, 2, 3>>, <<16#30, 16#82, 0, 1, 5, 6>>, <<16#30, 16#80, 5>>, <<16#30, 16#85, 1, 1, 1, 1, 1, 1>>, <<22, 3, 1, 0, 2, 1, 2, 3>>, <<16#80, 4, 1, 3, 1, 9, 9, 9>>, <<16#80, 2, 1, 3, 1>>, <<1:1>>, <<2, 1, 2, 3, 5:3>>].

http() ->
    [<<"GET / HTTP/1.1\r\nHost: x\r\n\r\n">>, <<"FOO * HTTP/1.0\r\n">>, <<"PUT http://a.b:80/c?d HTTP/1.1\r\n">>, <<"PUT http://a.b HTTP/1.1\n">>, <<"PUT HTTPS://a.b:x/y HTTP/1.1\n">>, <<"PUT http://a.b:0/y HTTP/1.1\n">>, <<"PUT ftp:zz HTTP/1.1\n">>,
     <<"PUT zz HTTP/1.1\n">>, <<"PUT zz\n">>, <<"PUT z\n">>, <<"PUT\n">>, <<"PUT zz HTTP\n">>, <<"PUT zz HTTP/1\n">>, <<"G@T / HTTP/1.1\n">>, <<"HTTP/1.1 200 OK\r\n">>, <<"HTTP/1.1 200\r\n">>, <<"HTTP/1.1\r\n">>, <<"HTTP/1.x 200 OK\r\n">>, <<"HTTP/1.1 200OK\r\n">>,
     <<"content-TYPE: text/html\r\nx">>, <<"x-foo-BAR:   baz  \r\nx">>, <<"nocolon\r\nx">>, <<"Host: a\r\n b\r\nx">>, <<"Host: a\r\n">>, <<"\r\nx">>, <<": x\r\nx">>, <<"averyveryveryveryveryveryveryveryveryverylongheaderNAMEthatislong: x\r\ny">>,
     <<"Connection:\r\nx">>, <<"Www-authenticate:  a\nx">>, <<"COOKIE2: a\nx">>, <<"set-cookie2: a\nx">>].
