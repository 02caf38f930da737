// SPDX-License-Identifier: Apache-2.0
#include "boot/cpu_flags.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace vm::boot {

using os::Cpu;

namespace {

constexpr const char* kBadNumber = "invalid identifier";
constexpr const char* kBadRange = "invalid identifier range";

// From the outside in.
enum Depth : std::size_t { kNode, kProcessor, kProcessorNode, kCore, kThread, kLogical, kDepths };
constexpr int Cpu::*kFields[kDepths] = {&Cpu::node, &Cpu::processor, &Cpu::processor_node, &Cpu::core, &Cpu::thread, &Cpu::logical};

bool read_number(const char*& at, int* out) {
  if (!std::isdigit(static_cast<unsigned char>(*at))) return false;
  char* end;
  errno = 0;
  const long n = std::strtol(at, &end, 10);
  at = end;
  *out = static_cast<int>(n);
  return errno == 0 && n <= sched::kMaxCpuNumber;
}

const char* read_numbers(const char*& at, std::vector<int>* out) {
  for (;; at++) {
    int first, last;
    if (!read_number(at, &first)) return kBadNumber;
    last = first;
    if (*at == '-' && !read_number(++at, &last)) return kBadRange;
    const int step = last < first ? -1 : 1;
    for (int n = first; n != last; n += step) out->push_back(n);
    out->push_back(last);
    if (*at != ',') return nullptr;
  }
}

bool entry_ends(char c) { return c == 0 || c == ':'; }

bool names_processors(const char* rest) {
  for (; !entry_ends(*rest); rest++)
    if (*rest == 'p' || *rest == 'P') return true;
  return false;
}

class Entry {
 public:
  const char* read(const char*& at) {
    while (!entry_ends(*at)) {
      const Depth depth = depth_of(*at, at + 1);
      if (depth == kDepths) return "invalid identifier type";
      if (depth >= inside_) return "invalid hierarchy";
      inside_ = depth;
      if (const char* wrong = read_numbers(++at, &numbers_[depth])) return wrong;
    }
    if (numbers_[kLogical].empty()) return "missing logical identifier";
    if (*at == ':') at++;
    for (const std::vector<int>& n : numbers_)
      if (n.size() > 1 && n.size() != numbers_[kLogical].size()) return kBadRange;
    return nullptr;
  }

  void add_to(std::vector<Cpu>* out) const {
    for (std::size_t i = 0; i < numbers_[kLogical].size(); i++) {
      Cpu& c = out->emplace_back();
      for (std::size_t depth = 0; depth < kDepths; depth++)
        if (const std::vector<int>& n = numbers_[depth]; !n.empty()) c.*kFields[depth] = n[n.size() == 1 ? 0 : i];
    }
  }

 private:
  // kDepths: there is no such letter.
  Depth depth_of(char letter, const char* rest) const {
    switch (letter) {
      case 'L': return kLogical;
      case 't':
      case 'T': return kThread;
      case 'c':
      case 'C': return kCore;
      case 'p':
      case 'P': return kProcessor;
      case 'n':
      case 'N': return inside_ > kProcessor && names_processors(rest) ? kProcessorNode : kNode;
      default: return kDepths;
    }
  }

  std::vector<int> numbers_[kDepths];
  Depth inside_ = kDepths;  // what was named last
};

}  // namespace

const char* parse_topology(const std::string& text, std::vector<Cpu>* out) {
  if (text.empty()) return "missing cpu topology";
  for (const char* at = text.c_str(); *at;) {
    Entry entry;
    if (const char* wrong = entry.read(at)) return wrong;
    entry.add_to(out);
  }
  switch (sched::check_topology(*out)) {
    case sched::TopologyFault::None: break;
    case sched::TopologyFault::RepeatedLogical: return "not unique logical identifiers";
    case sched::TopologyFault::RepeatedPlace: return "not unique entities";
    case sched::TopologyFault::BadNodes: return "invalid nodes declaration";
  }
  return nullptr;
}

bool parse_bind_order(const std::string& text, sched::BindOrder* out) {
  using sched::BindOrder;
  static constexpr struct {
    const char* name;
    BindOrder order;
  } kNames[] = {
      {"u", BindOrder::Unbound},
      {"ns", BindOrder::NoSpread},
      {"ts", BindOrder::ThreadSpread},
      {"ps", BindOrder::ProcessorSpread},
      {"s", BindOrder::Spread},
      {"nnts", BindOrder::NoNodeThreadSpread},
      {"nnps", BindOrder::NoNodeProcessorSpread},
      {"tnnps", BindOrder::ThreadNoNodeProcessorSpread},
      {"db", sched::kDefaultBindOrder},
  };
  for (const auto& row : kNames) {
    if (text != row.name) continue;
    *out = row.order;
    return true;
  }
  return false;
}

}  // namespace vm::boot
