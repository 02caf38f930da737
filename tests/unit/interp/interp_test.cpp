// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "assembler.h"

namespace vm::interp::test {
namespace {

// f(N, Acc) -> sum of 1..N
code::Function& define_sum(Machine& m) {
  code::Function& f = m.declare("sum", 2);
  m.define(f, {{Op::is_eq_exact, {label(2), x(0), i(0)}},
               {Op::move, {x(1), x(0)}},
               {Op::return_, {}},
               {Op::label, {n(2)}},
               {Op::add, {label(0), n(2), x(1), x(1), x(0)}},
               {Op::subtract, {label(0), n(2), x(0), x(0), i(1)}},
               {Op::call_only, {fun(f)}}});
  return f;
}

TEST(Interp, LoopsAndYields) {
  Machine m;
  code::Function& f = define_sum(m);
  EXPECT_EQ(m.call(f, {Term::small(1000), Term::small(0)}), "500500");
  EXPECT_EQ(m.call(f, {Term::small(1000), Term::small(0)}, 1), "500500");
  EXPECT_GT(m.slices, 1000);
}

TEST(Interp, BuildsListsByRecursionAndCollects) {
  Machine m;
  // f(0) -> []; f(N) -> [N | f(N-1)]
  code::Function& f = m.declare("down", 1);
  m.define(f, {{Op::is_eq_exact, {label(2), x(0), i(0)}},
               {Op::move, {c(term::kNil), x(0)}},
               {Op::return_, {}},
               {Op::label, {n(2)}},
               {Op::allocate, {n(1), n(1)}},
               {Op::move, {x(0), y(0)}},
               {Op::subtract, {label(0), n(1), x(0), x(0), i(1)}},
               {Op::call, {fun(f)}},
               {Op::test_heap, {n(2), n(1)}},
               {Op::put_list, {y(0), x(0), x(0)}},
               {Op::deallocate, {n(1)}},
               {Op::return_, {}}});
  EXPECT_EQ(m.call(f, {Term::small(3)}), "[3,2,1]");
  std::string big = m.call(f, {Term::small(20000)}, 500);
  EXPECT_EQ(big.substr(0, 13), "[20000,19999,");
}

TEST(Interp, RaisesWithTrace) {
  Machine m;
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::badmatch, {x(0)}}});
  EXPECT_EQ(m.call(f, {atom("a")}), "{error,{badmatch,a},[{m,f,1,[]},{m,wrapper,1,[]}]}");
  code::Function& g = m.declare("g", 1);
  m.define(g, {{Op::allocate, {n(0), n(1)}}, {Op::add, {label(0), n(1), x(0), x(0), x(0)}}, {Op::deallocate, {n(0)}}, {Op::return_, {}}});
  EXPECT_EQ(m.call(g, {atom("a")}),
            "{error,badarith,[{erlang,'+',[a,a],[{error_info,#{module=>erl_erts_errors}}]},{m,g,1,[]},{m,wrapper,1,[]}]}");
  // Adding a literal shows no entry for the operator, as on stock.
  code::Function& h = m.declare("h", 1);
  m.define(h, {{Op::allocate, {n(0), n(1)}}, {Op::add, {label(0), n(1), x(0), x(0), i(1)}}, {Op::deallocate, {n(0)}}, {Op::return_, {}}});
  EXPECT_EQ(m.call(h, {atom("a")}), "{error,badarith,[{m,h,1,[]},{m,wrapper,1,[]}]}");
}

TEST(Interp, CatchMakesExit) {
  Machine m;
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::allocate, {n(1), n(1)}},
               {Op::catch_, {y(0), label(2)}},
               {Op::case_end, {x(0)}},
               {Op::label, {n(2)}},
               {Op::catch_end, {y(0)}},
               {Op::deallocate, {n(1)}},
               {Op::return_, {}}});
  EXPECT_EQ(m.call(f, {atom("a")}), "{'EXIT',{{case_clause,a},[{m,f,1,[]},{m,wrapper,1,[]}]}}");
}

TEST(Interp, UndefinedFunction) {
  Machine m;
  code::Export* e = m.code().export_for(atom("no"), atom("such"), 1);
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::call_ext_only, {exported(e)}}});
  EXPECT_EQ(m.call(f, {atom("a")}), "{error,undef,[{no,such,[a],[]},{m,wrapper,1,[]}]}");
}

