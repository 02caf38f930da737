// SPDX-License-Identifier: Apache-2.0
//
// Files in memory (module ram_file): a port whose driver holds the bytes. Every command is a byte and its operands, every answer a message.
#include <algorithm>
#include <cstring>

#include "port/driver.h"
#include "port/port.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

enum Command : unsigned char {
  kOpen = 1,
  kRead = 2,
  kSeek = 3,
  kWrite = 4,
  kSync = 9,
  kTruncate = 14,
  kReadAt = 17,
  kWriteAt = 18,
  kSyncData = 19,
  kGet = 30,
  kSize = 37,
  kAdvise = 38,
  kAllocate = 39,
};
enum Answer : char { kOk = 0, kError = 1, kData = 2, kNumber = 3 };
enum Mode : std::uint32_t { kMayRead = 1, kMayWrite = 2 };
enum Whence : std::uint32_t { kFromStart = 0, kFromHere = 1, kFromEnd = 2 };

constexpr std::size_t kWord = 4;
constexpr std::int64_t kMaxPosition = INT32_MAX;

// A command's operands, taken one after the other.
class Operands {
 public:
  explicit Operands(std::string_view bytes) : bytes_(bytes) {}
  bool number(std::int64_t* out) {
    if (bytes_.size() < kWord) return false;
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < kWord; i++) n = n << 8 | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(kWord);
    *out = static_cast<std::int32_t>(n);
    return true;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// {Port, {data, [Code, ... | Bytes]}}; the bytes are a list or a binary as the port's options say.
struct Message {
  std::string head;
  const std::string_view* bytes;
};

Term build_message(term::HeapWriter& h, Port& port, const void* argument) {
  const Message& m = *static_cast<const Message*>(argument);
  Term list = m.bytes ? port.data_term(h, *m.bytes) : term::kNil;
  for (std::size_t i = m.head.size(); i-- > 0;) list = h.cons(Term::small(static_cast<unsigned char>(m.head[i])), list);
  return term::Tuple::make(h, port.id, term::Tuple::make(h, atoms::data, list));
}

class RamFile final : public Driver {
 public:
  void command(Port& port, std::string bytes) override {
    if (bytes.empty()) return;
    Operands operands(std::string_view(bytes).substr(1));
    switch (static_cast<unsigned char>(bytes[0])) {
      case kOpen: return open(port, operands);
      case kRead: return read(port, operands);
      case kSeek: return seek(port, operands);
      case kWrite: return write(port, operands.rest(), &position_);
      case kTruncate: return truncate(port);
      case kReadAt: return read_at(port, operands);
      case kWriteAt: return write_at(port, operands);
      case kGet: return answer_data(port, bytes_);
      case kSize: return answer_number(port, bytes_.size());
      case kSync:
      case kSyncData:
      case kAdvise:
      case kAllocate: return mode_ ? answer(port, {std::string(1, kOk), nullptr}) : error(port, "ebadf");
      default: return;  // no answer, as from any driver that does not know a command
    }
  }
  void received(Port&, std::string_view) override {}
  std::optional<std::string> control(Port&, unsigned, std::string_view) override { return std::nullopt; }

 private:
  static void answer(Port& port, const Message& message) { port.send_to_owner(build_message, &message); }
  static void error(Port& port, const char* name) { answer(port, {std::string(1, kError) + name, nullptr}); }
  static std::string head(char code, std::size_t n) {
    std::string h(1, code);
    for (std::size_t i = kWord; i-- > 0;) h.push_back(static_cast<char>(n >> (8 * i)));
    return h;
  }
  static void answer_number(Port& port, std::size_t n) { answer(port, {head(kNumber, n), nullptr}); }
  static void answer_data(Port& port, std::string_view bytes) { answer(port, {head(kData, bytes.size()), &bytes}); }

  void open(Port& port, Operands operands) {
    std::int64_t mode;
    if (!operands.number(&mode)) return error(port, "einval");
    mode_ = static_cast<std::uint32_t>(mode);
    bytes_ = operands.rest();
    position_ = 0;
    answer_number(port, 0);
  }

  void read(Port& port, Operands operands) {
    std::int64_t count;
    if (!(mode_ & kMayRead)) return error(port, "ebadf");
    if (!operands.number(&count) || count < 0) return error(port, "einval");
    const std::string_view part = piece(position_, count);
    position_ += part.size();
    answer_data(port, part);
  }

  void read_at(Port& port, Operands operands) {
    std::int64_t at, count;
    const bool given = operands.number(&at);
    if (given && at < 0) return error(port, "einval");
    if (!(mode_ & kMayRead)) return error(port, "ebadf");
    if (!given || !operands.number(&count) || count < 0) return error(port, "einval");
    answer_data(port, piece(static_cast<std::size_t>(at), count));
  }

  std::string_view piece(std::size_t at, std::int64_t count) const {
    return at >= bytes_.size() ? std::string_view() : std::string_view(bytes_).substr(at, static_cast<std::size_t>(count));
  }

  void write_at(Port& port, Operands operands) {
    std::int64_t at;
    if (!operands.number(&at) || at < 0) return error(port, "einval");
    auto position = static_cast<std::size_t>(at);
    write(port, operands.rest(), &position);
  }

  void write(Port& port, std::string_view data, std::size_t* at) {
    if (!(mode_ & kMayWrite)) return error(port, "ebadf");
    if (data.size() > kMaxPosition - *at) return error(port, "enomem");
    if (*at + data.size() > bytes_.size()) bytes_.resize(*at + data.size());
    data.copy(bytes_.data() + *at, data.size());
    *at += data.size();
    answer_number(port, data.size());
  }

  void seek(Port& port, Operands operands) {
    std::int64_t offset, whence;
    if (!mode_) return error(port, "ebadf");
    if (!operands.number(&offset) || !operands.number(&whence)) return error(port, "einval");
    switch (whence) {
      case kFromStart: break;
      case kFromHere: offset += static_cast<std::int64_t>(position_); break;
      case kFromEnd: offset += static_cast<std::int64_t>(bytes_.size()); break;
      default: return error(port, "einval");
    }
    if (offset < 0 || offset > kMaxPosition) return error(port, "einval");
    position_ = static_cast<std::size_t>(offset);
    answer_number(port, position_);
  }

  void truncate(Port& port) {
    if (!(mode_ & kMayWrite)) return error(port, "eacces");
    bytes_.resize(position_);
    answer(port, {std::string(1, kOk), nullptr});
  }

  std::string bytes_;
  std::size_t position_ = 0;
  std::uint32_t mode_ = 0;  // 0: not opened
};

}  // namespace

std::unique_ptr<Driver> open_ram_file() { return std::make_unique<RamFile>(); }

}  // namespace vm::port
