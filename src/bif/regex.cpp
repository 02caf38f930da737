// SPDX-License-Identifier: Apache-2.0
//
// Compiling: sources as PCRE 8.44 reads them, tables for ISO 8859-1, the cache.
#include "bif/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstring>
#include <unordered_map>
#include <vector>

#include "bif/regex_faults.h"
#include "sync/mutex.h"

namespace vm::bif {

namespace {

// --- character tables -------------------------------------------------------------------------------------------------
// The library makes tables for the "C" locale; the upper half of ISO 8859-1 is added to them. Layout (fixed for all of PCRE2 10): lower
// case of each character, other case, ten classes of 256 bits, type bits of each character.
constexpr unsigned kOtherCase = 256, kClasses = 512, kTypes = 832, kTableBytes = 1088;
enum ClassOffset : unsigned { kUpper = 96, kLower = 128, kWordClass = 160, kGraph = 192, kPrint = 224, kPunct = 256, kCntrl = 288 };

bool is_latin1_upper(unsigned c) { return c >= 0xC0 && c <= 0xDE && c != 0xD7; }
bool is_latin1_lower(unsigned c) { return (c >= 0xDF && c != 0xF7) || c == 0xAA || c == 0xB5 || c == 0xBA; }
bool is_latin1_punct(unsigned c) { return c >= 0xA0 && !is_latin1_upper(c) && !is_latin1_lower(c); }

const std::uint8_t* make_tables() {
  auto* tables = new std::uint8_t[kTableBytes];
  const std::uint8_t* plain = pcre2_maketables(nullptr);
  std::memcpy(tables, plain, kTableBytes);
  pcre2_maketables_free(nullptr, plain);
  auto put = [&](ClassOffset which, unsigned c) { tables[kClasses + which + c / 8] |= static_cast<std::uint8_t>(1u << (c & 7)); };
  for (unsigned c = 0x80; c < 0x100; c++) {
    bool upper = is_latin1_upper(c);
    bool lower = is_latin1_lower(c);
    bool paired = upper || (c >= 0xE0 && c <= 0xFE && c != 0xF7);
    tables[c] = static_cast<std::uint8_t>(upper ? c + 32 : c);
    tables[kOtherCase + c] = static_cast<std::uint8_t>(paired ? c ^ 32 : c);
    tables[kTypes + c] = upper ? tables[kTypes + 'G'] : lower ? tables[kTypes + 'g'] : 0;
    if (upper) put(kUpper, c);
    if (lower) put(kLower, c);
    if (upper || lower) put(kWordClass, c);
    if (c >= 0xA0) put(kGraph, c), put(kPrint, c);
    if (is_latin1_punct(c)) put(kPunct, c);
    if (c < 0xA0) put(kCntrl, c);
  }
  return tables;
}

const std::uint8_t* latin1_tables() {
  static const std::uint8_t* const tables = make_tables();
  return tables;
}

// --- compiling --------------------------------------------------------------------------------------------------------
std::uint32_t library_options(std::uint32_t options) {
  static constexpr struct {
    std::uint32_t ours, theirs;
  } kMap[] = {
      {kRegexCaseless, PCRE2_CASELESS},
      {kRegexMultiline, PCRE2_MULTILINE},
      {kRegexDotall, PCRE2_DOTALL},
      {kRegexExtended, PCRE2_EXTENDED},
      {kRegexAnchored, PCRE2_ANCHORED},
      {kRegexDollarEndOnly, PCRE2_DOLLAR_ENDONLY},
      {kRegexFirstLine, PCRE2_FIRSTLINE},
      {kRegexUngreedy, PCRE2_UNGREEDY},
      {kRegexNoAutoCapture, PCRE2_NO_AUTO_CAPTURE},
      {kRegexDupNames, PCRE2_DUPNAMES},
      {kRegexUnicode, PCRE2_UTF},
      {kRegexUcp, PCRE2_UCP},
      {kRegexNeverUtf, PCRE2_NEVER_UTF},
      {kRegexNoStartOptimize, PCRE2_NO_START_OPTIMIZE},
  };
  std::uint32_t result = 0;
  for (const auto& row : kMap)
    if (options & row.ours) result |= row.theirs;
  return result;
}

constexpr std::uint32_t kMaxNesting = 798;  // what the older compiler's work space suffices for

class CompileContext {
 public:
  explicit CompileContext(std::uint32_t options) : context_(pcre2_compile_context_create(nullptr)) {
    static constexpr std::uint32_t kNewlines[] = {PCRE2_NEWLINE_LF,   PCRE2_NEWLINE_CR,  PCRE2_NEWLINE_LF,
                                                  PCRE2_NEWLINE_CRLF, PCRE2_NEWLINE_ANY, PCRE2_NEWLINE_ANYCRLF};
    pcre2_set_character_tables(context_, latin1_tables());
    pcre2_set_compile_extra_options(context_, PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK);
    pcre2_set_newline(context_, kNewlines[(options & kRegexNewlineMask) >> 20]);
    pcre2_set_parens_nest_limit(context_, kMaxNesting);
    pcre2_set_bsr(context_, options & kRegexBsrAnyCrlf ? PCRE2_BSR_ANYCRLF : PCRE2_BSR_UNICODE);
  }
  ~CompileContext() { pcre2_compile_context_free(context_); }
  CompileContext(const CompileContext&) = delete;
  pcre2_compile_context* get() const { return context_; }

