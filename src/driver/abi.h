// SPDX-License-Identifier: Apache-2.0
//
// The driver interface of an installed OTP (Debian: erlang-dev), with words where a term is: driver code never looks inside.
#pragma once

#include <erl_driver.h>
