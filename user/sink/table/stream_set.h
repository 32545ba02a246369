/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_set.h - keeps a number for each stream whose entry in stream_table.h was reused, to
 * continue its file: the number in its name, whether the name contains VLAN ids and VNI, or that
 * the file failed.
 *
 * Memory: 16 to 32 bytes for each of at most WF_STREAM_SET_MAX streams, in an array that grows.
 * Thread: the sink's.
 */
#ifndef WF_SINK_TABLE_STREAM_SET_H
#define WF_SINK_TABLE_STREAM_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "sink/table/stream_table.h"

#define WF_STREAM_SET_MAX (1u << 21)

/* maximum of a kept number: 9 bits */
#define WF_STREAM_NUMBER_MAX 511u

/* a number in the name of a file is too large to be kept from this value on */
#define WF_STREAM_NUMBER_LOST 255u

struct wf_stream_set {
	uint64_t *slots; /* owned; key in the low 55 bits, number in the others; 0: free */
	uint32_t mask;	 /* number of slots - 1 */
	uint32_t count;
};

/* Return: 0 on success; -ENOMEM. */
int wf_stream_set_init(struct wf_stream_set *set);
void wf_stream_set_fini(struct wf_stream_set *set);

/* Remove all keys. */
void wf_stream_set_clear(struct wf_stream_set *set);

/*
 * Keep @number of the stream @key, which is not in the set; 0 < @number <= WF_STREAM_NUMBER_MAX.
 * Return: false if the set is full, or if there is no memory.
 */
bool wf_stream_set_add(struct wf_stream_set *set, uint64_t key, uint32_t number);

/* Remove @key. Return: its number; 0 if it is not in the set. */
uint32_t wf_stream_set_take(struct wf_stream_set *set, uint64_t key);

/*
 * Keep what is needed to continue @file, whose entry is removed from the table. A file whose number
 * in its name is WF_STREAM_NUMBER_LOST or more can't be continued. Return: false if there is no
 * room.
 */
bool wf_stream_set_keep(struct wf_stream_set *set, const struct wf_stream_file *file);

/*
 * Set the members of @file, a new entry of the table, to the values kept for its stream, if there
 * are any. Return: false if the file can't be continued, because its number was too large to be
 * kept. It is then set as failed, and later calls for this stream return true.
 */
bool wf_stream_set_recall(struct wf_stream_set *set, struct wf_stream_file *file);

#endif
