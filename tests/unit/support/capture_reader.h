/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_reader.h - reads captures made in memory, as a mapped file and through a pipe.
 */
#ifndef WF_UNIT_CAPTURE_READER_H
#define WF_UNIT_CAPTURE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "packet/frame.h"
#include "capture/source.h"
#include "unit/support/capture_writer.h"

#define MICRO 0xa1b2c3d4u
#define NANO  0xa1b23c4du
#define SEC   1000000000ull

enum { ETHERNET = 1, CAPTURE_KEPT_MAX = 64 };

/* The packets and the result of one source that was read to its end. */
struct capture_result {
	int open_err;
	int end; /* -ENODATA or -EBADMSG */
	unsigned int count;
	struct wf_frame frames[CAPTURE_KEPT_MAX]; /* the first packets; owns their bytes */
};

extern char capture_last_log[1024];
extern struct wf_page_pool *capture_pool; /* pool of 16 MiB from which pipes take pages */

int capture_group_setup(void **state);
int capture_group_teardown(void **state);
int capture_setup(void **state); /* Clears the captured log messages; a setup function of cmocka. */

struct capture_result capture_read_file(const struct capture_writer *writer);

/* Reads the capture through a pipe that is fed @chunk bytes at a time. */
struct capture_result capture_read_pipe(const struct capture_writer *writer, size_t chunk);

/* Like capture_read_pipe(); @starve: take all memory after the pipe is open. */
struct capture_result capture_read_starved_pipe(const struct capture_writer *writer, size_t chunk,
						bool starve);

/* Reads all packets of @source and closes it. */
void capture_read_all(struct wf_source *source, struct capture_result *result);

void capture_result_fini(struct capture_result *result);

/* Makes the named pipe @path, and a child that writes the bytes into it, @chunk at a time. */
pid_t capture_feed_pipe(const struct capture_writer *writer, size_t chunk, const char *path);

/* Asserts that frame @i has these bytes and this time stamp. */
void capture_assert_frame(const struct capture_result *result, unsigned int i, const char *bytes,
			  uint64_t time_ns);

#endif
