/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunks.h - collects the bytes of a connection into messages of up to 64 KiB.
 *
 * A DATA event is often one segment, and a message for each segment would cost a server of NATS far
 * more than its bytes. So consecutive bytes of one direction are collected until the caller ends
 * the chunk (wf_chunks_end_older()). A chunk also ends when it is full, when bytes are missing
 * after it, or when the other direction sends, so requests and responses stay in order.
 *
 * A connection has at most one chunk. Memory: 160 bytes for each of chunks_max, and buffers of
 * bytes_max, which one growing buffer may exceed during a call. At a limit the oldest chunk is
 * passed to opts.fn. Thread: one.
 */
#ifndef WF_SINK_NATS_CHUNKS_H
#define WF_SINK_NATS_CHUNKS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

struct wf_chunks;

/* struct wf_chunk - bytes of one direction; @time_ns: capture time of the first one */
struct wf_chunk {
	struct weft_flow flow;
	enum weft_dir dir;
	uint64_t off;
	uint64_t time_ns;
	const uint8_t *bytes;
	uint32_t len_bytes;
};

/* Receive a chunk, which is lent for the call. Return: 0; negative errno. */
typedef int (*wf_chunk_fn)(const struct wf_chunk *chunk, void *ctx);

struct wf_chunks_opts {
	uint32_t chunks_max;
	uint64_t bytes_max;
	uint32_t chunk_bytes_max; /* maximum length of a chunk; at least 4096 */
	wf_chunk_fn fn;
	void *ctx;
};

/* Return: 0; -ENOMEM. */
int wf_chunks_new(const struct wf_chunks_opts *opts, struct wf_chunks **ret_chunks);

/* Free the chunks; bytes that were not passed to opts.fn are lost. NULL is allowed. */
void wf_chunks_free(struct wf_chunks *chunks);

/*
 * The functions below pass chunks to opts.fn. They return 0, or the first error of opts.fn. A chunk
 * is removed after its call, also if the call failed.
 *
 * Add the bytes of the DATA event @event. May return -ENOMEM.
 */
int wf_chunks_add(struct wf_chunks *chunks, const struct weft_event *event, uint64_t now_ns);

/* Pass the chunk of a connection, if there is one, to opts.fn. */
int wf_chunks_end_flow(struct wf_chunks *chunks, uint64_t flow_id);

/* Pass the chunks that began at or before @before_ns to opts.fn. UINT64_MAX: all. */
int wf_chunks_end_older(struct wf_chunks *chunks, uint64_t before_ns);

/* Return the number of chunks. */
uint32_t wf_chunks_count(const struct wf_chunks *chunks);

#endif
