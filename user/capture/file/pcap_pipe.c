// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_pipe.c - reads a capture that arrives through a pipe.
 *
 * Each packet is copied from the read buffer into its own page of fitting size, so that a held
 * packet does not occupy the 64 KiB of a read.
 *
 * Memory is bounded by the buffer of pcap_input.h and by wf_page_pool_take_incoming(), which leaves
 * a part of the budget to packets that are being processed. If this function returns no page:
 *
 *   1. source.starved requests that the workers evict held data. The packet waits up to PATIENCE_NS
 *      for pages. Each whole packet that is delivered restores a part of the waiting time, so that
 *      waiting does not slow the source below RATE_MIN_BYTES per second.
 *   2. After PATIENCE_NS, packets are truncated to their headers until large pages are free again.
 *      A reserve of small pages stores these packets. Their acknowledgements end holes, which frees
 *      memory. Each truncated packet is counted and is a gap in its stream.
 *   3. If small pages are missing too, packets are lost after another PATIENCE_NS. Each lost
 *      packet is counted.
 *
 * Offloaded segments on a loopback interface, with their headers, slightly exceed the largest page
 * (64 KiB). Their Ethernet header is removed; a segment that is still too large is truncated.
 */
#include "capture/file/pcap_pipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/file/pcap_input.h"
#include "capture/file/pcap_source.h"
#include "packet/frame.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum {
	PAGE_MAX_BYTES = WEFT_SPAN_BYTES,
	/* bytes that are kept of a packet truncated to its headers; enough for ordinary headers */
	HEADERS_BYTES = 160,
	RESERVE_PAGES = 128,
};
#define PATIENCE_NS    (1 * WF_NS_PER_SEC)
#define RATE_MIN_BYTES (1ull << 20)

/*
 * Stage of a shortage of pages. PIPE_SHORT and PIPE_NOTHING begin when pages were missing for
 * PATIENCE_NS.
 */
enum pipe_want {
	PIPE_PLENTY = 0,
	PIPE_SHORT,   /* large pages are missing: packets are truncated to their headers */
	PIPE_NOTHING, /* small pages are missing too: packets are lost */
};

struct patience {
	uint64_t spent_ns;   /* time spent in earlier waits, at most PATIENCE_NS */
	uint64_t since_ns;   /* start of the current wait; 0: no wait */
	uint64_t seen_bytes; /* value of whole_bytes when spent_ns was last computed */
};

struct pcap_pipe {
	struct wf_pcap_source file;
	struct wf_pcap_input input;
	struct wf_page_pool *pool; /* borrowed */

	struct wf_frame parsed; /* packet without a page yet; its bytes are in the buffer */
	bool has_parsed;
	enum pipe_want want;
	/* patience[w]: the wait that must reach PATIENCE_NS before want changes from w to w + 1 */
	struct patience patience[PIPE_NOTHING];
	uint64_t whole_bytes;			/* total size of the pages of whole packets */
	struct wf_page *reserve[RESERVE_PAGES]; /* owned: small pages for headers */
	unsigned int reserve_count;
	uint64_t lost;
	uint64_t starved; /* packets truncated to their headers */
	uint64_t cut;	  /* packets truncated because they exceed the largest page */
};

static int end_of_pipe(struct pcap_pipe *pipe)
{
	const struct wf_pcap_input *input = &pipe->input;

	if (input->begin != input->end || input->discard)
		return wf_pcap_source_damaged(&pipe->file, input->off,
					      "the input ends within a record");
	return wf_pcap_source_ended(&pipe->file);
}

/*
 * Remove the Ethernet header of a frame that exceeds the largest page, if an IP header follows it.
 */
static void shed_link_header(struct wf_frame *frame)
{
	uint16_t type;

	if (frame->cap_bytes <= PAGE_MAX_BYTES || frame->link != WEFT_LINK_ETHERNET)
		return;
	memcpy(&type, frame->bytes + offsetof(struct ether_header, ether_type), sizeof(type));
	if (type != htons(ETHERTYPE_IP) && type != htons(ETHERTYPE_IPV6))
		return;
	frame->bytes += sizeof(struct ether_header);
	frame->cap_bytes -= (uint32_t)sizeof(struct ether_header);
	frame->wire_bytes -= (uint32_t)sizeof(struct ether_header);
	frame->link = WEFT_LINK_RAW;
}

