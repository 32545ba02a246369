/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show_format.h - the interface that each format implements, and the output that it prints to.
 *
 * Thread: main.
 */
#ifndef WF_CLI_SUBSCRIBE_SHOW_FORMAT_H
#define WF_CLI_SUBSCRIBE_SHOW_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/subscribe.h>

struct weft_client;
struct wf_show;

/** The outcome of an event. */
enum wf_show_result {
	WF_SHOW_NOTHING = 0, /* nothing was printed */
	WF_SHOW_PRINTED,
	WF_SHOW_END, /* nothing more will be printed */
};

/**
 * struct wf_show_format - a format
 * @events: WEFT_EVENT_BIT() bits of the events that are printed by default
 * @allowed: bits of the events that can be printed
 * @open:   sets wf_show.state; NULL: the format has no state. Returns 0; -ENOMEM
 * @event:  prints an event whose type is in wf_show.events, or a DROP event
 * @flush:  writes data that the format has buffered; NULL: it buffers nothing. Returns 0; negative
 *          errno
 * @close:  prints the end, and frees what @open has allocated besides wf_show.state; may be NULL
 */
struct wf_show_format {
	const char *name;
	uint32_t events;
	uint32_t allowed;
	int (*open)(struct wf_show *show);
	enum wf_show_result (*event)(struct wf_show *show, const struct weft_event *event);
	int (*flush)(struct wf_show *show);
	void (*close)(struct wf_show *show);
};

/** struct wf_show - the output, and the counts for its summary */
struct wf_show {
	const struct wf_show_format *format;
	const struct weft_client *client; /* borrowed */
	FILE *out;			  /* borrowed */
	int err;			  /* negative errno of a failed write; 0: none */
	void *state;			  /* owned; freed with free() */
	uint32_t events;		  /* bits of the events that are printed */
	bool has_data;			  /* JSON contains the bytes of the streams */
	uint64_t printed_events;
	uint64_t data_bytes;  /* bytes in the DATA events that were printed */
	uint64_t gap_bytes;   /* bytes in the GAP events that were printed, except depth_bytes */
	uint64_t depth_bytes; /* bytes in those with the cause WEFT_GAP_DEPTH */
	uint64_t lost_events; /* events that the queue dropped, or that can't be printed */
	uint64_t lost_bytes;
};

extern const struct wf_show_format wf_show_text;
extern const struct wf_show_format wf_show_hex;
extern const struct wf_show_format wf_show_json;
extern const struct wf_show_format wf_show_raw;
extern const struct wf_show_format wf_show_pcap;

#endif
