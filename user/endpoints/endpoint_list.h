/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint_list.h - selects hosts of a table: of the hosts with a prefix, the first N in an order.
 *
 * Memory: 2 * N hosts during the call. Thread: any.
 */
#ifndef WF_ENDPOINTS_ENDPOINT_LIST_H
#define WF_ENDPOINTS_ENDPOINT_LIST_H

#include <stdint.h>

#include <weft/opts.h>

#include "endpoints/endpoint.h"

struct wf_endpoints;

enum wf_endpoint_sort {
	WF_ENDPOINT_SORT_LAST = 0,    /* most recently seen first */
	WF_ENDPOINT_SORT_FIRST,	      /* earliest first_ns first */
	WF_ENDPOINT_SORT_BYTES,	      /* most sent and received bytes first */
	WF_ENDPOINT_SORT_CONNECTIONS, /* most connections first */
	WF_ENDPOINT_SORT_OPEN,	      /* most open connections first */
	WF_ENDPOINT_SORT_ADDRESS,     /* in the order of addresses, IPv6 addresses last */
};
#define WF_ENDPOINT_SORT_COUNT (WF_ENDPOINT_SORT_ADDRESS + 1)

/* Return the name of the order; static. */
const char *wf_endpoint_sort_name(enum wf_endpoint_sort sort);

/* struct wf_endpoint_query - @prefix: one of 0 bits selects all hosts; @max: N, at least 1 */
struct wf_endpoint_query {
	struct weft_prefix prefix;
	enum wf_endpoint_sort sort;
	uint32_t max;
};

/*
 * Select hosts. *@ret_hosts: freed by the caller; *@ret_total: the number of hosts with the prefix,
 * including those beyond @max. Return: the number of hosts in *@ret_hosts; -ENOMEM; -ETIMEDOUT.
 */
int64_t wf_endpoint_list_new(struct wf_endpoints *table, const struct wf_endpoint_query *query,
			     struct wf_endpoint **ret_hosts, uint64_t *ret_total);

#endif
