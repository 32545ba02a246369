/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decompress.h - reads a capture that is compressed with gzip, zstd, lz4, xz or bzip2.
 *
 * Memory: a block of input of 64 KiB or more, and libarchive's buffers; both are not charged to the
 * budget. gzip, bzip2 and lz4 need at most 8 MiB; for zstd and xz, the compression level of the
 * file decides (zstd -19: 8 MiB, xz -9: 65 MiB).
 *
 * Thread: one.
 */
#ifndef WF_CAPTURE_FILE_DECOMPRESS_H
#define WF_CAPTURE_FILE_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wf_decompress;

/* Length of the longest magic; wf_decompress_is_magic() needs no more bytes. */
enum { WF_DECOMPRESS_MAGIC_BYTES = 6 };

/* Return true if input that begins with @bytes is compressed in a format that can be read. */
bool wf_decompress_is_magic(const uint8_t *bytes, size_t len_bytes);

/*
 * Make a reader of compressed input. The input is the @len_bytes at @begin, which the caller has
 * read from @fd and which are copied, then the rest of @fd, which is borrowed. Return: 0; -ENOMEM.
 */
int wf_decompress_new(int fd, const uint8_t *begin, size_t len_bytes,
		      struct wf_decompress **ret_decompress);
void wf_decompress_free(struct wf_decompress *decompress);

/*
 * Write at most @len_bytes of decompressed data to @bytes; wait for input if necessary. Return: the
 * number of bytes written; 0 at the end; -EBADMSG: the input is damaged or can't be read, see
 * wf_decompress_why().
 */
ssize_t wf_decompress_read(struct wf_decompress *decompress, uint8_t *bytes, size_t len_bytes);
const char *wf_decompress_why(const struct wf_decompress *decompress);

/* Return the number of compressed bytes that libarchive has processed. */
uint64_t wf_decompress_input_bytes(const struct wf_decompress *decompress);

#endif
