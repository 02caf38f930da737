// SPDX-License-Identifier: Apache-2.0
//
// Hand-made bytes for what the installed OTP does not contain: other releases' formats, and each way to be wrong.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "beamfile/module_file.h"
#include "unit/support/source_file.h"

namespace vm::beamfile {
namespace {

class BytesBuilder {
 public:
  BytesBuilder& u8(unsigned value) {
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  BytesBuilder& u16(unsigned value) { return u8(value >> 8).u8(value & 0xff); }
  BytesBuilder& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
  BytesBuilder& i64(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    return u32(static_cast<std::uint32_t>(bits >> 32)).u32(static_cast<std::uint32_t>(bits));
  }
  BytesBuilder& text(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  BytesBuilder& raw(Bytes value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  operator Bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

BytesBuilder bytes(std::initializer_list<unsigned> values) {
  BytesBuilder builder;
  for (const unsigned value : values) builder.u8(value);
  return builder;
}

constexpr OperandLimits kLimits{.atoms = 10, .literals = 5, .labels = 20, .types = 3};

// Decodes one `move Source {x,0}` and gives the source.
Operand source_of_move(std::initializer_list<unsigned> encoded) {
  BytesBuilder code = bytes({64});
  for (const unsigned byte : encoded) code.u8(byte);
  code.u8(0x03);
  const BytesBuilder kept = code;
  CodeReader reader(kept, kLimits);
  Instruction instruction;
  EXPECT_TRUE(reader.next(instruction));
  EXPECT_EQ(reader.offset(), Bytes(kept).size());
  return instruction.operand(0);
}

Error fault_of(std::initializer_list<unsigned> code) {
  const BytesBuilder kept = bytes(code);
  CodeReader reader(kept, kLimits);
  Instruction instruction;
  while (reader.next(instruction)) {
  }
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.next(instruction));
  return reader.fault().error;
}

TEST(CodeReader, Operands) {
  EXPECT_EQ(source_of_move({0x51}).integer, 5);
  EXPECT_EQ(source_of_move({0x09, 0xff}).integer, 0xff);
  EXPECT_EQ(source_of_move({0xe9, 0xff}).integer, 0x7ff);
  EXPECT_EQ(source_of_move({0x19, 0xff, 0xfe}).integer, -2);
  EXPECT_EQ(source_of_move({0xd9, 0x80, 0, 0, 0, 0, 0, 0, 0}).integer, INT64_MIN);
  EXPECT_EQ(source_of_move({0x02}).kind, OperandKind::Nil);
  EXPECT_EQ(source_of_move({0x92}).kind, OperandKind::Atom);
  EXPECT_EQ(source_of_move({0x47, 0x40}).kind, OperandKind::Literal);
  EXPECT_EQ(source_of_move({0x27, 0x30}).kind, OperandKind::FloatRegister);
  const Operand typed = source_of_move({0x57, 0x14, 0x20});
  EXPECT_EQ(typed.kind, OperandKind::YRegister);
  EXPECT_EQ(typed.value, 1u);
  EXPECT_EQ(typed.type, 2u);
}

TEST(CodeReader, BigIntegersAndOverflow) {
  BytesBuilder code = bytes({64, 0xf9, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x03, 64, 0xd8, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x03, 3});
  CodeReader reader(code, kLimits);
  Instruction instruction;
  ASSERT_TRUE(reader.next(instruction));
  EXPECT_EQ(instruction.operand(0).kind, OperandKind::BigInteger);
  ASSERT_EQ(instruction.operand(0).bytes().size(), 9u);
  EXPECT_EQ(instruction.operand(0).bytes()[8], 9);
  ASSERT_TRUE(reader.next(instruction));
  EXPECT_EQ(instruction.operand(0).kind, OperandKind::Overflow);
  EXPECT_EQ(instruction.operand(0).bytes().size(), 8u);
  ASSERT_TRUE(reader.next(instruction));
  EXPECT_EQ(instruction.opcode, kOpcodeEnd);
  EXPECT_FALSE(reader.next(instruction));
  EXPECT_FALSE(reader.failed());
}

TEST(CodeReader, ListsAndAllocation) {
  // test_heap {alloc,[{words,3},{floats,1},{funs,2}]} 1; select_val x0 f5 [a1 f6 a2 f7]; int_code_end
  const BytesBuilder code = bytes({16, 0x37, 0x30, 0x00, 0x30, 0x10, 0x10, 0x20, 0x20, 0x10,  //
                                   59, 0x03, 0x55, 0x17, 0x40, 0x12, 0x65, 0x22, 0x75, 3});
  CodeReader reader(code, kLimits);
  Instruction instruction;
  ASSERT_TRUE(reader.next(instruction));
  const Operand need = instruction.operand(0);
  EXPECT_EQ(need.kind, OperandKind::AllocList);
  EXPECT_EQ(need.alloc_words(), 3u);
  EXPECT_EQ(need.alloc_floats(), 1u);
  EXPECT_EQ(need.alloc_funs(), 2u);
  const std::uint32_t select = reader.offset();
  ASSERT_TRUE(reader.next(instruction));
  ASSERT_EQ(instruction.list.size(), 4u);
  EXPECT_EQ(instruction.list[3].kind, OperandKind::Label);
  EXPECT_EQ(instruction.list[3].value, 7u);
  std::uint8_t opcode = 0;
  reader.seek(select);
  EXPECT_TRUE(reader.skip(opcode));
  EXPECT_EQ(opcode, 59);
  EXPECT_TRUE(reader.skip(opcode));
  EXPECT_FALSE(reader.skip(opcode));
  EXPECT_FALSE(reader.failed());
}

TEST(CodeReader, Faults) {
  EXPECT_EQ(fault_of({}), Error::Truncated);
  EXPECT_EQ(fault_of({64, 0x03}), Error::Truncated);
  EXPECT_EQ(fault_of({0}), Error::UnknownOpcode);
  EXPECT_EQ(fault_of({200}), Error::UnknownOpcode);
  EXPECT_EQ(fault_of({64, 0xa2, 0x03}), Error::BadIndex);                        // atom 10 of 10
  EXPECT_EQ(fault_of({64, 0x47, 0x50, 0x03}), Error::BadIndex);                  // literal 5 of 5
  EXPECT_EQ(fault_of({61, 0x1d, 0xff, 0xff}), Error::BadIndex);                  // label
  EXPECT_EQ(fault_of({64, 0x8b, 0x00, 0x03}), Error::BadIndex);                  // x1024
  EXPECT_EQ(fault_of({64, 0x57, 0x03, 0x30, 0x03}), Error::BadIndex);            // type 3 of 3
  EXPECT_EQ(fault_of({64, 0x57, 0x57, 0x03, 0x00, 0x00, 0x03}), Error::BadTag);  // hint around a hint
  EXPECT_EQ(fault_of({64, 0x07, 0x03}), Error::BadTag);                          // inline float of old compilers
  EXPECT_EQ(fault_of({64, 0x17, 0x00, 0x03}), Error::BadTag);                    // list before the last operand
  EXPECT_EQ(fault_of({59, 0x03, 0x55, 0x17, 0x10, 0x17, 0x00}), Error::BadTag);  // list in a list
  EXPECT_EQ(fault_of({59, 0x03, 0x55, 0x17, 0xf0}), Error::BadIndex);            // more elements than bytes
  EXPECT_EQ(fault_of({64, 0xf9, 0xf8, 0xf8, 0x03}), Error::Truncated);           // the size of a size of a size
}

// The arities here and the opcodes' specification are two files because this room lies below; this keeps them one fact.
TEST(OpcodeArity, AgreesWithTheSpecification) {
  const auto spec = test::beside(__FILE__, "../../../src/code/generic_ops.tab");
  std::ifstream in(spec);
  ASSERT_TRUE(in.is_open()) << spec;
  unsigned seen = 0;
  for (std::string line; std::getline(in, line);) {
    unsigned opcode = 0;
    unsigned arity = 0;
    if (std::sscanf(line.c_str(), "%u %*[a-z0-9_]/%u", &opcode, &arity) != 2) continue;
    ++seen;
    ASSERT_LE(opcode, kMaxOpcode) << "an opcode that opcode_arity.h lacks";
    EXPECT_EQ(kOpcodeArity[opcode], arity) << line;
    EXPECT_LE(arity, kMaxOperands);
  }
  EXPECT_EQ(seen, kMaxOpcode);
}

TEST(Tables, AtomForms) {
  // Tables hold spans of their input, so every input that is looked into has a name.
  const BytesBuilder short_lengths = BytesBuilder().u32(2).u8(3).text("foo").u8(2).text("\xc3\xa5");
  auto utf8 = read_atoms(short_lengths, TextEncoding::Utf8);
  ASSERT_TRUE(utf8.has_value());
  EXPECT_EQ(utf8->names[1], "foo");
  EXPECT_EQ(utf8->count(), 3u);
  const std::string long_name(300, 'x');
  const BytesBuilder compact =
      BytesBuilder().u32(static_cast<std::uint32_t>(-2)).u8(0x30).text("foo").u8(0x28).u8(300 & 0xff).text(long_name);
  auto negative = read_atoms(compact, TextEncoding::Utf8);
  ASSERT_TRUE(negative.has_value());
  EXPECT_EQ(negative->names[2], long_name);
  EXPECT_EQ(read_atoms(BytesBuilder().u32(0), TextEncoding::Utf8).error().error, Error::BadCount);
  EXPECT_EQ(read_atoms(BytesBuilder().u32(0x7fffffff).u8(0), TextEncoding::Utf8).error().error, Error::BadCount);
  EXPECT_EQ(read_atoms(BytesBuilder().u32(0x80000000).u8(0), TextEncoding::Utf8).error().error, Error::BadCount);
  EXPECT_EQ(read_atoms(BytesBuilder().u32(1).u8(9).text("foo"), TextEncoding::Utf8).error().error, Error::Truncated);
}

TEST(Tables, LiteralForms) {
  const BytesBuilder plain = BytesBuilder().u32(2).u32(3).text("abc").u32(1).text("d");
  const BytesBuilder stored = BytesBuilder().u32(0).raw(plain);
  auto raw = read_literals(stored);
  ASSERT_TRUE(raw.has_value());
  ASSERT_EQ(raw->terms.size(), 2u);
  EXPECT_EQ(raw->terms[0].size(), 3u);
  const Bytes source = plain;
  std::vector<std::uint8_t> packed(100);
  uLongf packed_size = packed.size();
  ASSERT_EQ(compress(packed.data(), &packed_size, source.data(), source.size()), Z_OK);
  packed.resize(packed_size);
  auto inflated = read_literals(BytesBuilder().u32(static_cast<std::uint32_t>(source.size())).raw(packed));
  ASSERT_TRUE(inflated.has_value());
  EXPECT_EQ(inflated->terms[1][0], 'd');
  EXPECT_EQ(read_literals(BytesBuilder().u32(5).raw(packed)).error().error, Error::BadCompression);
  EXPECT_EQ(read_literals(BytesBuilder().u32(0xffffffff).raw(packed)).error().error, Error::BadCompression);
  EXPECT_EQ(read_literals(BytesBuilder().u32(0).u32(1000)).error().error, Error::BadCount);
}

TEST(Tables, TypeVersions) {
  auto version1 = read_types(BytesBuilder().u32(1).u32(2).u16(0x1fff).i64(0).i64(-1).u16(1 << 6).i64(-5).i64(7));
  ASSERT_TRUE(version1.has_value());
  EXPECT_FALSE(version1->is_fallback);
  EXPECT_EQ(version1->types[0].bits, type_bits::kAny);
  EXPECT_EQ(version1->types[1].bits, type_bits::kInteger);
  EXPECT_TRUE(version1->types[1].has_min);
  EXPECT_EQ(version1->types[1].min, -5);
  EXPECT_EQ(version1->types[1].max, 7);
  auto version3 = read_types(BytesBuilder().u32(3).u32(3).u16(0x0fff).u16(1 << 5 | 1 << 13).i64(9).u16(1 << 1 | 1 << 14).u8(7));
  ASSERT_TRUE(version3.has_value());
  EXPECT_FALSE(version3->types[1].has_min);
  EXPECT_EQ(version3->types[1].max, 9);
  EXPECT_EQ(version3->types[2].unit, 8);
  auto version4 = read_types(BytesBuilder().u32(4).u32(2).u16(0x1fff).u16(1 << 12 | 1 << 11));
  ASSERT_TRUE(version4.has_value());
  EXPECT_EQ(version4->types[1].bits, type_bits::kRecord | type_bits::kTuple);
  auto unknown = read_types(BytesBuilder().u32(99).u32(2));
  ASSERT_TRUE(unknown.has_value());
  EXPECT_TRUE(unknown->is_fallback);
  EXPECT_EQ(unknown->types.size(), 1u);
  EXPECT_EQ(read_types(BytesBuilder().u32(3).u32(1).u16(1)).error().error, Error::BadValue);
  EXPECT_EQ(read_types(BytesBuilder().u32(3).u32(2).u16(0x0fff).u16(1 | 1 << 12).i64(1)).error().error, Error::BadValue);
}

TEST(Tables, Lines) {
  const BytesBuilder table = BytesBuilder().u32(0).u32(0).u32(4).u32(2).u32(1).u8(0x51).u8(0x12).u8(0x09).u8(200).u16(3).text("a.h");
  auto lines = read_lines(table);
  ASSERT_TRUE(lines.has_value());
  ASSERT_EQ(lines->items.size(), 3u);
  EXPECT_EQ(lines->items[1].line, 5u);
  EXPECT_EQ(lines->items[2].file, 1u);
  EXPECT_EQ(lines->items[2].line, 200u);
  EXPECT_EQ(lines->files[1], "a.h");
  EXPECT_EQ(read_lines(BytesBuilder().u32(0).u32(0).u32(4).u32(1).u32(0).u8(0x10)).error().error, Error::BadTag);
  EXPECT_EQ(read_lines(BytesBuilder().u32(1)).value().items.size(), 1u);
}

BytesBuilder form(const BytesBuilder& chunks) {
  const Bytes body = chunks;
  return BytesBuilder().text("FOR1").u32(static_cast<std::uint32_t>(body.size() + 4)).text("BEAM").raw(body);
}

TEST(ContainerTest, ChunksAndPadding) {
  const BytesBuilder file = form(BytesBuilder().text("AAAA").u32(3).text("abc").u8(0).text("BBBB").u32(0).text("AAAA").u32(4).text("last"));
  auto container = Container::parse(file);
  ASSERT_TRUE(container.has_value());
  EXPECT_EQ(container->chunks().size(), 3u);
  const Bytes last = container->find(chunk_id("AAAA"));
  EXPECT_EQ(std::string(last.begin(), last.end()), "last");
  EXPECT_TRUE(container->find(chunk_id("CCCC")).empty());
  EXPECT_EQ(Container::parse(form(BytesBuilder().text("AAAA").u32(3).text("abc"))).error().error, Error::Truncated);
  EXPECT_EQ(Container::parse(BytesBuilder().text("FOR2")).error().error, Error::NotABeamFile);
  EXPECT_EQ(Container::parse(BytesBuilder()).error().error, Error::NotABeamFile);
  EXPECT_EQ(ModuleFile::read(form(BytesBuilder())).error().error, Error::MissingChunk);
}

TEST(ContainerTest, Gunzip) {
  std::string plain(5000, 'x');
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::vector<std::uint8_t> packed(1000);
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_TRUE(is_gzip(packed));
  EXPECT_EQ(gunzip(packed, 5000).value().size(), 5000u);
  EXPECT_FALSE(gunzip(packed, 4999).has_value());
  packed.resize(packed.size() / 2);
  EXPECT_FALSE(gunzip(packed, 5000).has_value());
}

}  // namespace
}  // namespace vm::beamfile
