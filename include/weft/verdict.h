/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - the kernel's action on the segments that one side of a connection sends.
 *
 * The kernel programs, the workers and the API use the same constants.
 */
#ifndef WEFT_VERDICT_H
#define WEFT_VERDICT_H

#include <weft/table.h>

#define WEFT_VERDICTS(X)                                                                           \
	X(WEFT_VERDICT_STEER, 0, "steer", "wanted segments are redirected or copied to a worker")  \
	X(WEFT_VERDICT_SHUNT, 1, "shunt",                                                          \
	  "bypass: segments are counted in the kernel; only SYN, FIN and RST reach the worker")    \
	X(WEFT_VERDICT_PASS, 2, "pass",                                                            \
	  "segments are only counted in the kernel; no segment reaches the worker, "               \
	  "not even those of later connections between the same endpoints, until "                 \
	  "the verdict is set again, or the flow map evicts the entry")                            \
	X(WEFT_VERDICT_SHED, 3, "shed",                                                            \
	  "segments are only counted in the kernel until a SYN begins another connection; set by " \
	  "the kernel while it sheds new connections")

/** The kernel's action on the segments that one side of a connection sends. */
enum weft_verdict { WEFT_VERDICTS(WEFT_TABLE_ENUM) };
#define WEFT_VERDICT_COUNT (0 WEFT_VERDICTS(WEFT_TABLE_COUNT))

#endif
