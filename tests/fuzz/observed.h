/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observed.h - what somebody (weft, or the oracle) says the connections were, and
 * whether that agrees with the truth of a batch.
 */
#ifndef TESTS_FUZZ_OBSERVED_H
#define TESTS_FUZZ_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>

#include "fuzz/conversation.h"

struct observed_dir {
	uint8_t *bytes; /* gaps are zeroes */
	uint64_t len;	/* data and gaps */
	uint64_t room;
	struct conv_gap *gaps; /* neighbours are merged */
	uint32_t gaps_count;
};

/* One connection; index 0 is the side that opened it. */
struct observed {
	struct weft_flow flow;
	struct observed_dir dir[2]; /* enum weft_dir */
	bool closed;
	enum weft_close_reason reason;
	uint32_t anomalies; /* 1u << enum weft_anomaly */
	bool midstream;
	bool claimed; /* by a truth, while comparing */
};

struct observed_set {
	struct observed *all;
	uint32_t count;
	uint32_t room;
	uint32_t limits;     /* 1u << enum weft_gap_cause: that may be reached */
	char error[512];     /* the first broken rule, or empty */
	uint16_t error_port; /* of the connection whose events broke it */
	uint16_t trace_port; /* not 0: print the events of connections with this port */
};

void observed_fini(struct observed_set *set);

/* A connection begins. Return: valid until the next begins. */
struct observed *observed_add(struct observed_set *set, const struct weft_flow *flow);
void observed_data(struct observed_dir *dir, const uint8_t *bytes, uint64_t len);
void observed_gap(struct observed_dir *dir, uint64_t len, enum weft_gap_cause cause);

/*
 * A weft_event_fn with a struct observed_set as context: collects, and checks that
 * OPEN comes first, CLOSE last and once, and offsets leave nothing out.
 */
int observed_event(const struct weft_event *event, void *ctx);

/*
 * Of gaps that both tell of: are the causes the same? @acked: only what was acknowledged was
 * delivered, so no time ran for a hole behind what was not. Return: NULL, or a text (in
 * @set->error); @ret_port: of a connection where they are not.
 */
const char *observed_compare_causes(struct observed_set *set, const struct observed_set *other,
				    bool acked, uint16_t *ret_port);

/* Return: NULL, or a text (in @set->error) that tells the first difference. */
const char *observed_compare(struct observed_set *set, const struct conv_batch *batch,
			     bool with_reasons, uint32_t *ret_conversation);

#endif
