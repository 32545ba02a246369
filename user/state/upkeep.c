// SPDX-License-Identifier: BSD-2-Clause
/*
 * upkeep.c - cleanup, and the length of histories at each level of memory pressure.
 */
#include "state/upkeep.h"

#include <stddef.h>

#include <weft/pressure.h>

#include "state/store.h"

enum { CHANGES = 8 };

/* Maximum number of older versions of each key, indexed by enum weft_pressure_level. */
static const uint32_t histories[] = {WF_STORE_HISTORY_MAX, WF_STORE_HISTORY_MAX,
				     WF_STORE_HISTORY_MAX / 2, 0};
_Static_assert(sizeof(histories) / sizeof(histories[0]) == WEFT_PRESSURE_LEVEL_COUNT,
	       "one for each level");

static void read_level(struct wf_state_upkeep *upkeep, const struct weft *weft)
{
	struct weft_pressure_change changes[CHANGES];
	size_t count;

	do {
		count = weft_pressure_changes(weft, upkeep->seen, changes, CHANGES);
		if (!count)
			return;
		upkeep->seen = changes[count - 1].number;
		upkeep->level = changes[count - 1].to;
	} while (count == CHANGES);
}

void wf_state_upkeep(struct wf_state_upkeep *upkeep, struct wf_store *store,
		     const struct weft *weft, uint64_t now_ns)
{
	if (!store)
		return;
	wf_store_cleanup(store, now_ns);
	read_level(upkeep, weft);
	if (upkeep->levels_done == upkeep->level + 1)
		return;
	if (!wf_store_limit_history(store, histories[upkeep->level], NULL))
		upkeep->levels_done = upkeep->level + 1;
}
