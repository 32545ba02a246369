// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_pcap.c - reads any bytes as a capture file: every returned frame must be readable, all
 * frames together must not be longer than the file, and the source must end.
 *
 *   input: the file
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/file/pcap_file.h"
#include "capture/source.h"

enum { FRAMES_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Read each byte of the frame: an unreadable byte ends the program. */
static uint64_t read_all(const struct wf_frame *frame)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < frame->cap_bytes; i++)
		sum += frame->bytes[i];
	return sum;
}

static void read_file(struct wf_source *source, size_t size)
{
	struct wf_frame frames[FRAMES_MAX];
	volatile uint64_t sum = 0;
	size_t total = 0;
	int count;

	while ((count = source->ops->recv(source, frames, FRAMES_MAX)) > 0) {
		for (int i = 0; i < count; i++) {
			require(frames[i].wire_bytes >= frames[i].cap_bytes);
			require(frames[i].link < WEFT_LINK_COUNT);
			sum += read_all(&frames[i]);
			total += frames[i].cap_bytes;
		}
		require(total <= size);
		if (source->ops->done)
			source->ops->done(source);
	}
	require(count == -ENODATA || count == -EBADMSG);
	source->ops->close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	struct wf_source *source;
	char path[64];

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!wf_pcap_file_open(path, NULL, &source))
		read_file(source, size);
	close(fd);
	return 0;
}
