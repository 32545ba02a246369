/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_path.h - a temporary file as the target of a sink.
 */
#ifndef WF_TEST_SINK_PATH_H
#define WF_TEST_SINK_PATH_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char sink_path[64];

/* Make an empty file. */
static int sink_path_setup(void **state)
{
	int fd;

	strcpy(sink_path, "/tmp/weft-sink-XXXXXX");
	fd = mkstemp(sink_path);
	close(fd);
	return fd < 0;
}

static int sink_path_teardown(void **state)
{
	unlink(sink_path);
	return 0;
}

#endif
