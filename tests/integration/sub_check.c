// SPDX-License-Identifier: BSD-2-Clause
/*
 * sub_check.c - a client of libweft-client that checks what it receives.
 *
 *   sub_check [--shm] [--hold] SOCKET NAME OVERFLOW QUEUE_BYTES [FILE]
 *                                receives until the stream ends; with FILE, it does not read before
 *                                FILE exists; with --hold, it uses its first data until FILE
 *                                exists, and fails if the agent has not taken the data back by then
 *   sub_check --sum FILE...      prints the sums of stream files
 *
 * It prints a line for each direction to the client when its connection ends: PORT, bytes, sum of
 * the bytes, bytes in gaps, bytes lost; then a line "total" with bytes, lost bytes, lost events,
 * and the lost bytes that were reported without a connection. It fails if an event does not begin
 * at the offset where the previous event of the direction ended.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/client.h>

enum { CONNS_MAX = 4096, NAP_US = 20000 };

/* A direction to the client. */
struct conn {
	uint64_t id;
	uint64_t off;
	uint64_t bytes;
	uint64_t sum;
	uint64_t gap_bytes;
	uint64_t lost_bytes;
};

static struct conn conns[CONNS_MAX];
static uint64_t total_bytes, total_lost_bytes, total_lost_events, summed_lost_bytes;

/* FNV-1a of 64 bits. */
static uint64_t sum_of(uint64_t sum, const uint8_t *bytes, size_t len)
{
	while (len--)
		sum = (sum ^ *bytes++) * 0x100000001b3ull;
	return sum;
}

#define SUM_START 0xcbf29ce484222325ull

static struct conn *find(uint64_t id)
{
	for (size_t i = 0; i < CONNS_MAX; i++)
		if (conns[i].id == id)
			return &conns[i];
	return NULL;
}

static void skip_to(struct conn *conn, uint64_t off, uint64_t len)
{
	if (conn->off != off) {
		printf("an event begins at %" PRIu64 ", not at %" PRIu64 "\n", off, conn->off);
		exit(1);
	}
	conn->off += len;
}

static void open_conn(const struct weft_event *event)
{
	struct conn *conn = find(0);

	*conn = (struct conn){
		.id = event->flow->id, .off = event->open.off[WEFT_TO_CLIENT], .sum = SUM_START};
}

static void close_conn(const struct weft_event *event)
{
	struct conn *conn = find(event->flow->id);

	printf("%u %" PRIu64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", event->flow->src_port,
	       conn->bytes, conn->sum, conn->gap_bytes, conn->lost_bytes);
	conn->id = 0;
}

static void count_loss(const struct weft_event *event, struct conn *conn)
{
	total_lost_events += event->drop.events;
	total_lost_bytes += event->drop.data_bytes;
	if (!event->flow)
		summed_lost_bytes += event->drop.data_bytes;
	if (!conn || event->dir != WEFT_TO_CLIENT || !event->drop.len_bytes)
		return;
	skip_to(conn, event->drop.off, event->drop.len_bytes);
	conn->lost_bytes += event->drop.len_bytes;
}

static void take(const struct weft_event *event)
{
	struct conn *conn = event->flow ? find(event->flow->id) : NULL;

	switch (event->type) {
	case WEFT_EVENT_OPEN:
		open_conn(event);
		break;
	case WEFT_EVENT_DATA:
		total_bytes += event->data.len_bytes;
		if (event->dir != WEFT_TO_CLIENT)
			break;
		skip_to(conn, event->data.off, event->data.len_bytes);
		conn->bytes += event->data.len_bytes;
		conn->sum = sum_of(conn->sum, event->data.bytes, event->data.len_bytes);
		break;
	case WEFT_EVENT_GAP:
		if (event->dir != WEFT_TO_CLIENT)
			break;
		skip_to(conn, event->gap.off, event->gap.len_bytes);
		conn->gap_bytes += event->gap.len_bytes;
		break;
	case WEFT_EVENT_CLOSE:
		close_conn(event);
		break;
	case WEFT_EVENT_DROP:
		count_loss(event, conn);
		break;
	case WEFT_EVENT_ANOMALY:
		break;
	}
	fflush(stdout);
}