/*
 * Parse one packet into pipe->parsed. Return: 1 if a packet was parsed; 0 if more input is
 * required; negative errno at the end of the input.
 */
static int parse_one(struct pcap_pipe *pipe)
{
	struct wf_pcap_state *format = &pipe->file.format;
	struct wf_pcap_input *input = &pipe->input;
	enum wf_pcap_status status;
	unsigned int count;
	uint64_t used;

	wf_pcap_input_discard(input);
	status = wf_pcap_format_next(format, input->buffer + input->begin,
				     input->end - input->begin, &pipe->parsed, 1, &count, &used);
	wf_pcap_input_consume(input, used);
	if (count) {
		pipe->has_parsed = true;
		shed_link_header(&pipe->parsed);
		return 1;
	}
	if (status == WF_PCAP_DAMAGED)
		return wf_pcap_source_damaged(&pipe->file, input->off, format->why);
	return input->eof ? end_of_pipe(pipe) : 0;
}

/*
 * Start a wait of @patience unless one is in progress. Return: true if the allowed waiting time has
 * passed.
 */
static bool has_waited(const struct pcap_pipe *pipe, struct patience *patience, uint64_t now_ns)
{
	if (!patience->since_ns) {
		uint64_t bytes = pipe->whole_bytes - patience->seen_bytes;
		uint64_t regained_ns = bytes < RATE_MIN_BYTES
					       ? bytes * WF_NS_PER_SEC / RATE_MIN_BYTES
					       : PATIENCE_NS;

		patience->spent_ns -=
			regained_ns < patience->spent_ns ? regained_ns : patience->spent_ns;
		patience->seen_bytes = pipe->whole_bytes;
		patience->since_ns = now_ns;
	}
	return patience->spent_ns + now_ns - patience->since_ns >= PATIENCE_NS;
}

static void end_wait(struct patience *patience, uint64_t now_ns)
{
	if (!patience->since_ns)
		return;
	patience->spent_ns += now_ns - patience->since_ns;
	if (patience->spent_ns > PATIENCE_NS)
		patience->spent_ns = PATIENCE_NS;
	patience->since_ns = 0;
}

static void end_waits(struct pcap_pipe *pipe)
{
	bool is_waiting = false;

	for (int i = 0; i < PIPE_NOTHING; i++)
		is_waiting |= pipe->patience[i].since_ns != 0;
	if (wf_likely(!is_waiting))
		return;
	for (int i = 0; i < PIPE_NOTHING; i++)
		end_wait(&pipe->patience[i], wf_clock_monotonic_ns());
}

static void empty_reserve(struct pcap_pipe *pipe)
{
	while (pipe->reserve_count)
		wf_page_put(pipe->reserve[--pipe->reserve_count]);
}

static void fill_reserve(struct pcap_pipe *pipe)
{
	while (pipe->reserve_count < RESERVE_PAGES) {
		struct wf_page *page = wf_page_pool_take(pipe->pool, HEADERS_BYTES);

		if (!page)
			return;
		pipe->reserve[pipe->reserve_count++] = page;
	}
}

/* Take a page for the headers of a packet. Return: the page; NULL if no small page is free. */
static struct wf_page *take_small(struct pcap_pipe *pipe)
{
	fill_reserve(pipe);
	/*
	 * The reserve may be low because the pool has changed the size of small pages, and now
	 * takes them from other spans: exchange the old pages for new ones.
	 */
	if (pipe->reserve_count < 2) {
		empty_reserve(pipe);
		fill_reserve(pipe);
	}
	/* Keep the last page, so that its span is not assigned to another pool. */
	if (pipe->reserve_count < 2)
		return NULL;
	if (!pipe->starved++)
		wf_warn("%s: memory is short: only the headers of packets are kept",
			pipe->file.name);
	return pipe->reserve[--pipe->reserve_count];
}