TEST(Interp, Select) {
  Machine m;
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::select_val, {x(0), label(9), n(8), i(-1), label(2), i(0), label(3), i(1), label(4), i(3), label(2)}},
               {Op::label, {n(2)}},
               {Op::move, {i(20), x(0)}},
               {Op::return_, {}},
               {Op::label, {n(3)}},
               {Op::move, {i(30), x(0)}},
               {Op::return_, {}},
               {Op::label, {n(4)}},
               {Op::move, {i(40), x(0)}},
               {Op::return_, {}},
               {Op::label, {n(9)}},
               {Op::move, {i(90), x(0)}},
               {Op::return_, {}}});
  const char* expected[] = {"90", "20", "30", "40", "90", "20", "90"};
  for (SWord k = -2; k <= 4; k++) EXPECT_EQ(m.call(f, {Term::small(k)}), expected[k + 2]) << k;
  EXPECT_EQ(m.call(f, {atom("a")}), "90");
}

TEST(Interp, HostileOperands) {
  Machine m;
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::get_list, {x(0), x(1), x(2)}}, {Op::return_, {}}});
  EXPECT_EQ(m.call(f, {atom("a")}).substr(0, 14), "{error,badarg,");
  code::Function& g = m.declare("g", 1);
  m.define(g, {{Op::get_tuple_element, {x(0), n(7), x(1)}}, {Op::return_, {}}});
  EXPECT_EQ(m.call(g, {atom("a")}).substr(0, 14), "{error,badarg,");
  code::Function& h = m.declare("h", 1);
  m.define(h, {{Op::jump, {label(77)}}});
  EXPECT_EQ(m.call(h, {atom("a")}).substr(0, 15), "{error,badfile,");
}

// What a test has shown of a tuple holds for that tuple, up to its length, until the register is written or control may come from elsewhere.
TEST(Interp, TuplesAreKnownOnlyWhereTested) {
  Machine m;
  const Machine::Line test_heap{Op::test_heap, {n(8), n(1)}}, is_tuple{Op::is_tuple, {label(9), x(0)}};
  const Machine::Line is_pair{Op::test_arity, {label(9), x(0), n(2)}}, back{Op::return_, {}}, elsewhere{Op::label, {n(9)}};
  const Machine::Line pair_of_x0{Op::put_tuple, {x(0), n(2), x(0), i(7)}}, tagged{Op::put_tuple, {x(0), n(2), c(atom("ok")), x(0)}};
  auto takes = [](Word index, Operand dst) { return Machine::Line{Op::get_tuple_element, {x(0), n(index), dst}}; };
  auto result = [&m, &elsewhere, &back](const char* name, std::vector<Machine::Line> lines) {
    code::Function& f = m.declare(name, 1);
    lines.push_back(elsewhere);
    lines.push_back(back);
    m.define(f, lines);
    return m.call(f, {Term::small(5)});
  };
  const std::string bad = "{error,badarg,";
  EXPECT_EQ(result("one", {test_heap, pair_of_x0, is_tuple, is_pair, takes(1, x(0)), back}), "7");
  EXPECT_EQ(result("two", {test_heap, pair_of_x0, is_tuple, is_pair, takes(1, x(1)), takes(0, x(0)), back}), "5");
  EXPECT_EQ(result("written", {test_heap, pair_of_x0, is_tuple, is_pair, takes(0, x(0)), takes(0, x(1)), back}).substr(0, 14), bad);
  EXPECT_EQ(result("moved", {test_heap, pair_of_x0, is_tuple, is_pair, {Op::move, {i(1), x(0)}}, takes(0, x(1)), back}).substr(0, 14), bad);
  EXPECT_EQ(result("beyond", {test_heap, pair_of_x0, is_tuple, is_pair, takes(2, x(1)), back}).substr(0, 14), bad);
  EXPECT_EQ(result("beyond_too", {test_heap, pair_of_x0, is_tuple, is_pair, takes(0, x(1)), takes(2, x(2)), back}).substr(0, 14), bad);
  EXPECT_EQ(
      result(
          "jumped",
          {test_heap, {Op::is_eq_exact, {label(3), x(0), i(6)}}, pair_of_x0, is_tuple, is_pair, {Op::label, {n(3)}}, takes(0, x(1)), back})
          .substr(0, 14),
      bad);
  const Machine::Line is_ok{Op::is_tagged_tuple, {label(9), x(0), n(2), c(atom("ok"))}};
  EXPECT_EQ(result("is_ok", {test_heap, tagged, is_ok, takes(1, x(0)), back}), "5");
  EXPECT_EQ(result("is_not_ok", {test_heap, pair_of_x0, is_ok, takes(1, x(0)), back}), "{5,7}");
  EXPECT_EQ(result("no_tuple", {is_ok, takes(1, x(0)), back}), "5");
  const Machine::Line empty{Op::put_tuple, {x(0), n(0)}};
  EXPECT_EQ(result("no_arity", {test_heap, empty, {Op::is_tagged_tuple, {label(9), x(0), n(Word{1} << 48), c(atom("ok"))}}, back}), "{}");
  const Machine::Line huge{Op::test_arity, {label(9), x(0), n(Word{1} << 48)}};
  EXPECT_EQ(result("no_size", {test_heap, empty, huge, takes(0, x(0)), back}), "{}");
  EXPECT_EQ(result("no_tuple_size", {test_heap, empty, is_tuple, huge, takes(0, x(0)), back}), "{}");
}

