/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_table.h - the table of open connections: their sequence numbers and stream offsets.
 *
 * Memory: a fixed number of entries, touched only as they are used. Thread: that of the buffer's
 * owner.
 */
#ifndef WF_PCAP_PCAP_TABLE_H
#define WF_PCAP_PCAP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

#define WF_PCAP_MIDSTREAM    (1u << 0) /* the handshake was not captured */
#define WF_PCAP_MADE_UP_ISNS (1u << 1) /* at least one ISN is derived from the id */
#define WF_PCAP_SPLIT	     (1u << 2) /* the beginning is missing, because the table was full */
#define WF_PCAP_BEGUN	     (1u << 3) /* the handshake was written, or there is none to write */
#define WF_PCAP_WRITTEN	     (1u << 4) /* at least one segment was written */
#define WF_PCAP_UNWRITTEN    (1u << 5) /* bytes were left out because there was no room for them */
/* the offset of the first byte of direction dir is known */
#define WF_PCAP_STARTED(dir) (1u << (6 + (dir)))
/* a FIN of direction dir was written */
#define WF_PCAP_FIN(dir)     (1u << (8 + (dir)))
/* the bytes before the offsets of the OPEN event are not in the file (wf_pcap_owner.begins_late) */
#define WF_PCAP_JOINED	     (1u << 10)

/* A connection of which segments are written. */
struct wf_pcap_conn {
	struct weft_flow flow; /* id 0: the entry is free */
	uint64_t last_ns;      /* time of the last segment */
	uint64_t next_off[2];  /* stream offset of the next byte of each direction */
	uint32_t isn[2];       /* sequence number of the SYN of each direction's sender */
	uint32_t section;      /* number of the section that has its last segment */
	uint32_t chain;	       /* next entry of its hash bucket, or of the free list */
	uint32_t older, newer; /* entries that were used before and after it */
	uint16_t flags;	       /* WF_PCAP_* */
};

struct wf_pcap_table {
	struct wf_pcap_conn *conns; /* owned; index 0 is not used */
	uint32_t *buckets;	    /* owned */
	uint32_t buckets_count;	    /* a power of two */
	uint32_t max;		    /* number of entries */
	uint32_t used;		    /* number of entries that were ever used */
	uint32_t free;		    /* head of the list of entries that are free again */
	uint32_t oldest, newest;    /* by last use; 0: the table is empty */
};

/* Initialise a table of @max entries. Return: 0 on success; -ENOMEM. */
int wf_pcap_table_init(struct wf_pcap_table *table, uint32_t max);
void wf_pcap_table_fini(struct wf_pcap_table *table);

/* Return the entry of the connection @id, which is now the newest one; NULL if there is none. */
struct wf_pcap_conn *wf_pcap_table_use(struct wf_pcap_table *table, uint64_t id);

/*
 * Return a new entry for @flow, zero except for the flow; NULL if the table is full: the caller
 * must first remove the oldest entry.
 */
struct wf_pcap_conn *wf_pcap_table_add(struct wf_pcap_table *table, const struct weft_flow *flow);
void wf_pcap_table_remove(struct wf_pcap_table *table, struct wf_pcap_conn *conn);

/* Return the entry that was used longest ago; NULL if there is none. */
struct wf_pcap_conn *wf_pcap_table_oldest(struct wf_pcap_table *table);

#endif
