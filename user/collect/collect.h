/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect.h - weft collect: reads the messages of a shard from NATS and puts them on disk.
 *
 * One thread receives, writes and acknowledges; the threads of libnats and of the HTTP server run
 * beside it.
 */
#ifndef WF_COLLECT_COLLECT_H
#define WF_COLLECT_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/log.h>

#include "bus/connect.h"
#include "collect/shard.h"

/**
 * struct wf_collect_opts - the stream to read, the outputs and the limits
 * @bus: servers, TLS, credentials
 * @stream: name of the JetStream stream
 * @shard: the partitions of the stream that this collector reads
 * @streams_dir: directory of stream files
 * @events_path: file of events; "-": standard output
 * @listen: address of the HTTP server; NULL: none
 * @retain_sec: finished stream files are removed at this age; 0: never
 * @max_open: maximum number of open stream files; 0: the default
 * @max_memory_bytes: for connections, and for messages that are received and not yet on disk
 * @is_reshard: consumers of another number of shards or partitions are replaced (consumers.h)
 * @is_once: end when all messages that the stream has were collected
 *
 * Strings are borrowed.
 */
struct wf_collect_opts {
	struct wf_bus_opts bus;
	const char *stream;
	struct wf_shard shard;
	const char *streams_dir;
	const char *events_path;
	const char *listen;
	uint64_t retain_sec;
	uint32_t max_open;
	uint64_t max_memory_bytes;
	bool is_reshard;
	bool is_once;
	weft_log_fn log;
	void *log_ctx;
};

/*
 * Collect until SIGTERM or SIGINT, whose actions are replaced, or until @is_once ends the run.
 * SIGHUP opens the file of events again. Failures are logged. Return: 0; -EINVAL: an option or
 * certificate is wrong; -EBUSY: another collector uses the shard, the directory or the file of
 * events; -EEXIST: the directory belongs to another shard or stream, or has stream files of others,
 * or the stream is collected in another number of shards; -EACCES: the server rejects the user, or
 * a file or directory can't be used; other negative errno: another failure.
 */
int wf_collect_run(const struct wf_collect_opts *opts);

#endif