static int sum_files(char **paths)
{
	static uint8_t bytes[1 << 16];

	for (; *paths; paths++) {
		FILE *file = fopen(*paths, "r");
		uint64_t sum = SUM_START, total = 0;
		size_t got;

		while (file && (got = fread(bytes, 1, sizeof(bytes), file)) > 0) {
			sum = sum_of(sum, bytes, got);
			total += got;
		}
		if (!file || ferror(file))
			return 1;
		fclose(file);
		/* The name of a stream file is SRCIP.80-DSTIP.PORT. */
		printf("%s %" PRIu64 " %016" PRIx64 " 0 0\n", strrchr(*paths, '.') + 1, total, sum);
	}
	return 0;
}

static void wait_for(const char *path)
{
	while (path && access(path, F_OK))
		usleep(NAP_US);
}

/* Use the first data until @path exists. Exit with status 1 if it is still intact then. */
static void hold(struct weft_client *client, const struct weft_event *event, const char *path)
{
	fprintf(stderr, "holds %u bytes\n", event->data.len_bytes);
	wait_for(path);
	if (weft_client_done(client) != -ESTALE) {
		fprintf(stderr, "the data that was held is intact\n");
		exit(1);
	}
}

/*
 * Copy the bytes of @event, which the agent may take back. Return: false if it has taken them back:
 * the next event of the direction is then a loss.
 */
static bool is_intact(struct weft_client *client, struct weft_event *event)
{
	static uint8_t bytes[WEFT_CLIENT_FRAME_MAX_BYTES];

	if (event->type != WEFT_EVENT_DATA)
		return true;
	memcpy(bytes, event->data.bytes, event->data.len_bytes);
	event->data.bytes = bytes;
	return !weft_client_done(client);
}

/*
 * Receive until the stream ends. @hold_path: the first data is held until this file exists; NULL:
 * no data is held.
 */
static int receive(struct weft_client *client, const char *hold_path)
{
	struct weft_event event;
	int err;

	while (!(err = weft_client_next(client, &event, -1))) {
		if (hold_path && event.type == WEFT_EVENT_DATA) {
			hold(client, &event, hold_path);
			hold_path = NULL;
		} else if (is_intact(client, &event)) {
			take(&event);
		}
	}
	printf("total %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", total_bytes,
	       total_lost_bytes, total_lost_events, summed_lost_bytes);
	fprintf(stderr, "%s\n", weft_client_error(client));
	return err == -ESHUTDOWN ? 0 : 1;
}

static enum weft_overflow overflow_of(const char *name)
{
	static const char *const names[] = {
		"default", "block", "drop-oldest", "drop-newest", "block-with-timeout", "resize"};
	unsigned int i = 0;

	while (i < WEFT_OVERFLOW_RESIZE && strcmp(names[i], name))
		i++;
	return (enum weft_overflow)i;
}

/* Remove @option if it is the first argument. Return: true if it was. */
static bool has_option(int *argc, char ***argv, const char *option)
{
	if (*argc < 2 || strcmp((*argv)[1], option))
		return false;
	(*argv)++;
	(*argc)--;
	return true;
}

int main(int argc, char **argv)
{
	WEFT_OPTS(weft_client_opts, opts, .filter = "port 80", .block_timeout_ms = 10);
	struct weft_client *client;
	const char *path;
	bool holds;
	int status;

	if (argc > 2 && !strcmp(argv[1], "--sum"))
		return sum_files(argv + 2);
	if (has_option(&argc, &argv, "--shm"))
		opts.transport = WEFT_CLIENT_SHM;
	holds = has_option(&argc, &argv, "--hold");
	if (argc < 5)
		return 2;
	opts.path = argv[1];
	opts.name = argv[2];
	opts.overflow = overflow_of(argv[3]);
	opts.queue_bytes = strtoull(argv[4], NULL, 10);
	path = argv[5]; /* NULL without FILE */
	if (weft_client_open(&opts, &client)) {
		fprintf(stderr, "%s\n", weft_client_error(NULL));
		return 1;
	}
	if (!holds)
		wait_for(path);
	status = receive(client, holds ? path : NULL);
	weft_client_close(client);
	return status;
}