/*
 * Take a page for the parsed packet. *@ret_bytes: number of bytes to copy. If a large page is free,
 * end the shortage. Return: the page; NULL if no page is free.
 */
static struct wf_page *take_page(struct pcap_pipe *pipe, uint32_t *ret_bytes)
{
	uint32_t cap_bytes = pipe->parsed.cap_bytes;
	struct wf_page *page;

	*ret_bytes = cap_bytes < PAGE_MAX_BYTES ? cap_bytes : PAGE_MAX_BYTES;
	page = wf_page_pool_take_incoming(pipe->pool, *ret_bytes);
	if (page) {
		pipe->want = PIPE_PLENTY;
		pipe->whole_bytes += wf_page_capacity(page);
		if (*ret_bytes < cap_bytes && !pipe->cut++)
			wf_warn("%s: packets longer than %d bytes are truncated", pipe->file.name,
				PAGE_MAX_BYTES);
		return page;
	}
	pipe->file.source.starved = true;
	if (pipe->want != PIPE_PLENTY) {
		page = take_small(pipe);
		if (*ret_bytes > HEADERS_BYTES)
			*ret_bytes = HEADERS_BYTES;
		if (page)
			pipe->want = PIPE_SHORT;
	}
	return page;
}

/*
 * Call take_page(), and raise pipe->want if the allowed waiting time has passed. Return: the page;
 * NULL if the packet is lost (want is PIPE_NOTHING) or must wait.
 */
static struct wf_page *take_patiently(struct pcap_pipe *pipe, uint32_t *ret_bytes)
{
	struct wf_page *page;

	while (!(page = take_page(pipe, ret_bytes)) && pipe->want != PIPE_NOTHING) {
		struct patience *patience = &pipe->patience[pipe->want];
		uint64_t now_ns = wf_clock_monotonic_ns();

		if (!has_waited(pipe, patience, now_ns))
			return NULL;
		end_wait(patience, now_ns);
		pipe->want++;
	}
	if (page)
		end_waits(pipe);
	return page;
}

/*
 * Copy the parsed packet into a page. Return: 1 if *ret_frame is set; 0 if the packet was lost;
 * -EAGAIN if it must wait.
 */
static int take_parsed(struct pcap_pipe *pipe, struct wf_frame *ret_frame)
{
	struct wf_page *page;
	uint32_t bytes;

	page = take_patiently(pipe, &bytes);
	if (!page && pipe->want != PIPE_NOTHING)
		return -EAGAIN;
	pipe->has_parsed = false;
	if (!page) {
		pipe->lost++;
		pipe->file.source.lost_frames++;
		return 0;
	}

	wf_page_copy_in(page, 0, pipe->parsed.bytes, bytes);
	*ret_frame = pipe->parsed;
	ret_frame->bytes = wf_page_bytes(page);
	ret_frame->cap_bytes = bytes;
	ret_frame->page = page;
	return 1;
}

/*
 * Make frames from the buffer. Return: number of frames. *@ret_state: positive if @frames is full;
 * 0 if more input is required; -EAGAIN if a packet must wait for memory; other negative errno.
 */
static unsigned int take_buffered(struct pcap_pipe *pipe, struct wf_frame *frames, unsigned int max,
				  int *ret_state)
{
	unsigned int count = 0;
	int state = 1;

	while (count < max) {
		if (!pipe->has_parsed) {
			state = parse_one(pipe);
			if (state <= 0)
				break;
		}
		state = take_parsed(pipe, &frames[count]);
		if (state < 0)
			break;
		count += (unsigned int)state;
	}
	*ret_state = state;
	return count;
}

