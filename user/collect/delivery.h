/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivery.h - the reply subject of a message from JetStream, which describes its delivery:
 *
 *   $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
 *   $JS.ACK.<domain>.<account>.<stream>.<consumer>. the same five fields .<token>
 */
#ifndef WF_COLLECT_DELIVERY_H
#define WF_COLLECT_DELIVERY_H

#include <stddef.h>
#include <stdint.h>

enum { WF_DELIVERY_NAME_BYTES = 64 };

/*
 * @consumer_seq: number of the delivery: the server increases it by 1 for each delivery of the
 * consumer
 * @pending: messages that wait behind this one
 */
struct wf_delivery {
	char consumer[WF_DELIVERY_NAME_BYTES];
	uint64_t stream_seq;
	uint64_t consumer_seq;
	uint64_t pending;
};

/* Parse the reply subject @text. Return: 0; -EINVAL if it has another form. */
int wf_delivery_parse(const char *text, struct wf_delivery *ret_delivery);

#endif
