/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look_ahead.h - prefetches the headers of records in a capture file before they are parsed.
 *
 *   │ records whose frames are processed │ prefetched records ... │ at ...                  │
 *                                   parsed up to here          length is prefetched        end
 *
 * The position of a record is known only after the length of the one before it was read, so a
 * parser waits for memory at each record. While the frames of a batch are processed, one step per
 * frame prefetches the records of the next batch: the length that a step reads was prefetched by
 * the step before, a frame earlier.
 *
 * That is too late if frames are processed faster than memory is read, as those of bulk transfers.
 * Receivers acknowledge every second segment, so lengths often repeat after three records. While
 * they do, a step also prefetches the record at which the pattern would continue. In a bulk
 * transfer, this is right for four of five records. If the last records are small, all lines are
 * needed, so a step prefetches two lines at a fixed distance instead.
 *
 * Thread: the one that processes the frames.
 */
#ifndef WF_PACKET_LOOK_AHEAD_H
#define WF_PACKET_LOOK_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"

/* Size of the shortest record header. */
#define WF_LOOK_AHEAD_HEADER 12
/*
 * Records are not aligned, so the headers of a TCP segment may extend to the line that contains
 * this byte of the record.
 */
#define WF_LOOK_AHEAD_LAST   (WF_CACHE_LINE + 24)

/* Records are small if the last three are shorter than two lines on average. */
#define WF_LOOK_AHEAD_SMALL (3 * 2 * WF_CACHE_LINE)
/* Distance of the prefetched lines if records are small: about ten records. */
#define WF_LOOK_AHEAD_FAR   1024

/* All zero: there is nothing to prefetch. */
struct wf_look_ahead {
	const uint8_t *at;  /* the next record */
	const uint8_t *end; /* end of the readable bytes */
	uint8_t len_off;    /* offset of the record's length in its header */
	uint8_t extra;	    /* number of bytes of the record that its length does not include */
	bool swapped;	    /* the length is in the byte order that is not the host's */
	/* size of the last records, the latest one first */
	uint32_t sizes[3];
};

/* Prefetch the byte @off after @at. It may lie beyond the mapping: the prefetch then does nothing.
 */
static inline void wf_look_ahead_prefetch(const uint8_t *at, uint64_t off)
{
	__builtin_prefetch((const void *)((uintptr_t)at + off));
}

/* Prefetch the headers of one more record. Any length is allowed, also in a damaged file. */
static inline void wf_look_ahead_step(struct wf_look_ahead *ahead)
{
	ptrdiff_t left = ahead->end - ahead->at;
	uint32_t *sizes = ahead->sizes;
	bool repeats;
	uint64_t sum;
	uint32_t len;

	if (left < WF_LOOK_AHEAD_HEADER)
		return;
	memcpy(&len, ahead->at + ahead->len_off, sizeof(len));
	if (wf_unlikely(ahead->swapped))
		len = __builtin_bswap32(len);
	if ((uint64_t)len + ahead->extra >= (uint64_t)left) {
		ahead->at = ahead->end;
		return;
	}
	len += ahead->extra;
	repeats = len == sizes[2];
	sizes[2] = sizes[1];
	sizes[1] = sizes[0];
	sizes[0] = len;
	ahead->at += len;
	sum = (uint64_t)sizes[0] + sizes[1] + sizes[2];
	if (sum < WF_LOOK_AHEAD_SMALL) {
		wf_look_ahead_prefetch(ahead->at, WF_LOOK_AHEAD_FAR);
		wf_look_ahead_prefetch(ahead->at, WF_LOOK_AHEAD_FAR + WF_CACHE_LINE);
		return;
	}
	if (repeats)
		wf_look_ahead_prefetch(ahead->at, sum);
	wf_look_ahead_prefetch(ahead->at, 0);
	wf_look_ahead_prefetch(ahead->at, WF_CACHE_LINE);
	wf_look_ahead_prefetch(ahead->at, WF_LOOK_AHEAD_LAST);
}

#endif
