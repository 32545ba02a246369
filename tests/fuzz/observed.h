/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observed.h - collects the connections that weft or the oracle reports, and compares them with the
 * truth of a batch.
 */
#ifndef TESTS_FUZZ_OBSERVED_H
#define TESTS_FUZZ_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>

#include "fuzz/conversation.h"

struct observed_dir {
	uint8_t *bytes; /* data; the bytes of gaps are 0 */
	uint64_t len;	/* length of data and gaps together */
	uint64_t room;
	struct conv_gap *gaps; /* adjacent gaps are merged */
	uint32_t gaps_count;
};

/* One connection; index 0 is the client's side. */
struct observed {
	struct weft_flow flow;
	struct observed_dir dir[2]; /* indexed by enum weft_dir */
	bool closed;
	enum weft_close_reason reason;
	uint32_t anomalies; /* 1u << enum weft_anomaly */
	bool midstream;
	bool claimed; /* set while comparing: a truth was matched with this connection */
};

struct observed_set {
	struct observed *all;
	uint32_t count;
	uint32_t room;
	uint32_t limits;     /* 1u << enum weft_gap_cause: limits that may be reached */
	char error[512];     /* first rule that was violated; "" if none */
	uint16_t error_port; /* port of the connection that violated the rule */
	uint16_t trace_port; /* not 0: print the events of connections with this port */
};

void observed_fini(struct observed_set *set);

/* Adds a connection. Return: the connection; the pointer is valid until the next call. */
struct observed *observed_add(struct observed_set *set, const struct weft_flow *flow);
void observed_data(struct observed_dir *dir, const uint8_t *bytes, uint64_t len);
void observed_gap(struct observed_dir *dir, uint64_t len, enum weft_gap_cause cause);

/*
 * A weft_event_fn with a struct observed_set as context: collects events, and checks that OPEN
 * comes first, CLOSE last and once, and offsets have no holes.
 */
int observed_event(const struct weft_event *event, void *ctx);

/*
 * Compares the causes of the gaps that both sets have. @acked: true if only acknowledged data was
 * delivered; then unacknowledged data behind a hole starts no timer. Return: NULL, or a text (in
 * @set->error); @ret_port: port of a connection whose causes differ.
 */
const char *observed_compare_causes(struct observed_set *set, const struct observed_set *other,
				    bool acked, uint16_t *ret_port);

/*
 * Compares the connections with the truth. @with_reasons: also compares reasons of closes and
 * anomalies. Return: NULL, or a text (in @set->error) that describes the first difference.
 */
const char *observed_compare(struct observed_set *set, const struct conv_batch *batch,
			     bool with_reasons, uint32_t *ret_conversation);

#endif
