// SPDX-License-Identifier: BSD-2-Clause
/*
 * journal.c - writes the journal and reads it again.
 *
 * Reading has two passes: the first one finds the last commit, because records of a batch, except
 * O, are valid only if its commit is there. wf_journal_begin() writes a new file, which then takes
 * the name of the old one, so that one of them is always complete.
 */
#include "collect/disk/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <zlib.h>

#include "collect/disk/sync.h"

enum {
	VERSION = 1,
	CRC_CHARS = 9,		/* 8 digits and a space */
	LARGE_BYTES = 16 << 20, /* a smaller journal is not compacted */
	LARGE_TIMES = 4,
};

/* ---- writing ---- */

int wf_journal_new_id(char ret_id[WF_JOURNAL_ID_BYTES])
{
	uint8_t bytes[(WF_JOURNAL_ID_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(ret_id + 2 * i, "%02x", bytes[i]);
	return 0;
}

/* Write the buffer; what can't be written stays in it. Return: 0; negative errno. */
static int write_out(struct wf_journal *journal)
{
	size_t done = 0;
	int err = journal->err;

	while (done < journal->len && !err) {
		ssize_t got = write(journal->fd, journal->bytes + done, journal->len - done);

		if (got > 0)
			done += (size_t)got;
		else if (!got || errno != EINTR)
			err = got ? -errno : -EIO;
	}
	journal->has_failed_write = journal->has_failed_write || err;
	journal->file_bytes += done;
	journal->len -= done;
	memmove(journal->bytes, journal->bytes + done, journal->len);
	return err;
}

/* Make room for a line in the buffer. Return: 0; negative errno: the line is lost. */
static int make_room(struct wf_journal *journal)
{
	int err = journal->err;

	while (!err && WF_JOURNAL_BUF_BYTES - journal->len < WF_JOURNAL_LINE_BYTES) {
		err = write_out(journal);
		if (err && journal->wait_fn)
			err = journal->wait_fn(err, journal->wait_ctx);
	}
	return err;
}

static void append(struct wf_journal *journal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct wf_journal *journal, const char *format, ...)
{
	char *line, *text;
	va_list args;
	int len;

	journal->err = make_room(journal);
	if (journal->err)
		return;
	line = journal->bytes + journal->len;
	text = line + CRC_CHARS;
	va_start(args, format);
	len = vsnprintf(text, WF_JOURNAL_LINE_BYTES - CRC_CHARS - 1, format, args);
	va_end(args);
	snprintf(line, CRC_CHARS, "%08lx", crc32(0, (const Bytef *)text, (uInt)len));
	line[CRC_CHARS - 1] = ' ';
	text[len] = '\n';
	journal->len += CRC_CHARS + (size_t)len + 1;
}

static const char *flow_text(const struct wf_collect_flow *flow, char *ret_text)
{
	struct wf_bus_flow id;

	wf_collect_flow_id(flow, &id);
	wf_bus_flow_text(&id, ret_text);
	return ret_text;
}

void wf_journal_open_flow(struct wf_journal *journal, const struct wf_collect_flow *flow)
{
	struct wf_stream_number use = {.number = flow->peers.use,
				       .by_tenant = wf_stream_has_tenant(&flow->peers)};
	char id[WF_BUS_FLOW_BYTES], name[WF_STREAM_NAME_BYTES];

	wf_stream_name(&flow->peers, WEFT_TO_SERVER, use, name);
	append(journal, "O %u %s %s %u %d", flow->source->partition, flow_text(flow, id), name,
	       flow->number.number, flow->number.by_tenant);
}

void wf_journal_end_off(struct wf_journal *journal, const struct wf_collect_flow *flow)
{
	char id[WF_BUS_FLOW_BYTES];

	append(journal, "E %s %" PRIu64 " %" PRIu64, flow_text(flow, id), flow->end_off[0],
	       flow->end_off[1]);
}

void wf_journal_end_flow(struct wf_journal *journal, const struct wf_collect_flow *flow)
{
	char id[WF_BUS_FLOW_BYTES];

	append(journal, "X %s", flow_text(flow, id));
}

void wf_journal_remove_flow(struct wf_journal *journal, const struct wf_collect_flow *flow)
{
	char id[WF_BUS_FLOW_BYTES];

	append(journal, "V %s", flow_text(flow, id));
}

void wf_journal_commit(struct wf_journal *journal, const struct wf_journal_position *position)
{
	char seqs[WF_JOURNAL_LINE_BYTES - 128] = "";
	int len = 0;

	for (unsigned int i = 0; i < WF_BUS_PARTITIONS_MAX; i++)
		if (position->seq[i])
			len += snprintf(seqs + len, sizeof(seqs) - (size_t)len, "%s%u:%" PRIu64,
					len ? "," : "", i, position->seq[i]);
	append(journal, "C %" PRIu64 " %" PRIu64 " %s", position->events_inode,
	       position->events_bytes, seqs);
}

int wf_journal_sync(struct wf_journal *journal)
{
	int err = write_out(journal);

	if (err)
		return err;
	journal->err = wf_disk_sync(journal->fd, journal->has_failed_write);
	journal->has_failed_write = false;
	return journal->err;
}

static void append_list(struct wf_journal *journal, const struct wf_collect_flows *table,
			const struct wf_collect_list *list)
{
	const struct wf_collect_flow *flow = wf_collect_list_oldest(table, list);

	for (; flow && !journal->err; flow = wf_collect_flow_newer(table, flow)) {
		if (flow->is_intended)
			continue;
		wf_journal_open_flow(journal, flow);
		wf_journal_end_off(journal, flow);
		if (flow->is_closed)
			wf_journal_end_flow(journal, flow);
	}
}

/*
 * Append the file names of connections with is_intended: the batch that opens them is not committed
 * yet. The caller has appended the commit of all others, so that these come after it.
 */
static void append_intended(struct wf_journal *journal, const struct wf_collect_flows *table)
{
	const struct wf_collect_flow *flow = wf_collect_list_oldest(table, &table->live);

	for (; flow && !journal->err; flow = wf_collect_flow_newer(table, flow))
		if (flow->is_intended)
			wf_journal_open_flow(journal, flow);
}

int wf_journal_begin(struct wf_journal *journal, int dir, const struct wf_journal_head *head,
		     const struct wf_collect_flows *table,
		     const struct wf_journal_position *position)
{
	struct wf_journal made = {.dir = dir};

	if (unlinkat(dir, WF_JOURNAL_NEW_NAME, 0) && errno != ENOENT)
		return -errno;
	made.fd = openat(dir, WF_JOURNAL_NEW_NAME,
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0640);
	if (made.fd < 0)
		return -errno;
	made.bytes = malloc(WF_JOURNAL_BUF_BYTES);
	if (!made.bytes) {
		close(made.fd);
		return -ENOMEM;
	}
	append(&made, "H %d %s %s %" PRId64 " %u %u %u", VERSION, head->id, head->stream,
	       head->created, head->shard, head->shards, head->partitions);
	append_list(&made, table, &table->ended);
	append_list(&made, table, &table->live);
	wf_journal_commit(&made, position);
	append_intended(&made, table);
	made.err = wf_journal_sync(&made);
	if (!made.err && renameat(dir, WF_JOURNAL_NEW_NAME, dir, WF_JOURNAL_NAME))
		made.err = -errno;
	if (!made.err && fsync(dir))
		made.err = -errno;
	made.compact_bytes = made.file_bytes;
	made.wait_fn = journal->wait_fn;
	made.wait_ctx = journal->wait_ctx;
	wf_journal_close(made.err ? &made : journal);
	if (!made.err)
		*journal = made;
	return made.err;
}

bool wf_journal_is_large(const struct wf_journal *journal)
{
	return journal->file_bytes > LARGE_BYTES &&
	       journal->file_bytes > LARGE_TIMES * journal->compact_bytes;
}

void wf_journal_close(struct wf_journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->bytes);
	journal->fd = -1;
	journal->bytes = NULL;
}

/* ---- reading ---- */

struct reader {
	FILE *file;
	char line[WF_JOURNAL_LINE_BYTES];
	uint64_t line_end;   /* position in the file after the line */
	uint64_t commit_end; /* position after the last commit */
	struct wf_journal_head *head;
	struct wf_collect_flows *table;
	struct wf_journal_position *position;
};

/* Read the next valid line. Return: its text after the CRC; NULL at the end of what is valid. */
static const char *next_line(struct reader *reader)
{
	char *text = reader->line + CRC_CHARS;
	size_t len;

	if (!fgets(reader->line, sizeof(reader->line), reader->file))
		return NULL;
	len = strlen(reader->line);
	if (len <= CRC_CHARS || reader->line[len - 1] != '\n')
		return NULL;
	reader->line[len - 1] = '\0';
	reader->line_end += len;
	if (strtoul(reader->line, NULL, 16) !=
	    crc32(0, (const Bytef *)text, (uInt)(len - CRC_CHARS - 1)))
		return NULL;
	return text;
}

static int read_head(struct reader *reader)
{
	struct wf_journal_head *head = reader->head;
	const char *text = next_line(reader);
	int version = 0;

	if (!text ||
	    sscanf(text, "H %d %32s %127s %" SCNd64 " %u %u %u", &version, head->id, head->stream,
		   &head->created, &head->shard, &head->shards, &head->partitions) != 7 ||
	    version != VERSION || head->partitions > WF_BUS_PARTITIONS_MAX)
		return -EBADMSG;
	return 0;
}

static struct wf_collect_flow *find_flow(struct reader *reader, const char *text)
{
	struct wf_bus_flow id;

	return wf_bus_flow_parse(text, &id) ? NULL : wf_collect_flow_find(reader->table, &id);
}

static void take_open(struct reader *reader, const char *text)
{
	char flow_id[WF_BUS_FLOW_BYTES], name[WF_STREAM_NAME_BYTES];
	struct wf_collect_flows *table = reader->table;
	struct wf_collect_source *source;
	struct wf_collect_flow *flow;
	unsigned int partition, number;
	struct weft_flow peers;
	struct wf_bus_flow id;
	int by_tenant;

	_Static_assert(sizeof(flow_id) == 102 && sizeof(name) == 160, "widths in the format");
	if (sscanf(text, "O %u %101s %159s %u %d", &partition, flow_id, name, &number,
		   &by_tenant) != 5 ||
	    wf_bus_flow_parse(flow_id, &id) || !wf_stream_name_parse(name, &peers) ||
	    wf_collect_flow_find(table, &id))
		return;
	flow = wf_collect_flow_victim(table);
	if (flow)
		wf_collect_flow_remove(table, flow);
	source = wf_collect_source_get(table, id.sensor, partition);
	flow = source ? wf_collect_flow_add(table, source, &id, &peers) : NULL;
	if (!flow)
		return;
	source->boot = id.boot;
	flow->number.number = number;
	flow->number.by_tenant = by_tenant;
	/*
	 * The journal does not record whether the open message is missing: suppose that it is, so
	 * that the first message may have any offset. A later line E clears is_intended.
	 */
	flow->is_orphan = true;
	flow->is_intended = true;
	flow->batch = 0;
}

static void take_end_off(struct reader *reader, const char *text)
{
	uint64_t end_off[WEFT_DIR_COUNT];
	char id[WF_BUS_FLOW_BYTES];
	struct wf_collect_flow *flow;

	if (sscanf(text, "E %101s %" SCNu64 " %" SCNu64, id, &end_off[0], &end_off[1]) != 3)
		return;
	flow = find_flow(reader, id);
	if (!flow)
		return;
	memcpy(flow->end_off, end_off, sizeof(end_off));
	flow->is_intended = false;
}

static void take_end(struct reader *reader, const char *text)
{
	struct wf_collect_flow *flow = find_flow(reader, text + 2);

	if (flow && *text == 'V')
		wf_collect_flow_remove(reader->table, flow);
	else if (flow && !flow->is_closed)
		wf_collect_flow_end(reader->table, flow);
	if (flow)
		flow->batch = 0;
}

static void take_commit(struct reader *reader, const char *text)
{
	struct wf_journal_position *position = reader->position;
	unsigned int partition;
	int used = 0;
	uint64_t seq;

	if (sscanf(text, "C %" SCNu64 " %" SCNu64 " %n", &position->events_inode,
		   &position->events_bytes, &used) < 2)
		return;
	for (text += used; sscanf(text, "%u:%" SCNu64 "%n", &partition, &seq, &used) == 2;
	     text += used + (text[used] == ','))
		if (partition < WF_BUS_PARTITIONS_MAX)
			position->seq[partition] = seq;
}

static void take_line(struct reader *reader, const char *text)
{
	if (*text == 'O')
		take_open(reader, text);
	if (reader->line_end > reader->commit_end)
		return;
	if (*text == 'E')
		take_end_off(reader, text);
	else if (*text == 'X' || *text == 'V')
		take_end(reader, text);
	else if (*text == 'C')
		take_commit(reader, text);
}

static int read_all(struct reader *reader)
{
	const char *text;
	int err = read_head(reader);

	if (err)
		return err;
	while ((text = next_line(reader)))
		if (*text == 'C')
			reader->commit_end = reader->line_end;
	rewind(reader->file);
	reader->line_end = 0;
	while ((text = next_line(reader)))
		take_line(reader, text);
	return ferror(reader->file) ? -EIO : 0;
}

int wf_journal_read(int dir, struct wf_journal_head *ret_head, struct wf_collect_flows *table,
		    struct wf_journal_position *ret_position)
{
	struct reader reader = {.head = ret_head, .table = table, .position = ret_position};
	int fd = openat(dir, WF_JOURNAL_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int err;

	*ret_head = (struct wf_journal_head){.created = 0};
	*ret_position = (struct wf_journal_position){.events_inode = 0};
	if (fd < 0)
		return -errno;
	reader.file = fdopen(fd, "r");
	if (!reader.file) {
		close(fd);
		return -ENOMEM;
	}
	err = read_all(&reader);
	fclose(reader.file);
	return err;
}
