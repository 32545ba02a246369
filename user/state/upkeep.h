/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upkeep.h - periodic work on the store of an agent: ends abandoned watches and transactions, and
 * keeps fewer older versions while memory is short.
 *
 * Thread: one at a time.
 */
#ifndef WF_STATE_UPKEEP_H
#define WF_STATE_UPKEEP_H

#include <stdint.h>

struct weft;
struct wf_store;

/** struct wf_state_upkeep - the work that was done for one handle; zero-initialise */
struct wf_state_upkeep {
	uint64_t seen;	      /* number of the latest change of the pressure level that was read */
	uint32_t level;	      /* enum weft_pressure_level */
	uint32_t levels_done; /* level for which histories were limited, plus 1; 0: none */
};

/* Do the work that is due. The caller calls this several times a second. @store: may be NULL. */
void wf_state_upkeep(struct wf_state_upkeep *upkeep, struct wf_store *store,
		     const struct weft *weft, uint64_t now_ns);

#endif
