/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_events.h - turns the events of connections into packets of a capture file.
 *
 * The file has each byte once and in order, so its readers need not reassemble streams.
 *
 * Memory: struct wf_pcap_events, and WEFT_PCAP_CONNS_MAX entries of the table, touched as they are
 * used. If more connections are open, the one that was idle longest is ended in the file; its later
 * events become another connection in the file. Thread: that of the buffer's owner.
 */
#ifndef WF_PCAP_PCAP_EVENTS_H
#define WF_PCAP_PCAP_EVENTS_H

#include <stdint.h>

#include <weft/event.h>
#include <weft/subscribe.h>

#include "pcap/pcap_buffer.h"
#include "pcap/pcap_table.h"

/* Types of the events that a subscription for packets needs. */
#define WF_PCAP_EVENTS                                                       \
	(WEFT_EVENT_BIT(WEFT_EVENT_OPEN) | WEFT_EVENT_BIT(WEFT_EVENT_DATA) | \
	 WEFT_EVENT_BIT(WEFT_EVENT_GAP) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE))

struct wf_pcap_events {
	struct wf_pcap_table table;
	uint64_t splits; /* connections that were ended because the table was full */
	struct wf_pcap_buffer buffer;
};

/* Initialise @events without a connection. Return: 0 on success; -ENOMEM. */
int wf_pcap_events_init(struct wf_pcap_events *events, const struct wf_pcap_owner *owner,
			void *ctx);
void wf_pcap_events_fini(struct wf_pcap_events *events);

/* Write the packets of @event to the buffer, in which the caller has begun a section. */
void wf_pcap_events_take(struct wf_pcap_events *events, const struct weft_event *event);

/* Report the number of connections that were split, if there are any. */
void wf_pcap_events_finish(const struct wf_pcap_events *events);

#endif