TEST(Interp, PairsOfAllKinds) {
  Machine m;
  const Operand kinds[] = {x(0), y(0), i(7)};
  const char* shown[] = {"x", "y", "7"};
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      code::Function& f = m.declare("f", 2);
      m.define(f, {{Op::allocate, {n(1), n(2)}},
                   {Op::move, {x(1), y(0)}},
                   {Op::test_heap, {n(3), n(2)}},
                   {Op::put_tuple, {x(0), n(2), kinds[a], kinds[b]}},
                   {Op::deallocate, {n(1)}},
                   {Op::return_, {}}});
      EXPECT_EQ(m.call(f, {atom("x"), atom("y")}), "{" + std::string(shown[a]) + "," + shown[b] + "}");
    }
}

// init_yregs behind the opening of a frame is left out.
TEST(Interp, FramesBeginWithNil) {
  Machine m;
  auto slots = [&m](const char* name, Word size, std::vector<Word> moved) {
    code::Function& f = m.declare(name, 1);
    std::vector<Machine::Line> lines{{Op::allocate, {n(size), n(1)}}, {Op::init_yregs, {y(size - 1)}}};
    for (Word k : moved) lines.push_back({Op::move, {x(0), y(k)}});
    lines.push_back({Op::test_heap, {n(size + 1), n(1)}});
    lines.push_back({Op::put_tuple, {x(0), n(size)}});
    for (Word k = 0; k < size; k++) lines.back().operands.push_back(y(k));
    lines.push_back({Op::deallocate, {n(size)}});
    lines.push_back({Op::return_, {}});
    m.define(f, lines);
    return m.call(f, {atom("a")});
  };
  EXPECT_EQ(slots("none", 3, {}), "{[],[],[]}");
  EXPECT_EQ(slots("one_of_one", 1, {0}), "{a}");
  EXPECT_EQ(slots("one_of_two", 2, {0}), "{a,[]}");
  EXPECT_EQ(slots("other_of_two", 2, {1}), "{[],a}");
  EXPECT_EQ(slots("two_of_two", 2, {1, 0}), "{a,a}");
  EXPECT_EQ(slots("same_of_two", 2, {1, 1}), "{[],a}");
  EXPECT_EQ(slots("two_of_three", 3, {0, 2}), "{a,[],a}");
}

TEST(Interp, Funs) {
  Machine m;
  code::Function& body = m.declare("-f/1-fun-0-", 2);
  m.define(body, {{Op::add, {label(0), n(2), x(0), x(0), x(1)}}, {Op::return_, {}}});
  code::FunEntry entry{};
  entry.function = &body;
  entry.module = atom("m");
  entry.arity = 1;
  entry.num_free = 1;
  code::Function& f = m.declare("f", 1);
  m.define(f, {{Op::allocate, {n(0), n(1)}},
               {Op::test_heap, {n(8), n(1)}},
               {Op::make_fun, {{OperandKind::FunRef, reinterpret_cast<Word>(&entry)}, x(1), n(1), x(0)}},
               {Op::move, {i(5), x(0)}},
               {Op::call_fun, {n(1)}},
               {Op::deallocate, {n(0)}},
               {Op::return_, {}}});
  EXPECT_EQ(m.call(f, {Term::small(37)}), "42");
  code::Function& g = m.declare("g", 1);
  m.define(g,
           {{Op::allocate, {n(0), n(1)}}, {Op::move, {x(0), x(1)}}, {Op::call_fun, {n(1)}}, {Op::deallocate, {n(0)}}, {Op::return_, {}}});
  EXPECT_EQ(m.call(g, {atom("a")}), "{error,{badfun,a},[{m,g,1,[]},{m,wrapper,1,[]}]}");
}

}  // namespace
}  // namespace vm::interp::test
