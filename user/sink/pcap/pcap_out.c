// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_out.c - writes blocks of a pcapng file as the records of record_out.c.
 */
#include "sink/pcap/pcap_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/format/tcp_frame.h"
#include "sink/sink_class.h"

static size_t block_bytes(const char *bytes, size_t len)
{
	return wf_pcapng_out_block_bytes((const uint8_t *)bytes, len);
}

static void fail_block(struct wf_sink *sink, const char *bytes, size_t len)
{
	const uint8_t *frame = NULL;
	size_t frame_bytes;

	if (bytes)
		frame = wf_pcapng_out_frame_of((const uint8_t *)bytes, &frame_bytes);
	if (!frame)
		return;
	wf_sink_count(sink, failed_events, 1);
	wf_sink_count(sink, failed_bytes, wf_tcp_frame_payload_bytes(frame, frame_bytes));
}

static const struct wf_record_kind blocks = {
	.noun = "packets",
	.has_header = true,
	.record_bytes = block_bytes,
	.fail = fail_block,
};

static void describe_interface(const struct weft_interface *interface, void *ctx)
{
	wf_pcapng_out_interface(ctx, interface->name, NULL);
}

/* Begin a section in the empty buffer, which has room for it. */
static void begin_section(const struct wf_sink *sink, struct wf_pcap_buffer *buffer)
{
	size_t before;

	wf_pcap_buffer_begin_section(buffer);
	before = buffer->blocks.len;
	weft_interfaces_each(sink->weft, describe_interface, &buffer->blocks);
	if (buffer->blocks.len == before)
		wf_pcapng_out_interface(&buffer->blocks, sink->opts.pcap_filename, NULL);
}

/* Check that a section may be added to the @file_bytes bytes that the file holds already. */
static int check_earlier(const struct wf_sink *sink, uint64_t file_bytes)
{
	bool may_append;
	int fd;

	if (!sink->opts.continues && sink->opts.append != WEFT_ON) {
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s is not empty; --append adds a section to it, --force deletes its "
			    "contents",
			    sink->target);
		return -EEXIST;
	}
	fd = open(sink->target, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	may_append = fd >= 0 && wf_pcapng_out_may_append(fd, file_bytes);
	if (fd >= 0)
		close(fd);
	if (may_append)
		return 0;
	wf_sink_log(sink, WEFT_LOG_ERROR,
		    "%s can't be appended to: it is not a whole pcapng file in the byte order of "
		    "this host",
		    sink->target);
	return -EBADMSG;
}

int wf_pcap_out_open(const struct wf_sink *sink, struct wf_pcap_out *out,
		     struct wf_pcap_buffer *buffer)
{
	struct stat st;
	int err;

	if (!strcmp(sink->target, "-") && isatty(STDOUT_FILENO)) {
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "packets are not written to a terminal; give --pcap FILE, or a pipe to "
			    "another program");
		return -EINVAL;
	}
	err = wf_record_out_open(sink, &out->file, &blocks);
	if (err)
		return err;
	if (strcmp(sink->target, "-") && !fstat(out->file.fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_size)
		err = check_earlier(sink, (uint64_t)st.st_size);
	if (err) {
		wf_record_out_close(&out->file);
		return err;
	}
	out->buffer = buffer;
	begin_section(sink, buffer);
	return 0;
}

void wf_pcap_out_close(struct wf_pcap_out *out)
{
	wf_record_out_close(&out->file);
}

int wf_pcap_out_reopen(struct wf_sink *sink, struct wf_pcap_out *out)
{
	int result = wf_record_out_reopen(sink, &out->file, (char *)out->buffer->bytes,
					  &out->buffer->blocks.len);

	if (result <= 0)
		return result;
	begin_section(sink, out->buffer);
	return wf_pcap_out_flush(sink, out);
}

int wf_pcap_out_flush(struct wf_sink *sink, struct wf_pcap_out *out)
{
	return wf_record_out_flush(sink, &out->file, (char *)out->buffer->bytes,
				   &out->buffer->blocks.len);
}

int wf_pcap_out_idle(struct wf_sink *sink, struct wf_pcap_out *out)
{
	return wf_record_out_idle(sink, &out->file, (char *)out->buffer->bytes,
				  &out->buffer->blocks.len);
}

int wf_pcap_out_finish(struct wf_sink *sink, struct wf_pcap_out *out)
{
	return wf_record_out_finish(sink, &out->file, (char *)out->buffer->bytes,
				    &out->buffer->blocks.len);
}
