// SPDX-License-Identifier: Apache-2.0
//
// What a driver knows as its binary: the visible part of reference-counted bytes (term/binary_data.h has the layout).
#pragma once

#include <cstddef>

#include "driver/abi.h"
#include "term/binary_data.h"

namespace vm::driver {

static_assert(sizeof(term::BinaryData::size) == sizeof(ErlDrvBinary::orig_size));

// A driver's binary is the reference-counted bytes from `size` on.
inline term::BinaryData* data_of(ErlDrvBinary* binary) {
  return reinterpret_cast<term::BinaryData*>(reinterpret_cast<char*>(binary) - offsetof(term::BinaryData, size));
}
inline ErlDrvBinary* binary_of(term::BinaryData* data) { return reinterpret_cast<ErlDrvBinary*>(&data->size); }

}  // namespace vm::driver
