// SPDX-License-Identifier: Apache-2.0
//
// The binary interface of native libraries: sizes and places as libraries were compiled with, against the headers the emulator is built with.
// A header that disagrees does not belong to this interface: libraries built with another would read and write the wrong words.
#include <erl_driver.h>
#include <erl_nif.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#define AT(type, field, place) static_assert(offsetof(type, field) == (place), #type "." #field)
#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)

SIZE(ERL_NIF_TERM, 8);
SIZE(ErlDrvTermData, 8);
SIZE(ErlNifPid, 8);
SIZE(ErlNifPort, 8);
SIZE(ErlNifMonitor, 32);
SIZE(ErlDrvMonitor, 32);
SIZE(ErlNifTime, 8);
SIZE(ErlDrvTime, 8);
SIZE(ErlNifEvent, 4);
SIZE(ErlDrvEvent, 8);
SIZE(ErlDrvSizeT, 8);
SIZE(ErlNifTid, 8);
SIZE(ErlNifTSDKey, 4);

SIZE(ErlNifFunc, 32);
AT(ErlNifFunc, name, 0);
AT(ErlNifFunc, arity, 8);
AT(ErlNifFunc, fptr, 16);
AT(ErlNifFunc, flags, 24);

SIZE(ErlNifEntry, 96);
AT(ErlNifEntry, major, 0);
AT(ErlNifEntry, minor, 4);
AT(ErlNifEntry, name, 8);
AT(ErlNifEntry, num_of_funcs, 16);
AT(ErlNifEntry, funcs, 24);
AT(ErlNifEntry, load, 32);
AT(ErlNifEntry, reload, 40);
AT(ErlNifEntry, upgrade, 48);
AT(ErlNifEntry, unload, 56);
AT(ErlNifEntry, vm_variant, 64);
AT(ErlNifEntry, options, 72);
AT(ErlNifEntry, sizeof_ErlNifResourceTypeInit, 80);
AT(ErlNifEntry, min_erts, 88);

SIZE(ErlNifBinary, 40);
AT(ErlNifBinary, size, 0);
AT(ErlNifBinary, data, 8);
AT(ErlNifBinary, ref_bin, 16);

SIZE(ErlNifResourceTypeInit, 40);
AT(ErlNifResourceTypeInit, dtor, 0);
AT(ErlNifResourceTypeInit, stop, 8);
AT(ErlNifResourceTypeInit, down, 16);
AT(ErlNifResourceTypeInit, members, 24);
AT(ErlNifResourceTypeInit, dyncall, 32);

SIZE(ErlNifMapIterator, 56);

SIZE(ErlNifIOVec, 424);
AT(ErlNifIOVec, iovcnt, 0);
AT(ErlNifIOVec, size, 8);
AT(ErlNifIOVec, iov, 16);
AT(ErlNifIOVec, ref_bins, 24);
AT(ErlNifIOVec, flags, 32);
AT(ErlNifIOVec, small_iov, 40);
AT(ErlNifIOVec, small_ref_bin, 296);

SIZE(ErlNifSysInfo, 56);
SIZE(ErlDrvSysInfo, 56);
AT(ErlDrvSysInfo, driver_major_version, 0);
AT(ErlDrvSysInfo, driver_minor_version, 4);
AT(ErlDrvSysInfo, erts_version, 8);
AT(ErlDrvSysInfo, otp_release, 16);
AT(ErlDrvSysInfo, thread_support, 24);
AT(ErlDrvSysInfo, smp_support, 28);
AT(ErlDrvSysInfo, async_threads, 32);
AT(ErlDrvSysInfo, scheduler_threads, 36);
AT(ErlDrvSysInfo, nif_major_version, 40);
AT(ErlDrvSysInfo, nif_minor_version, 44);
AT(ErlDrvSysInfo, dirty_scheduler_support, 48);

SIZE(ErlDrvBinary, 16);
AT(ErlDrvBinary, orig_size, 0);
AT(ErlDrvBinary, orig_bytes, 8);

SIZE(SysIOVec, 16);
AT(SysIOVec, iov_base, 0);
AT(SysIOVec, iov_len, 8);

SIZE(ErlIOVec, 32);
AT(ErlIOVec, vsize, 0);
AT(ErlIOVec, size, 8);
AT(ErlIOVec, iov, 16);
AT(ErlIOVec, binv, 24);

SIZE(ErlDrvEntry, 176);
AT(ErlDrvEntry, init, 0);
AT(ErlDrvEntry, start, 8);
AT(ErlDrvEntry, stop, 16);
AT(ErlDrvEntry, output, 24);
AT(ErlDrvEntry, ready_input, 32);
AT(ErlDrvEntry, ready_output, 40);
AT(ErlDrvEntry, driver_name, 48);
AT(ErlDrvEntry, finish, 56);
AT(ErlDrvEntry, handle, 64);
AT(ErlDrvEntry, control, 72);
AT(ErlDrvEntry, timeout, 80);
AT(ErlDrvEntry, outputv, 88);
AT(ErlDrvEntry, ready_async, 96);
AT(ErlDrvEntry, flush, 104);
AT(ErlDrvEntry, call, 112);
AT(ErlDrvEntry, extended_marker, 128);
AT(ErlDrvEntry, major_version, 132);
AT(ErlDrvEntry, minor_version, 136);
AT(ErlDrvEntry, driver_flags, 140);
AT(ErlDrvEntry, handle2, 144);
AT(ErlDrvEntry, process_exit, 152);
AT(ErlDrvEntry, stop_select, 160);
AT(ErlDrvEntry, emergency_close, 168);

static_assert(ERL_NIF_SELECT_READ == 1 && ERL_NIF_SELECT_WRITE == 2 && ERL_NIF_SELECT_STOP == 4);
static_assert(ERL_NIF_SELECT_CANCEL == 8 && ERL_NIF_SELECT_CUSTOM_MSG == 16 && ERL_NIF_SELECT_ERROR == 32);
static_assert(ERL_NIF_SELECT_STOP_CALLED == 1 && ERL_NIF_SELECT_STOP_SCHEDULED == 2 && ERL_NIF_SELECT_INVALID_EVENT == 4);
static_assert(ERL_NIF_SELECT_FAILED == 8 && ERL_NIF_SELECT_READ_CANCELLED == 16 && ERL_NIF_SELECT_WRITE_CANCELLED == 32);
static_assert(ERL_NIF_SELECT_ERROR_CANCELLED == 64 && ERL_NIF_SELECT_NOTSUP == 128);
static_assert(ERL_DRV_EXTENDED_MARKER == 0xfeeeeeed);

namespace {

TEST(Abi, binaries_of_drivers_and_natives_lie_as_declared) {
  ErlDrvBinary* b = driver_alloc_binary(100);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->orig_size, 100);
  EXPECT_EQ(driver_binary_get_refc(b), 1);
  std::memset(b->orig_bytes, 1, 100);
  driver_free_binary(b);
  ErlNifBinary own;
  ASSERT_TRUE(enif_alloc_binary(7, &own));
  EXPECT_EQ(own.size, 7u);
  ASSERT_NE(own.data, nullptr);
  enif_release_binary(&own);
}

}  // namespace
