%% SPDX-License-Identifier: Apache-2.0
%% What the headers of an installed OTP declare for native libraries stands in the emulator's dynamic symbol table: libraries are loaded
%% with every symbol bound at once, so that a single missing one keeps a whole library from loading.
-module(abi_t).
-export([test_symbols/0]).

%% Declared in erl_driver.h, of no use to libraries, and not in stock's table either.
-define(NOT_EXPORTED, []).

test_symbols() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    case file:read_file(filename:join(Include, "erl_nif_api_funcs.h")) of
        {ok, Natives} ->
            {ok, Drivers} = file:read_file(filename:join(Include, "erl_driver.h")),
            Declared = lists:usort(natives(Natives) ++ drivers(Drivers)),
            true = length(Declared) > 250,
            Exported = exported(),
            [] = [Name || Name <- Declared -- ?NOT_EXPORTED, not maps:is_key(Name, Exported)],
            %% Libraries without a libz of their own take the emulator's.
            [] = [Name || Name <- [<<"inflate">>, <<"deflate">>, <<"inflateInit2_">>], not provided(Name, Exported)],
            ok;
        {error, enoent} ->
            ok  % without the headers there is nothing to compare
    end.

%% ERL_NIF_API_FUNC_DECL(Type,Name,(Arguments))
natives(Header) -> captured(Header, "^ERL_NIF_API_FUNC_DECL\\([^,()]+,\\s*(\\w+)\\s*,").

%% EXTERN Type Name(Arguments)
drivers(Header) -> captured(Header, "^EXTERN\\s[^();]*?(\\w+)\\s*\\(").

captured(Header, Pattern) ->
    {match, Found} = re:run(Header, Pattern, [global, multiline, {capture, [1], binary}]),
    [Name || [Name] <- Found, Name =/= <<"enif_get_int64">>, Name =/= <<"enif_get_uint64">>,
             Name =/= <<"enif_make_int64">>, Name =/= <<"enif_make_uint64">>].  % other names of the functions for long

%% libz may be linked in or be a library of its own that the emulator names.
provided(Name, Exported) ->
    maps:is_key(Name, Exported) orelse
        begin
            {ok, Maps} = file:read_file("/proc/self/maps"),
            binary:match(Maps, <<"/libz.so">>) =/= nomatch
        end.

%% The names that the running program's dynamic symbol table defines (ELF, 64 bits, little endian).
exported() ->
    {ok, Path} = file:read_link_all("/proc/self/exe"),
    {ok, <<127, "ELF", 2, 1, _/binary>> = Elf} = file:read_file(Path),
    <<_:40/binary, Sections:64/little, _:10/binary, 64:16/little, Count:16/little, _/binary>> = Elf,
    Headers = [section(binary:part(Elf, Sections + I * 64, 64)) || I <- lists:seq(0, Count - 1)],
    [{_, At, Size, Link}] = [S || {11, _, _, _} = S <- Headers],
    {3, NamesAt, NamesSize, _} = lists:nth(Link + 1, Headers),
    Names = binary:part(Elf, NamesAt, NamesSize),
    maps:from_keys([name(Names, Place) || <<Place:32/little, _, _, Section:16/little, _:16/binary>> <= binary:part(Elf, At, Size), Section =/= 0], true).

section(<<_:32, Type:32/little, _:16/binary, At:64/little, Size:64/little, Link:32/little, _/binary>>) -> {Type, At, Size, Link}.

name(Names, Place) -> hd(binary:split(binary:part(Names, Place, byte_size(Names) - Place), <<0>>)).
