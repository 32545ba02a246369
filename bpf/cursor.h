/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cursor.h - a position in a packet, and access to the bytes there. A pointer is returned only
 * after a comparison with the end of the packet's linear part (data_end), which the verifier
 * requires.
 */
#ifndef WEFT_BPF_CURSOR_H
#define WEFT_BPF_CURSOR_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A header that begins beyond this offset is not parsed. The limit bounds offsets for the verifier.
 */
#define CURSOR_OFF_MAX 1024

struct cursor {
	void *start;
	void *end; /* end of the linear part or, in XDP, of the first buffer */
	__u32 off; /* offset of the next header from start */
};

/*
 * Return a pointer to @bytes bytes at @off; NULL if they extend beyond cur->end, or if @off exceeds
 * CURSOR_OFF_MAX.
 */
static __always_inline void *cursor_at(const struct cursor *cur, __u32 off, __u32 bytes)
{
	void *pos;

	if (off > CURSOR_OFF_MAX)
		return 0;
	pos = cur->start + off;
	if (pos + bytes > cur->end)
		return 0;
	return pos;
}

/* Return a pointer to the next @bytes bytes, as cursor_at(); do not advance. */
static __always_inline void *cursor_peek(const struct cursor *cur, __u32 bytes)
{
	return cursor_at(cur, cur->off, bytes);
}

/* Return a pointer to the next @bytes bytes, as cursor_at(), and advance past them. */
static __always_inline void *cursor_take(struct cursor *cur, __u32 bytes)
{
	void *pos = cursor_peek(cur, bytes);

	if (pos)
		cur->off += bytes;
	return pos;
}

static __always_inline __u16 load_be16(const __u8 *at)
{
	return bpf_ntohs(*(const __be16 *)at);
}

static __always_inline __u32 load_be32(const __u8 *at)
{
	return bpf_ntohl(*(const __be32 *)at);
}

#endif
