// SPDX-License-Identifier: Apache-2.0
// Arithmetic against the results of a stock system (make_stock_arith.escript).
#include "ops/arith.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "proc/runtime.h"
#include "term/print.h"
#include "unit/support/source_file.h"
#include "unit/support/stock_terms.h"

namespace vm::ops {
namespace {

using Unary = BifResult (*)(GuardContext&, Term);
using BinaryOp = BifResult (*)(GuardContext&, Term, Term);

const std::map<std::string, Unary> kUnary = {{"-", negate},    {"+", unary_plus}, {"bnot", bnot},   {"abs", absolute}, {"float", to_float},
                                             {"round", round}, {"trunc", trunc},  {"floor", floor}, {"ceil", ceil}};
const std::map<std::string, BinaryOp> kBinary = {{"+", add},       {"-", subtract}, {"*", multiply}, {"/", divide},
                                                 {"div", int_div}, {"rem", rem},    {"band", band},  {"bor", bor},
                                                 {"bxor", bxor},   {"bsl", bsl},    {"bsr", bsr}};

TEST(Arith, AsStock) {
  // Arithmetic uses the heap and the pending exception of a process, nothing of its runtime.
  alignas(proc::Runtime) static Byte no_runtime[sizeof(proc::Runtime)];
  proc::Process* process = new proc::Process(reinterpret_cast<proc::Runtime&>(no_runtime), Term::local_pid(1));
  process->heap.init(233);
  GuardContext cx(*process);
  test::StockTermReader reader(process->heap);
  std::ifstream in(test::beside(__FILE__, "stock_arith.txt"));
  ASSERT_TRUE(in.good());
  std::string line;
  int lines = 0;
  for (; std::getline(in, line); lines++) {
    std::istringstream words(line);
    std::string op, word, expected;
    words >> op;
    std::vector<Term> args;
    while (words >> word && word != "=") args.push_back(reader.read(word));
    words >> expected;
    auto result = args.size() == 1 ? kUnary.at(op)(cx, args[0]) : kBinary.at(op)(cx, args[0], args[1]);
    auto show = [&] {
      std::string s = op;
      for (Term t : args) s += " " + term::to_text(t);
      return s + " = " + (result.has_value() ? term::to_text(result.value()) : "raised");
    };
    if (expected[0] != '8') {
      EXPECT_TRUE(!result.has_value() && process->scratch->exception.reason == term::AtomTable::intern(expected)) << show();
    } else {
      Term wanted = reader.read(expected);
      EXPECT_TRUE(result.has_value() && term::equal_exact(result.value(), wanted)) << show() << ", expected " << term::to_text(wanted);
      if (result.has_value() && wanted.is_float()) {
        EXPECT_EQ(std::bit_cast<Word>(term::float_value(result.value())), std::bit_cast<Word>(term::float_value(wanted))) << show();
      }
    }
  }
  EXPECT_GT(lines, 3000);
  delete process;
}

}  // namespace
}  // namespace vm::ops