 private:
  pcre2_compile_context* context_;
};

// A source that changes on its way to the library, and where in the original its bytes came from.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {
    // Settings at the front: UTF8 is called UTF now.
    for (std::size_t at = 0; text_.compare(at, 2, "(*") == 0;) {
      if (text_.compare(at, 7, "(*UTF8)") == 0) remove(at + 5);
      std::size_t end = text_.find(')', at);
      if (end == std::string::npos) break;
      at = end + 1;
    }
  }
  const std::string& text() const { return text_; }
  void remove(std::size_t at) {
    text_.erase(at, 1);
    changes_.push_back({at, -1});
  }
  void change(std::size_t at, char to) { text_[at] = to; }
  void insert_backslash(std::size_t at) {
    text_.insert(at, 1, '\\');
    changes_.push_back({at, 1});
  }
  // Where an offset in the text lies in the original.
  std::size_t original(std::size_t at) const {
    for (std::size_t i = changes_.size(); i-- > 0;)
      if (changes_[i].at < at) at = changes_[i].by < 0 ? at + 1 : at - 1;
    return at;
  }

 private:
  struct Change {
    std::size_t at;
    int by;
  };
  std::string text_;
  std::vector<Change> changes_;
};

constexpr int kNoSuchGroup = 115;  // the library's number for a reference to a group that does not exist

// Changes what the library complains of but PCRE 8 reads as plain characters: unknown escapes, escapes without a meaning in a class, \8 and \9
// without that many groups, and the hyphen in [\d-z]. False when there is nothing of that kind.
bool repair(Source* source, int error, std::size_t at) {
  constexpr int kUnknownEscape = 103, kEscapeInClass = 107, kUnsupportedEscape = 137, kBadRange = 150;
  constexpr int kControlOfDelete = 168;
  const std::string& s = source->text();
  if (error == kControlOfDelete) {  // \c and DEL are a question mark
    if (at < 2 || at >= s.size() || s[at] != '\x7f') return false;
    source->change(at, '?');
    source->remove(at - 1);
    return true;
  }
  if (error == kBadRange) {
    if (at >= s.size() || s[at] != '-') return false;
    source->insert_backslash(at);
    return true;
  }
  if (error == kUnsupportedEscape && at > 0) at--;  // is told after the letter
  if (at < 1 || at >= s.size() || s[at - 1] != '\\') return false;
  bool literal = error == kUnknownEscape || error == kEscapeInClass || (error == kUnsupportedEscape && s[at] == 'F') ||
                 (error == kNoSuchGroup && s[at] >= '8' && s[at] <= '9');
  if (literal) source->remove(at - 1);
  return literal;
}

// In UTF-8, the library's set of bytes that can begin a match with \w leaves out those of letters from 0x80 on that the tables add.
bool misjudges_first_bytes(std::uint32_t options, const std::string& text) {
  bool utf = (options & kRegexUnicode) != 0 || text.find("(*UTF)") != std::string::npos;
  return utf && (options & kRegexUcp) == 0 && text.find("\\w") != std::string::npos;
}

std::shared_ptr<const Regex> compile(std::string_view image, RegexFault* fault) {
  std::uint32_t options = regex_image_options(image);
  if ((options & kRegexNewlineMask) > kRegexAnyCrlf || (options & kRegexBsrMask) == kRegexBsrMask) {
    *fault = {"inconsistent NEWLINE options", 0};
    return nullptr;
  }
  CompileContext context(options);
  Source source(regex_image_source(image));
  std::uint32_t flags = library_options(options);
  if (misjudges_first_bytes(options, source.text())) flags |= PCRE2_NO_START_OPTIMIZE;
  for (;;) {
    int error = 0;
    PCRE2_SIZE at = 0;
    const std::string& text = source.text();
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), flags, &error, &at, context.get());
    // PCRE 8 has no length for a reference.
    const std::size_t loose = loose_reference(text);
    if (loose != std::string::npos && (code || error == kNoSuchGroup || at > loose)) {
      pcre2_code_free(code);
      *fault = {"lookbehind assertion is not fixed length", source.original(loose)};
      return nullptr;
    }
    if (code) return std::make_shared<const Regex>(code, options);
    if (repair(&source, error, at)) continue;
    *fault = regex_fault(text, error, at);
    fault->at = source.original(fault->at);
    return nullptr;
  }
}