static int pipe_read(struct wf_pcap_source *file, struct wf_frame *frames, unsigned int max)
{
	struct pcap_pipe *pipe = (struct pcap_pipe *)file;
	uint32_t lost_before = pipe->file.source.lost_frames;
	int read_err = 1;

	while (!pipe->file.err) {
		int state;
		unsigned int count = take_buffered(pipe, frames, max, &state);

		wf_pcap_source_advance(&pipe->file, wf_pcap_input_file_bytes(&pipe->input));
		if (count)
			return (int)count;
		/*
		 * Also return after a packet was lost, so that the caller can process the frames
		 * before it, which frees pages.
		 */
		if (state == -EAGAIN ||
		    (pipe->file.source.lost_frames != lost_before && state >= 0))
			return 0;
		if (state < 0)
			break;
		read_err = wf_pcap_input_read(&pipe->input, 0);
		if (!read_err)
			return 0;
		if (read_err < 0)
			return wf_pcap_source_damaged(&pipe->file, pipe->input.off,
						      wf_pcap_input_why(&pipe->input, read_err));
	}
	return pipe->file.err;
}

static int pipe_fds(struct wf_source *source, int *ret_fds, int max)
{
	struct pcap_pipe *pipe = (struct pcap_pipe *)source;

	if (!max)
		return 0;
	ret_fds[0] = pipe->input.fd;
	return 1;
}

static void pipe_close(struct wf_source *source)
{
	struct pcap_pipe *pipe = (struct pcap_pipe *)source;

	if (pipe->starved || pipe->lost)
		wf_warn("%s: memory was short: %llu packets truncated to headers, %llu lost",
			pipe->file.name, (unsigned long long)pipe->starved,
			(unsigned long long)pipe->lost);
	if (pipe->cut)
		wf_warn("%s: %llu packets longer than %d bytes were truncated", pipe->file.name,
			(unsigned long long)pipe->cut, PAGE_MAX_BYTES);
	empty_reserve(pipe);
	wf_pcap_input_fini(&pipe->input);
	wf_pcap_source_fini(&pipe->file);
	free(pipe);
}

static const struct wf_source_ops pipe_ops = {
	.recv = wf_pcap_source_recv,
	.fds = pipe_fds,
	.close = pipe_close,
};

/*
 * Read the file header, which shows whether the input is a capture. Return: 0; -EBADMSG and other
 * negative errno; *@ret_why is the reason.
 */
static int pipe_begin(struct pcap_pipe *pipe, const char **ret_why)
{
	struct wf_pcap_state *format = &pipe->file.format;
	struct wf_pcap_input *input = &pipe->input;
	enum wf_pcap_status status = WF_PCAP_MORE;
	uint64_t used = 0;
	int err;

	while (status == WF_PCAP_MORE && !input->eof && !wf_pcap_input_is_full(input)) {
		err = wf_pcap_input_read(input, -1);
		if (err > 0)
			err = wf_pcap_input_recognise(input);
		else if (!err)
			err = -EINTR;
		*ret_why = wf_pcap_input_why(input, err);
		if (err < 0)
			return err;
		status = wf_pcap_format_begin(format, pipe->file.name, input->buffer, input->end,
					      &used);
	}
	if (status == WF_PCAP_OK) {
		wf_pcap_input_consume(input, used);
		return 0;
	}
	*ret_why = !input->end		    ? "empty, not a capture file"
		   : status == WF_PCAP_MORE ? "ends within its header"
					    : format->why;
	return format->err ? format->err : -EBADMSG;
}

int wf_pcap_pipe_open(const char *name, int fd, struct wf_page_pool *pool,
		      struct wf_source **ret_source)
{
	struct pcap_pipe *pipe = calloc(1, sizeof(*pipe));
	const char *why = "no memory";
	int err;

	if (!pipe) {
		close(fd);
		return -ENOMEM;
	}
	err = wf_pcap_input_init(&pipe->input, fd);
	pipe->pool = pool;
	if (!err)
		err = wf_pcap_source_init(&pipe->file, &pipe_ops, pipe_read, name);
	if (!err)
		err = pipe_begin(pipe, &why);
	if (err) {
		wf_error("%s: %s", name, why);
		pipe_close(&pipe->file.source);
		return err;
	}
	fill_reserve(pipe);
	*ret_source = &pipe->file.source;
	return 0;
}
