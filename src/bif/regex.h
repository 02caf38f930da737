// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Compiled regular expressions on PCRE2, shared by all processes.
//
// A term cannot own compiled code, and it must survive literals, messages and the external format. So the binary of a {re_pattern, ...}
// tuple is a portable image, "GRE1", four bytes of options, the source, and the code for it is found in a cache under exactly these bytes.
// The cache is bounded; what was dropped is compiled again when it is next used. Whoever matches holds the code by a shared pointer.
//
// Libraries expect PCRE 8.44, built with tables for ISO 8859-1. Differences of PCRE2 are bridged before compiling (unknown escapes are
// literals, "(*UTF8)", text ends at a zero byte) and in the texts of errors. Newline and \R conventions, which PCRE 8 may be told for each
// match, belong to the code in PCRE2: another convention is another entry of the cache.
//
// Any thread may call anything here. Nothing here touches terms.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/word.h"

struct pcre2_real_code_8;

namespace vm::bif {

// Options of an image. Newline conventions are numbers in three bits, as PCRE 8 has them: two given together make a third.
enum RegexOption : std::uint32_t {
  kRegexCaseless = 1,
  kRegexMultiline = 2,
  kRegexDotall = 4,
  kRegexExtended = 8,
  kRegexAnchored = 16,
  kRegexDollarEndOnly = 32,
  kRegexFirstLine = 64,
  kRegexUngreedy = 128,
  kRegexNoAutoCapture = 256,
  kRegexDupNames = 512,
  kRegexUnicode = 1024,
  kRegexUcp = 2048,
  kRegexNeverUtf = 4096,
  kRegexNoStartOptimize = 8192,
  kRegexBsrAnyCrlf = 1u << 16,
  kRegexBsrUnicode = 1u << 17,
  kRegexCr = 1u << 20,
  kRegexLf = 2u << 20,
  kRegexCrlf = 3u << 20,
  kRegexAny = 4u << 20,
  kRegexAnyCrlf = 5u << 20,
  kRegexNewlineMask = 7u << 20,
  kRegexBsrMask = 3u << 16,
};

// What is wrong with a source, in the words of PCRE 8.
struct RegexFault {
  std::string text;
  std::size_t at = 0;
};

class Regex {
 public:
  Regex(pcre2_real_code_8* code, std::uint32_t options);
  ~Regex();
  Regex(const Regex&) = delete;

  const pcre2_real_code_8* code() const { return code_; }
  std::uint32_t captures() const { return captures_; }
  bool utf() const { return utf_; }            // also when the source itself says so
  bool anchored() const { return anchored_; }  // matches only where it is told to begin
  bool may_end_lines_by_crlf() const { return crlf_; }
  bool has_duplicate_names() const { return (options_ & kRegexDupNames) != 0; }

  // Names in order; each entry is the number in two bytes, then the name with a zero at its end.
  std::uint32_t name_count() const { return name_count_; }
  const Byte* name_entry(std::uint32_t i) const { return names_ + i * name_size_; }
  static int number_of(const Byte* entry) { return entry[0] << 8 | entry[1]; }
  static const char* name_of(const Byte* entry) { return reinterpret_cast<const char*>(entry + 2); }

  // Code to match with: the machine code that is made when an expression has been used often, or code().
  const pcre2_real_code_8* fastest() const;

 private:
  pcre2_real_code_8* code_;
  std::uint32_t options_;
  std::uint32_t captures_ = 0;
  bool utf_ = false;
  bool anchored_ = false;
  bool crlf_ = false;
  std::uint32_t name_count_ = 0;
  std::uint32_t name_size_ = 0;
  const Byte* names_ = nullptr;
  mutable std::atomic<std::uint32_t> uses_{0};
  mutable std::atomic<pcre2_real_code_8*> machine_code_{nullptr};
};

inline constexpr std::string_view kRegexImageTag = "GRE1";
inline constexpr std::size_t kRegexImageHeader = 8;

// The image of a source; the source ends at its first zero byte.
std::string regex_image(std::string_view source, std::uint32_t options);
bool is_regex_image(std::string_view bytes);
std::uint32_t regex_image_options(std::string_view image);
inline std::string_view regex_image_source(std::string_view image) { return image.substr(kRegexImageHeader); }

// The code for an image, from the cache or compiled; null with *fault set when the source is wrong.
std::shared_ptr<const Regex> find_regex(std::string_view image, RegexFault* fault);

}  // namespace vm::bif
