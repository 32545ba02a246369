/* SPDX-License-Identifier: BSD-2-Clause */
/* slots.h - iterates over a mask of slots of subscriptions. */
#ifndef WF_DELIVER_SLOTS_H
#define WF_DELIVER_SLOTS_H

#include <stdint.h>

#define WF_EACH_SLOT(slot, mask)                                                                 \
	for (uint32_t left_ = (mask), slot; left_ && (slot = (uint32_t)__builtin_ctz(left_), 1); \
	     left_ &= left_ - 1)

#endif
