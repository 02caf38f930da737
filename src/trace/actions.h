// SPDX-License-Identifier: Apache-2.0
//
// Actions of match specifications in traces.
//
// One Actions per run: it collects what the specification asks of the call (frames for its return) and does the rest at once. On the thread of the process
// it is about; results may lie on that process's heap.
#pragma once

#include "match/match_spec.h"
#include "trace/tracer.h"

namespace vm::trace {

enum class MessageKind : std::uint8_t { Send, Receive, Call, Test };  // Test: match_spec_test/3, which changes nothing

class Actions final : public match::ActionHandler {
 public:
  Actions(Process& p, MessageKind kind) : process_(p), kind_(kind) {}
  // Runs the specification on an argument list. As MatchSpec::run_trace.
  Term run(const match::MatchSpec& spec, std::span<const Term> arguments);
  Term act(match::Action action, const Term* args, std::size_t count) override;

  bool return_trace = false, exception_trace = false;

 private:
  Term change(std::uint32_t on, std::uint32_t off, const TracerRef& tracer, Term who);
  Term switch_flag(const Term* args, std::size_t count, bool on);
  Term trace(const Term* args, std::size_t count);
  Term caller(bool with_line);
  void silence(bool on);
  Process& process_;
  MessageKind kind_;
  std::vector<Word> cells_;
};

// Where the calling function of a traced call goes on: the first return address on the stack that is no frame of tracing.
code::CodePtr caller_address(const Process& p);

}  // namespace vm::trace