// --- the cache --------------------------------------------------------------------------------------------------------
// Two generations: what is used moves to the young one; when that is full the old one goes.
struct ImageHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

class Cache {
 public:
  std::shared_ptr<const Regex> find(std::string_view image, RegexFault* fault) {
    {
      sync::MutexGuard guard(lock_);
      auto i = young_.find(image);
      if (i != young_.end()) return i->second;
      auto j = old_.find(image);
      if (j != old_.end()) {
        std::shared_ptr<const Regex> regex = j->second;
        add_locked(image, regex);
        return regex;
      }
    }
    std::shared_ptr<const Regex> regex = compile(image, fault);
    if (regex && image.size() <= kMaxImage) {
      sync::MutexGuard guard(lock_);
      add_locked(image, regex);
    }
    return regex;
  }

 private:
  static constexpr std::size_t kGeneration = 128;
  static constexpr std::size_t kMaxImage = 256 * 1024;
  using Map = std::unordered_map<std::string, std::shared_ptr<const Regex>, ImageHash, std::equal_to<>>;

  void add_locked(std::string_view image, std::shared_ptr<const Regex> regex) {
    if (young_.size() >= kGeneration) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.emplace(image, std::move(regex));
  }

  sync::Mutex lock_{sync::LockRank::Leaf};
  Map young_, old_;
};

}  // namespace

Regex::Regex(pcre2_real_code_8* code, std::uint32_t options) : code_(code), options_(options) {
  std::uint32_t all = 0, newline = 0;
  PCRE2_SPTR names = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &captures_);
  pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &all);
  pcre2_pattern_info(code, PCRE2_INFO_NEWLINE, &newline);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &name_count_);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &name_size_);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &names);
  names_ = names;
  utf_ = (all & PCRE2_UTF) != 0;
  anchored_ = (all & PCRE2_ANCHORED) != 0;
  crlf_ = newline == PCRE2_NEWLINE_CRLF || newline == PCRE2_NEWLINE_ANY || newline == PCRE2_NEWLINE_ANYCRLF;
}

Regex::~Regex() {
  pcre2_code_free(machine_code_.load(std::memory_order_relaxed));
  pcre2_code_free(code_);
}

const pcre2_real_code_8* Regex::fastest() const {
  constexpr std::uint32_t kOften = 32;
  if (const pcre2_code* code = machine_code_.load(std::memory_order_acquire)) return code;
  if (uses_.fetch_add(1, std::memory_order_relaxed) != kOften) return code_;
  // Exactly one thread gets here. Others may be matching with code_, so the machine code goes to a copy.
  pcre2_code* copy = pcre2_code_copy_with_tables(code_);
  if (copy && pcre2_jit_compile(copy, PCRE2_JIT_COMPLETE) == 0) {
    machine_code_.store(copy, std::memory_order_release);
    return copy;
  }
  pcre2_code_free(copy);
  return code_;
}

std::string regex_image(std::string_view source, std::uint32_t options) {
  source = source.substr(0, source.find('\0'));
  std::string image(kRegexImageTag);
  for (int shift = 0; shift < 32; shift += 8) image.push_back(static_cast<char>(options >> shift));
  image.append(source);
  return image;
}

bool is_regex_image(std::string_view bytes) { return bytes.size() >= kRegexImageHeader && bytes.substr(0, 4) == kRegexImageTag; }

std::uint32_t regex_image_options(std::string_view image) {
  std::uint32_t options = 0;
  for (unsigned i = 0; i < 4; i++) options |= std::uint32_t{static_cast<unsigned char>(image[4 + i])} << (8 * i);
  return options;
}

std::shared_ptr<const Regex> find_regex(std::string_view image, RegexFault* fault) {
  constexpr std::size_t kShards = 8;
  static auto* const caches = new Cache[kShards];  // never freed: threads may match while the program ends
  return caches[ImageHash{}(image) % kShards].find(image, fault);
}

}  // namespace vm::bif
