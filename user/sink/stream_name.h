/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_name.h - the name of the file of one direction: SRCIP.SPORT-DSTIP.DPORT[#N]
 */
#ifndef WF_SINK_STREAM_NAME_H
#define WF_SINK_STREAM_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/flow.h>

#define WF_STREAM_NAME_BYTES 128

/* Write @addr to @ret_text as inet_ntop() prints it. @ret_text: INET6_ADDRSTRLEN bytes. */
void wf_addr_text(const struct weft_flow *flow, const uint8_t *addr, char *ret_text);

/*
 * Write the name of a stream file to @ret_name (WF_STREAM_NAME_BYTES bytes). @number: appended as
 * "#N" if it is 2 or more.
 */
void wf_stream_name(const struct weft_flow *flow, enum weft_dir dir, uint32_t number,
		    char *ret_name);

/* Return true if wf_stream_name() could have produced @name. */
bool wf_stream_name_is(const char *name);

#endif
