/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_submit.h - submits the segments of one connection, from port LIVE_SUBMIT_PORT of 10.0.0.1 to
 * port 80 of 10.0.0.2, with the present time.
 */
#ifndef WF_TESTS_LIVE_SUBMIT_H
#define WF_TESTS_LIVE_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weft;

enum { LIVE_SUBMIT_PORT = 2000 };

void live_submit(struct weft *weft, bool is_client, uint16_t flags, uint32_t seq, uint32_t ack,
		 const void *bytes, size_t len);

/* Submit the three segments of a handshake: the client's first byte has the number 1001. */
void live_submit_open(struct weft *weft);

#endif
