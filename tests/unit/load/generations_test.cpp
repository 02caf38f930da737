// SPDX-License-Identifier: Apache-2.0
//
// One source compiled for several instruction set generations by the installed compiler, lowered and looked at. Skipped without erlc.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "load/dump.h"
#include "load_fixture.h"

namespace vm {
namespace {

namespace fs = std::filesystem;

constexpr char kSource[] = R"(
-module(gen_t).
-export([build/2, match/1, split/1, chars/1, text/2, map/2, rec/1, wait/1, guarded/1, funs/2, floats/2, big/1, select/1, nested/1, tuple/3]).
build(A, B) -> <<A:16/little, B/binary, 1.5/float, "abc", (byte_size(B)):B/unit:1>>.
match(<<A:8, B:16/signed-little, F/float, Rest/binary>>) -> {A, B, F, Rest};
match(<<"abc", T/bitstring>>) -> T.
split(<<N, Bin:N/binary, R/binary>>) when N > 2 -> [Bin | split(R)];
split(<<_:3, R/bitstring>>) -> R;
split(<<>>) -> [].
chars(<<C/utf8, R/binary>>) -> [C | chars(R)];
chars(<<C/utf16, _/binary>>) -> C;
chars(<<C/utf32-little>>) -> C;
chars(_) -> [].
text(A, Acc) -> << <<(X + A):7>> || <<X:7>> <= Acc >>.
map(M, K) -> case M of #{a := 1, K := V} -> M#{a := V, K => 2}; #{} -> maps:size(M) end.
-record(r, {a, b, c}).
rec(R = #r{a = 1}) -> R#r{b = 2, c = 3};
rec(X) when is_function(X, 2) -> X.
wait(T) -> Ref = make_ref(), self() ! {Ref, 1}, receive {Ref, X} -> X after T -> timeout end.
guarded(X) when X + 1 > 2, is_tuple(X); element(1, X) =:= a -> try X() catch error:E:S -> {E, S}; throw:T -> T after erlang:display(x) end;
guarded(X) -> catch X().
funs(A, B) -> F = fun(X) -> X + A + B end, G = fun ?MODULE:map/2, {F(1), G}.
floats(X, Y) -> (X * 2.0 + Y / 3.0 - 1.0e300) * -float(X).
big(X) -> X band 16#FFFFFFFFFFFFFFFFFFFF + 1152921504606846976 - (-1152921504606846977).
select(1.0) -> a; select(1152921504606846976) -> b; select(2) -> c; select(foo) -> d; select(_) -> e.
nested(X) -> try try X() catch a:b -> 1 end catch _:_ -> 2 end.
tuple(A, B, C) -> {A, {B, C}, [A, B | C]}.
)";

class Generations : public testing::TestWithParam<const char*> {};

TEST_P(Generations, AllFunctionsVerify) {
  const fs::path folder = fs::temp_directory_path() / ("girder_gen_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "gen_t.erl") << kSource;
  const std::string command = "cd " + folder.string() + " && erlc " + GetParam() + " gen_t.erl >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) {
    fs::remove_all(folder);
    GTEST_SKIP() << "no erlc, or it does not know " << GetParam();
  }
  std::ifstream in(folder / "gen_t.beam", std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(in), {}};
  fs::remove_all(folder);
  test::LoadFixture vm;
  auto prepared = vm.loader.prepare(term::AtomTable::intern("gen_t"), std::span(reinterpret_cast<const Byte*>(text.data()), text.size()));
  ASSERT_TRUE(prepared.has_value()) << prepared.error().text;
  load::Loader::for_each_function(*prepared.value(), [&](code::Function& f) {
    code::FunctionBody body;
    EXPECT_TRUE(load::Loader::lower(f, &body)) << term::AtomTable::text(f.mfa.function);
    const std::string dump = load::dump(body);
    if (f.mfa.function == term::AtomTable::intern("select")) {
      EXPECT_NE(dump.find("is_ne_exact"), std::string::npos) << dump;
      EXPECT_NE(dump.find("1152921504606846976"), std::string::npos) << dump;
    }
    if (f.mfa.function == term::AtomTable::intern("tuple")) {
      EXPECT_NE(dump.find("put_tuple"), std::string::npos) << dump;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Compilers, Generations, testing::Values("", "+r22", "+r23", "+r24", "+no_copt +no_type_opt +no_ssa_opt"));

}  // namespace
}  // namespace vm
