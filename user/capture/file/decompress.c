// SPDX-License-Identifier: BSD-2-Clause
/* decompress.c - reads a compressed capture with libarchive. */
#include "capture/file/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 << 10 };

struct wf_decompress {
	struct archive *archive; /* owned */
	int fd;			 /* borrowed */
	/* number of bytes in block that the caller had read; 0 once libarchive has got them */
	size_t begin_bytes;
	const uint8_t *out; /* decompressed bytes that were not returned yet; owned by libarchive */
	size_t out_bytes;
	bool has_entry;
	bool ended;
	uint8_t block[]; /* compressed input; BLOCK_BYTES, or more if the caller had read more */
};

static const struct {
	const char *bytes;
	uint8_t len_bytes;
} magics[] = {
	{"\x1f\x8b", 2},	 /* gzip */
	{"\x28\xb5\x2f\xfd", 4}, /* zstd */
	{"\x04\x22\x4d\x18", 4}, /* lz4 */
	{"BZh", 3},		 /* bzip2 */
	{"\xfd"
	 "7zXZ",
	 6}, /* xz; the last of the 6 bytes is the terminating 0 of the literal */
};

bool wf_decompress_is_magic(const uint8_t *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (len_bytes >= magics[i].len_bytes &&
		    !memcmp(bytes, magics[i].bytes, magics[i].len_bytes))
			return true;
	return false;
}

static la_ssize_t read_block(struct archive *archive, void *ctx, const void **ret_block)
{
	struct wf_decompress *decompress = ctx;
	ssize_t got = (ssize_t)decompress->begin_bytes;

	*ret_block = decompress->block;
	decompress->begin_bytes = 0;
	if (got)
		return got;
	do {
		got = read(decompress->fd, decompress->block, BLOCK_BYTES);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		archive_set_error(archive, errno, "%s", strerror(errno));
	return got;
}

static int make_archive(struct wf_decompress *decompress)
{
	struct archive *archive = archive_read_new();

	if (!archive)
		return -ENOMEM;
	decompress->archive = archive;
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	return 0;
}

int wf_decompress_new(int fd, const uint8_t *begin, size_t len_bytes,
		      struct wf_decompress **ret_decompress)
{
	size_t block_bytes = len_bytes > BLOCK_BYTES ? len_bytes : BLOCK_BYTES;
	struct wf_decompress *decompress = calloc(1, sizeof(*decompress) + block_bytes);
	int err;

	if (!decompress)
		return -ENOMEM;
	decompress->fd = fd;
	memcpy(decompress->block, begin, len_bytes);
	decompress->begin_bytes = len_bytes;
	err = make_archive(decompress);
	if (err) {
		wf_decompress_free(decompress);
		return err;
	}
	*ret_decompress = decompress;
	return 0;
}

void wf_decompress_free(struct wf_decompress *decompress)
{
	if (!decompress)
		return;
	if (decompress->archive)
		archive_read_free(decompress->archive);
	free(decompress);
}

/*
 * Read the first bytes and begin the only entry, which contains the whole file in libarchive's
 * format "raw".
 */
static int begin_entry(struct wf_decompress *decompress)
{
	struct archive_entry *entry;
	int result;

	if (decompress->has_entry)
		return 0;
	result = archive_read_open(decompress->archive, decompress, NULL, read_block, NULL);
	if (result == ARCHIVE_OK)
		result = archive_read_next_header(decompress->archive, &entry);
	if (result == ARCHIVE_EOF)
		decompress->ended = true;
	else if (result != ARCHIVE_OK)
		return -EBADMSG;
	decompress->has_entry = true;
	return 0;
}

/*
 * Decompress one block. archive_read_data() is not used, because if one block is damaged or
 * truncated, it also drops the intact blocks of the same call.
 */
static int next_block(struct wf_decompress *decompress)
{
	const void *block;
	size_t bytes;
	la_int64_t off;
	int result = archive_read_data_block(decompress->archive, &block, &bytes, &off);

	if (result == ARCHIVE_EOF)
		decompress->ended = true;
	else if (result < ARCHIVE_WARN)
		return -EBADMSG;
	else
		decompress->out = block;
	decompress->out_bytes = result == ARCHIVE_EOF ? 0 : bytes;
	return 0;
}

ssize_t wf_decompress_read(struct wf_decompress *decompress, uint8_t *bytes, size_t len_bytes)
{
	if (begin_entry(decompress))
		return -EBADMSG;
	while (!decompress->ended && !decompress->out_bytes)
		if (next_block(decompress))
			return -EBADMSG;
	if (len_bytes > decompress->out_bytes)
		len_bytes = decompress->out_bytes;
	memcpy(bytes, decompress->out, len_bytes);
	decompress->out += len_bytes;
	decompress->out_bytes -= len_bytes;
	return (ssize_t)len_bytes;
}

const char *wf_decompress_why(const struct wf_decompress *decompress)
{
	const char *why = archive_error_string(decompress->archive);

	return why ? why : "damaged compressed data";
}

uint64_t wf_decompress_input_bytes(const struct wf_decompress *decompress)
{
	la_int64_t bytes = archive_filter_bytes(decompress->archive, -1);

	return bytes > 0 ? (uint64_t)bytes : 0;
}
