// SPDX-License-Identifier: Apache-2.0
//
// Binaries of drivers: the visible part of the reference-counted bytes that terms point to, so that they go to processes without a copy.
#include "driver/binaries.h"

#include <cstring>

using vm::driver::binary_of;
using vm::driver::data_of;
using vm::term::BinaryData;

extern "C" {

ErlDrvBinary* driver_alloc_binary(ErlDrvSizeT size) {
  if (size > PTRDIFF_MAX / 2) return nullptr;
  return binary_of(BinaryData::create(size));
}

ErlDrvBinary* driver_realloc_binary(ErlDrvBinary* binary, ErlDrvSizeT size) {
  if (!binary) return driver_alloc_binary(size);
  BinaryData* data = data_of(binary);
  if (size > data->capacity) data = BinaryData::grow(data, size);
  data->size = size;
  return binary_of(data);
}

void driver_free_binary(ErlDrvBinary* binary) {
  if (binary) data_of(binary)->release();
}

ErlDrvSInt driver_binary_get_refc(ErlDrvBinary* binary) { return data_of(binary)->refs.load(std::memory_order_acquire); }
ErlDrvSInt driver_binary_inc_refc(ErlDrvBinary* binary) { return data_of(binary)->refs.fetch_add(1, std::memory_order_relaxed) + 1; }
ErlDrvSInt driver_binary_dec_refc(ErlDrvBinary* binary) {
  const ErlDrvSInt left = data_of(binary)->refs.load(std::memory_order_acquire) - 1;
  data_of(binary)->release();
  return left;
}

}  // extern "C"
