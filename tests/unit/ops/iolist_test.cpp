// SPDX-License-Identifier: Apache-2.0
// Lengths of iolists, those included that no binary could have.
#include "ops/iolist.h"

#include <gtest/gtest.h>

#include "term/binary_data.h"
#include "unit/support/test_heap.h"

namespace vm::ops {
namespace {

class IolistTest : public ::testing::Test {
 protected:
  // A binary that says to be of this size; its bytes are never looked at.
  Term claimed(std::size_t bytes) {
    term::BinaryData* data = term::BinaryData::create(100);
    return term::make_refc_binary(heap, data, data->bytes, bytes);
  }
  test::TestHeap heap;
};

TEST_F(IolistTest, LengthGoesBeyondBinaries) {
  constexpr std::size_t kHuge = std::size_t{1} << 55;
  Term part = claimed(kHuge);
  Term list = term::kNil;
  for (int i = 0; i < 8; i++) list = heap.cons(part, list);
  list = heap.cons(Term::small(1), list);
  std::uint64_t bytes = 0;
  EXPECT_EQ(iolist_length(list, &bytes), IolistFault::None);
  EXPECT_EQ(bytes, 8 * kHuge + 1);
  std::size_t size = 0;
  EXPECT_EQ(iolist_size(list, &size), IolistFault::TooLong);
}

TEST_F(IolistTest, LengthHasALimit) {
  Term part = claimed(std::size_t{1} << 56);
  Term list = term::kNil;
  for (int i = 0; i < 1000; i++) list = heap.cons(part, list);
  std::uint64_t bytes = 0;
  EXPECT_EQ(iolist_length(list, &bytes), IolistFault::TooLong);
  EXPECT_EQ(iolist_length(heap.cons(Term::small(-1), list), &bytes), IolistFault::BadType);
}

}  // namespace
}  // namespace vm::ops
