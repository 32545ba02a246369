/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - a table of hosts, with a limit.
 *
 * Memory: wf_endpoints_bytes(), allocated at once. Thread: any; calls that read or change hosts
 * hold a lock.
 */
#ifndef WF_ENDPOINTS_TABLE_H
#define WF_ENDPOINTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoints/endpoint.h"

struct weft_event;
struct wf_endpoints;

/* Return the memory of a table of @hosts_max hosts. */
uint64_t wf_endpoints_bytes(uint32_t hosts_max);

/* Create an empty table. @hosts_max: at least 1. Return: 0; -EIO without random numbers; -ENOMEM.
 */
int wf_endpoints_new(uint32_t hosts_max, struct wf_endpoints **ret_table);

/* NULL is allowed. */
void wf_endpoints_free(struct wf_endpoints *table);

/*
 * Count the OPEN and CLOSE events of @events at both hosts. @now_ns: CLOCK_MONOTONIC. Return: 0;
 * -ETIMEDOUT: none was counted.
 */
int wf_endpoints_take(struct wf_endpoints *table, const struct weft_event *events, int count,
		      uint64_t now_ns);

/* Remove the host @addr. Return: 0; -ENOENT; -ETIMEDOUT. */
int wf_endpoints_remove(struct wf_endpoints *table, const uint8_t addr[16]);

/*
 * Remove the hosts without open connections that were last seen at least @ttl_ns before @now_ns;
 * once events were lost, also those with open connections, whose ends may be among the lost events.
 * @ttl_ns 0: remove none. Return: the number of removed hosts; -ETIMEDOUT.
 */
int64_t wf_endpoints_expire(struct wf_endpoints *table, uint64_t now_ns, uint64_t ttl_ns);

/*
 * Copy up to @max hosts to @ret_hosts, from the slot *@position on, and advance *@position beyond
 * the last one. A host keeps its slot, so calls from slot 0 to the end copy each host that stays in
 * the table once. Return: the number of copied hosts, 0 at the end; -ETIMEDOUT.
 */
int64_t wf_endpoints_read(struct wf_endpoints *table, uint32_t *position,
			  struct wf_endpoint *ret_hosts, uint32_t max);

/** struct wf_endpoints_counts - number of hosts in the table, and of hosts that were removed */
struct wf_endpoints_counts {
	uint64_t hosts;
	uint64_t hosts_max;
	uint64_t evicted; /* number of hosts removed because the table was full */
	uint64_t removed; /* number of hosts removed by wf_endpoints_remove() */
	uint64_t expired; /* number of hosts removed by wf_endpoints_expire() */
};
void wf_endpoints_counts(const struct wf_endpoints *table, struct wf_endpoints_counts *ret_counts);

/*
 * Return true if the hash table and the list in order of events contain the same hosts. No other
 * thread may use @table.
 */
bool wf_endpoints_is_valid(const struct wf_endpoints *table);

#endif
