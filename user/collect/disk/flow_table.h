/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_table.h - the connections whose messages are being collected, and those that ended lately.
 *
 * A connection that ended stays in the table, so that a message about it that arrives again is
 * recognised, and its number is not used again. If ended connections have more than 1/4 of all
 * entries, the first that ended is removed when a new one is added.
 *
 * Bound: @max connections, allocated at init. At the limit the connection that ended first is
 * removed, or, if there is none, the live one that was silent longest. Thread: the collector's.
 */
#ifndef WF_COLLECT_DISK_FLOW_TABLE_H
#define WF_COLLECT_DISK_FLOW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

#include "bus/names.h"
#include "sink/format/stream_name.h"

struct wf_collect_source;

/*
 * struct wf_collect_flow - a connection
 * @peers: addresses, ports, VLAN ids, VNI and use
 * @number: the number in the names of both files
 * @end_off: stream offset after the last byte, gap or drop, by direction
 * @batch: number of the batch that changed this entry last
 */
struct wf_collect_flow {
	uint64_t boot;
	uint64_t id;
	struct weft_flow peers;
	struct wf_stream_number number;
	uint64_t end_off[WEFT_DIR_COUNT];
	uint64_t batch;
	struct wf_collect_source *source; /* borrowed from the table */
	int64_t last_sec;		  /* monotonic time of the last message */
	uint32_t slot[WEFT_DIR_COUNT];	  /* slot of the open file, set by files.c; 0: not open */
	bool has_failed[WEFT_DIR_COUNT];  /* the file of the direction can't be written */
	bool is_changed;		  /* the next commit writes an E record of this entry */
	/*
	 * only the name is in the journal, from a batch that was not committed, so the server sends
	 * the first message again
	 */
	bool is_intended;
	bool is_orphan; /* the open message is missing, so the first message may have any offset */
	bool is_closed;
	uint32_t next_by_id, next_by_peers; /* hash chains: index + 1 */
	uint32_t older, newer;		    /* list of live or of ended connections: index + 1 */
	uint32_t older_of_source, newer_of_source; /* list of the source's live connections */
};

/*
 * struct wf_collect_source - one sensor in one partition; its messages of other partitions may
 * arrive earlier or later
 * @boot: start time of the newest run of the sensor of which a message arrived
 * @boot_before: start time of the run before that one; 0: not known. A message of it means that
 *               two sensors have the same name (admit.c).
 */
struct wf_collect_source {
	char sensor[WF_BUS_SENSOR_BYTES];
	uint32_t partition;
	uint64_t boot, boot_before;
	uint32_t newest; /* the newest live connection: index + 1 */
	uint32_t next;	 /* hash chain: index + 1 */
};

struct wf_collect_list {
	uint32_t oldest, newest; /* index + 1 */
	uint32_t count;
};

enum {
	WF_COLLECT_SOURCES_MAX = 16384,
	WF_COLLECT_FLOWS_MIN = 16384,
	/* if ended connections have more than 1/4 of all entries, the oldest gives way to a new one
	 */
	WF_COLLECT_ENDED_PARTS = 4,
};

struct wf_collect_flows {
	struct wf_collect_flow *flows;	   /* owned: @max entries */
	struct wf_collect_source *sources; /* owned */
	uint32_t *by_id, *by_peers;	   /* owned: heads of hash chains, index + 1 */
	uint32_t *by_sensor;
	uint32_t max, buckets_mask;
	uint32_t sources_used;
	uint32_t free; /* first free entry, linked by next_by_id: index + 1 */
	struct wf_collect_list live, ended;
	uint64_t batch; /* number of the current batch, whose entries are not removed */
};

/*
 * Return the number of connections for which @bytes are enough; at least WF_COLLECT_FLOWS_MIN, at
 * most 2^26.
 */
uint32_t wf_collect_flows_fit(uint64_t bytes);

/* Initialise an empty table. Return: 0; -ENOMEM. */
int wf_collect_flows_init(struct wf_collect_flows *table, uint32_t max);
void wf_collect_flows_fini(struct wf_collect_flows *table);

/* Return the source of @sensor in @partition, made if it is missing; NULL at the limit. */
struct wf_collect_source *wf_collect_source_get(struct wf_collect_flows *table, const char *sensor,
						uint32_t partition);

/* Return the connection; NULL if it is not in the table. */
struct wf_collect_flow *wf_collect_flow_find(const struct wf_collect_flows *table,
					     const struct wf_bus_flow *flow);

/*
 * Return the connection that must be removed before a new one is added; NULL if there is room and
 * ended connections have at most their share, or if the current batch uses all entries that could
 * be removed.
 */
struct wf_collect_flow *wf_collect_flow_victim(const struct wf_collect_flows *table);

/*
 * Add a live connection, which is not in the table. The caller chooses its number, which must not
 * be taken (wf_collect_flow_is_taken()). Return: the connection; NULL if there is no room.
 */
struct wf_collect_flow *wf_collect_flow_add(struct wf_collect_flows *table,
					    struct wf_collect_source *source,
					    const struct wf_bus_flow *id,
					    const struct weft_flow *peers);

/* Remove a connection, whose files are not open. */
void wf_collect_flow_remove(struct wf_collect_flows *table, struct wf_collect_flow *flow);

/* Record that a message about @flow arrived. */
void wf_collect_flow_touch(struct wf_collect_flows *table, struct wf_collect_flow *flow);

/* Record that @flow, which is live, has ended. */
void wf_collect_flow_end(struct wf_collect_flows *table, struct wf_collect_flow *flow);

/*
 * Return true if a connection in the table, other than @self, has files with the names of
 * connection @peers and @number. @is_live: ignore connections that had ended before the current
 * batch.
 */
bool wf_collect_flow_is_taken(const struct wf_collect_flows *table, const struct weft_flow *peers,
			      struct wf_stream_number number, const struct wf_collect_flow *self,
			      bool is_live);

/* Return the next older live connection of the same source; NULL if there is none. */
struct wf_collect_flow *wf_collect_flow_older(const struct wf_collect_flows *table,
					      const struct wf_collect_flow *flow);
struct wf_collect_flow *wf_collect_source_newest(const struct wf_collect_flows *table,
						 const struct wf_collect_source *source);

/* Return the next newer connection of the list of @flow; NULL if there is none. */
struct wf_collect_flow *wf_collect_flow_newer(const struct wf_collect_flows *table,
					      const struct wf_collect_flow *flow);
struct wf_collect_flow *wf_collect_list_oldest(const struct wf_collect_flows *table,
					       const struct wf_collect_list *list);

/* Write the identity of @flow. */
void wf_collect_flow_id(const struct wf_collect_flow *flow, struct wf_bus_flow *ret_id);

#endif
