// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_filter.c - compiles one program per link type and runs it in libpcap's interpreter.
 *
 * An expression may be valid for one link type and invalid for another ("ether host" on raw IP). It
 * must compile for Ethernet or for raw IP. If it does not compile for a link type, no frame of that
 * type matches. Each filter logs this once, for the first such frame of any link type.
 */
#include "capture/file/pcap_filter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "base/log.h"
#include "packet/frame.h"

/* The warning that a filter logs once; any worker may log it while it matches frames. */
struct warning {
	atomic_flag is_given;
	char expression[];
};

struct wf_pcap_filter {
	struct bpf_program programs[WEFT_LINK_COUNT]; /* bf_insns NULL: no frame matches */
	struct warning *warning;		      /* owned; NULL: the filter is only checked */
};

/* for link types whose packets libpcap can't filter */
#define NO_FILTER (-1)

static const int link_dlts[WEFT_LINK_COUNT] = {
	[WEFT_LINK_ETHERNET] = DLT_EN10MB,
	[WEFT_LINK_RAW] = DLT_RAW,
	[WEFT_LINK_NULL] = DLT_NULL,
	[WEFT_LINK_LOOP] = DLT_LOOP,
	[WEFT_LINK_SLL] = DLT_LINUX_SLL,
	[WEFT_LINK_SLL2] = DLT_LINUX_SLL2,
	[WEFT_LINK_PPP] = DLT_PPP,
	[WEFT_LINK_PPP_HDLC] = DLT_PPP_SERIAL,
	/* the program runs on the bytes after the first, which contains the direction */
	[WEFT_LINK_PPP_DIRECTION] = DLT_PPP,
	[WEFT_LINK_PPP_PPPD] = DLT_PPP_PPPD,
	[WEFT_LINK_PPPOE] = DLT_PPP_ETHER,
	[WEFT_LINK_CISCO_HDLC] = DLT_C_HDLC,
	[WEFT_LINK_NFLOG] = NO_FILTER,
	[WEFT_LINK_IEEE80211] = DLT_IEEE802_11,
	[WEFT_LINK_RADIOTAP] = DLT_IEEE802_11_RADIO,
	[WEFT_LINK_PKTAP] = NO_FILTER,
};

int wf_pcap_compile(const char *expression, int dlt, struct bpf_program *ret_program, char *ret_why)
{
	pcap_t *pcap = pcap_open_dead(dlt, WEFT_FRAME_MAX_BYTES);
	int err = 0;

	if (!pcap)
		return -ENOMEM;
	/*
	 * libpcap returns the same error for missing memory and for an invalid expression; errno
	 * differs.
	 */
	errno = 0;
	if (pcap_compile(pcap, ret_program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		err = errno == ENOMEM ? -ENOMEM : -EINVAL;
		snprintf(ret_why, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(pcap));
		*ret_program = (struct bpf_program){0};
	}
	pcap_close(pcap);
	return err;
}

/*
 * Compile @expression for each link type. Return: 0; -EINVAL if it is valid neither for Ethernet
 * nor for raw IP, with libpcap's reason in @ret_why (PCAP_ERRBUF_SIZE bytes); -ENOMEM.
 */
static int compile_all(struct wf_pcap_filter *filter, const char *expression, char *ret_why)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	ret_why[0] = '\0';
	for (int link = 0; link < WEFT_LINK_COUNT; link++) {
		int err;

		if (link_dlts[link] == NO_FILTER)
			continue;
		err = wf_pcap_compile(expression, link_dlts[link], &filter->programs[link], why);
		if (err == -ENOMEM)
			return err;
		if (err && !ret_why[0])
			memcpy(ret_why, why, PCAP_ERRBUF_SIZE);
	}
	return filter->programs[WEFT_LINK_ETHERNET].bf_insns ||
			       filter->programs[WEFT_LINK_RAW].bf_insns
		       ? 0
		       : -EINVAL;
}

static int make_warning(struct wf_pcap_filter *filter, const char *expression)
{
	size_t bytes = strlen(expression) + 1;

	filter->warning = malloc(sizeof(*filter->warning) + bytes);
	if (!filter->warning)
		return -ENOMEM;
	atomic_flag_clear(&filter->warning->is_given);
	memcpy(filter->warning->expression, expression, bytes);
	return 0;
}

int wf_pcap_filter_new(const char *expression, struct wf_pcap_filter **ret_filter)
{
	struct wf_pcap_filter *filter = calloc(1, sizeof(*filter));
	char why[PCAP_ERRBUF_SIZE];
	int err;

	if (!filter)
		return -ENOMEM;
	err = compile_all(filter, expression, why);
	if (err == -EINVAL)
		wf_error("filter: \"%s\": %s", expression, why);
	if (!err)
		err = make_warning(filter, expression);
	if (err) {
		wf_pcap_filter_free(filter);
		return err;
	}
	*ret_filter = filter;
	return 0;
}

int wf_pcap_filter_check(const char *expression, char *ret_why, size_t why_bytes)
{
	struct wf_pcap_filter *filter = calloc(1, sizeof(*filter));
	char why[PCAP_ERRBUF_SIZE];
	int err;

	if (!filter)
		return -ENOMEM;
	err = compile_all(filter, expression, why);
	if (err == -EINVAL && why_bytes)
		snprintf(ret_why, why_bytes, "%s", why);
	wf_pcap_filter_free(filter);
	return err;
}

void wf_pcap_filter_free(struct wf_pcap_filter *filter)
{
	if (!filter)
		return;
	for (int link = 0; link < WEFT_LINK_COUNT; link++)
		pcap_freecode(&filter->programs[link]);
	free(filter->warning);
	free(filter);
}

/* Log, at most once per filter, that no frame of the link type @link matches. */
static void warn_no_program(const struct wf_pcap_filter *filter, enum weft_link link)
{
	if (!filter->warning || atomic_flag_test_and_set(&filter->warning->is_given))
		return;
	if (link_dlts[link] == NO_FILTER)
		wf_warn("filter: libpcap can't filter packets of link type %s, so none of them is "
			"used; run without a filter expression",
			link == WEFT_LINK_NFLOG ? "NFLOG" : "PKTAP");
	else
		wf_warn("filter: \"%s\" is not valid for link type %s, so it matches no packet of "
			"that type",
			filter->warning->expression, pcap_datalink_val_to_name(link_dlts[link]));
}

bool wf_pcap_filter_match(const struct wf_pcap_filter *filter, const struct wf_frame *frame)
{
	const struct bpf_program *program = &filter->programs[frame->link];
	uint32_t skip = frame->link == WEFT_LINK_PPP_DIRECTION && frame->cap_bytes ? 1 : 0;

	if (wf_unlikely(!program->bf_insns)) {
		warn_no_program(filter, (enum weft_link)frame->link);
		return false;
	}
	return bpf_filter(program->bf_insns, frame->bytes + skip, frame->wire_bytes - skip,
			  frame->cap_bytes - skip);
}
