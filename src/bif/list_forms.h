// SPDX-License-Identifier: Apache-2.0
//
// Native forms of functions of lists (native_forms.h): sorting. They take proper lists of at least two elements, keyed ones of tuples that have
// the position. Long lists are sorted on a dirty scheduler.
//
// The functions order by ==, and what they do with equal elements was observed. usort and ukeysort keep the first of equals. keysort leaves equals in
// their order, unless the list begins with whole tuples that are equal and not the same: these it turns round. sort leaves equals in an order that depends
// on all the others; only for numbers of two kinds, and zeros of two signs, can anybody see it. What is not in that order is declined.
#pragma once

#include "proc/bif_context.h"

namespace vm::bif {

BifResult sort_form(YieldContext& cx, Term list);
BifResult usort_form(YieldContext& cx, Term list);
BifResult keysort_form(YieldContext& cx, Term position, Term list);
BifResult ukeysort_form(YieldContext& cx, Term position, Term list);

}  // namespace vm::bif
