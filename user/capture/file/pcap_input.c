// SPDX-License-Identifier: BSD-2-Clause
/* pcap_input.c - reads a pipe or a compressed file into one buffer. */
#include "capture/file/pcap_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/file/decompress.h"
#include "capture/file/pcap_state.h"

enum { BUFFER_BYTES = WF_PCAP_RECORD_MAX + WEFT_SPAN_BYTES };

/*
 * Size of the kernel's pipe buffer. With the default of 64 KiB, reader and writer wake each other
 * often.
 */
enum { PIPE_BYTES = 1 << 20 };

int wf_pcap_input_init(struct wf_pcap_input *input, int fd)
{
	*input = (struct wf_pcap_input){.fd = fd};
	/*
	 * The call fails if the input is not a pipe or if the user has many pipes. Input is then
	 * read with the default size.
	 */
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
	input->buffer = malloc(BUFFER_BYTES);
	return input->buffer ? 0 : -ENOMEM;
}

void wf_pcap_input_fini(struct wf_pcap_input *input)
{
	wf_decompress_free(input->decompress);
	close(input->fd);
	free(input->buffer);
}

static void move_to_front(struct wf_pcap_input *input)
{
	if (!input->begin)
		return;
	memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
	input->end -= input->begin;
	input->begin = 0;
}

static ssize_t read_plain(struct wf_pcap_input *input, int timeout_ms)
{
	struct pollfd pollfd = {.fd = input->fd, .events = POLLIN};
	int ready = poll(&pollfd, 1, timeout_ms);
	ssize_t got;

	if (ready <= 0)
		return ready < 0 && errno != EINTR ? -errno : -EAGAIN;
	got = read(input->fd, input->buffer + input->end, BUFFER_BYTES - input->end);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return got;
}

int wf_pcap_input_read(struct wf_pcap_input *input, int timeout_ms)
{
	ssize_t got;

	move_to_front(input);
	got = input->decompress ? wf_decompress_read(input->decompress, input->buffer + input->end,
						     BUFFER_BYTES - input->end)
				: read_plain(input, timeout_ms);
	if (got < 0)
		return got == -EAGAIN ? 0 : (int)got;
	if (!got)
		input->eof = true;
	input->end += (size_t)got;
	return 1;
}

int wf_pcap_input_recognise(struct wf_pcap_input *input)
{
	int err;

	if (input->decompress || !wf_decompress_is_magic(input->buffer, input->end))
		return 0;
	err = wf_decompress_new(input->fd, input->buffer, input->end, &input->decompress);
	input->end = 0;
	input->eof = false;
	return err;
}

const char *wf_pcap_input_why(const struct wf_pcap_input *input, int err)
{
	return err == -EBADMSG && input->decompress ? wf_decompress_why(input->decompress)
						    : strerror(-err);
}

bool wf_pcap_input_is_full(const struct wf_pcap_input *input)
{
	return input->end - input->begin >= BUFFER_BYTES;
}

void wf_pcap_input_consume(struct wf_pcap_input *input, uint64_t used)
{
	uint64_t here = input->end - input->begin;

	if (used > here) {
		input->discard += used - here;
		input->off += here;
		input->begin = input->end;
	} else {
		input->off += used;
		input->begin += used;
	}
}

void wf_pcap_input_discard(struct wf_pcap_input *input)
{
	uint64_t here = input->end - input->begin;
	uint64_t now = input->discard < here ? input->discard : here;

	input->discard -= now;
	wf_pcap_input_consume(input, now);
}

uint64_t wf_pcap_input_file_bytes(const struct wf_pcap_input *input)
{
	return input->decompress ? wf_decompress_input_bytes(input->decompress) : input->off;
}
