// SPDX-License-Identifier: BSD-2-Clause
/*
 * show_pcap.c - writes connections as packets of a pcapng file.
 *
 * An interface is described in the file when its first connection arrives, because the agent sends
 * names of interfaces only with connections. The interfaces of the file are numbered in this order.
 *
 * Memory: as stated in pcap_events.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/client.h>
#include <weft/limits.h>

#include "cli/say.h"
#include "cli/subscribe/show_format.h"
#include "pcap/pcap_events.h"

enum {
	IFNAME_BYTES = 16,
	/* room for the description of an interface */
	INTERFACE_BYTES = 256,
};

struct pcap {
	char interfaces[WEFT_INTERFACES_MAX][IFNAME_BYTES];
	uint8_t interfaces_count;
	uint64_t failed_events; /* events whose connection is not known any more */
	struct wf_pcap_events events;
};

/* ---- functions that pcap_events.c calls; @ctx is the struct wf_show ---- */

/*
 * Write all of @bytes. The first signal does not end the write, so that the last packet is
 * complete; a second signal does, because the reader may have stopped reading.
 */
static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	int signals = 0;
	size_t done = 0;

	while (done < len) {
		ssize_t got = write(fd, bytes + done, len - done);

		if (got >= 0)
			done += (size_t)got;
		else if (errno != EINTR || signals++)
			return -errno;
	}
	return 0;
}

static int write_blocks(void *ctx)
{
	struct wf_show *show = ctx;
	struct pcap *pcap = show->state;
	struct wf_pcapng_out *blocks = &pcap->events.buffer.blocks;
	int err = write_all(fileno(show->out), blocks->bytes, blocks->len);

	blocks->len = 0;
	return err;
}

static void fail_event(void *ctx, uint64_t len_bytes)
{
	struct wf_show *show = ctx;
	struct pcap *pcap = show->state;

	show->lost_events++;
	show->lost_bytes += len_bytes;
	if (!pcap->failed_events++ && !pcap->events.buffer.err)
		wf_say_error("subscribe: lost: events of connections whose addresses are not known "
			     "any more, because more than %d were open",
			     WEFT_CLIENT_FLOWS);
}

static void warn(void *ctx, const char *message)
{
	wf_say_error("subscribe: %s", message);
}

static const struct wf_pcap_owner owner = {
	.write = write_blocks,
	.fail = fail_event,
	.warn = warn,
	.begins_late = true,
};

/* ---- the format ---- */

static int open_pcap(struct wf_show *show)
{
	struct pcap *pcap = calloc(1, sizeof(*pcap));

	if (!pcap || wf_pcap_events_init(&pcap->events, &owner, show)) {
		free(pcap);
		return -ENOMEM;
	}
	wf_pcap_buffer_begin_section(&pcap->events.buffer);
	show->state = pcap;
	return 0;
}

/*
 * Return the number of the interface @name in the file, from 1. If it is new, describe it in the
 * file; if there is no room for it, return 1.
 */
static uint8_t number_of(struct pcap *pcap, const char *name)
{
	struct wf_pcap_buffer *buffer = &pcap->events.buffer;

	for (uint8_t i = 0; i < pcap->interfaces_count; i++)
		if (!strcmp(pcap->interfaces[i], name))
			return i + 1;
	if (pcap->interfaces_count == WEFT_INTERFACES_MAX ||
	    !wf_pcap_buffer_has_room(buffer, INTERFACE_BYTES))
		return 1;
	snprintf(pcap->interfaces[pcap->interfaces_count], IFNAME_BYTES, "%s", name);
	wf_pcapng_out_interface(&buffer->blocks, *name ? name : NULL, NULL);
	return ++pcap->interfaces_count;
}

static enum wf_show_result show_pcap(struct wf_show *show, const struct weft_event *event)
{
	struct pcap *pcap = show->state;
	struct weft_event here = *event;
	uint64_t failed_events = pcap->failed_events;
	struct weft_flow flow;

	if (event->flow && event->flow->ip_version) {
		flow = *event->flow;
		flow.interface = number_of(pcap, weft_client_interface(show->client));
		here.flow = &flow;
	}
	wf_pcap_events_take(&pcap->events, &here);
	show->err = pcap->events.buffer.err;
	if (show->err)
		return WF_SHOW_END;
	return pcap->failed_events == failed_events ? WF_SHOW_PRINTED : WF_SHOW_NOTHING;
}

static int flush_pcap(struct wf_show *show)
{
	return write_blocks(show);
}

static void close_pcap(struct wf_show *show)
{
	struct pcap *pcap = show->state;

	/* Some readers reject a section without an interface, so an unnamed one is described. */
	if (!pcap->interfaces_count)
		number_of(pcap, "");
	wf_pcap_events_finish(&pcap->events);
	wf_pcap_events_fini(&pcap->events);
}

const struct wf_show_format wf_show_pcap = {
	.name = "pcap",
	.events = WF_PCAP_EVENTS,
	.allowed = 0,
	.open = open_pcap,
	.event = show_pcap,
	.flush = flush_pcap,
	.close = close_pcap,
};
