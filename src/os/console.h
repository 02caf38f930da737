// SPDX-License-Identifier: Apache-2.0
//
// Where the machine itself speaks, not the programs on it: slogans, the break menu, what cannot be logged. Lines end with \r\n, as stock ends them whether
// or not a terminal is there: it may be one that does not return the carriage by itself.
//
// What is written to console_out() appears when it is flushed, to console_error() at once. Any thread.
#pragma once

#include <cstdio>

namespace vm::os {

std::FILE* console_out();
std::FILE* console_error();

}  // namespace vm::os
