/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - the JetStream stream that holds the messages of all sensors.
 *
 * A stream that is missing is created. An existing one is never changed: if it differs from the
 * configuration, the error text names the setting, its value and the configured value.
 */
#ifndef WF_BUS_STREAM_H
#define WF_BUS_STREAM_H

#include <stdint.h>

#include <nats/nats.h>

enum { WF_BUS_LEADER_BYTES = 128 };

/**
 * struct wf_bus_stream_opts - the stream that is wanted
 * @name:	  name of the stream
 * @replicas:	  number of servers that store each message: 1 to 5
 * @max_bytes:	  maximum size on each server; the oldest messages are removed; 0: no limit
 * @max_age_ns:	  age at which messages are removed; 0: no limit
 * @duplicates_ns: time for which the server recognises a repeated message by its Nats-Msg-Id
 */
struct wf_bus_stream_opts {
	const char *name;
	uint32_t replicas;
	uint64_t max_bytes;
	uint64_t max_age_ns;
	uint64_t duplicates_ns;
};

/*
 * Create the stream, or check that the existing one is as @opts says. @ret_error receives the
 * reason of a failure (WF_BUS_ERROR_BYTES of connect.h). Return: 0; -EINVAL if the existing stream
 * differs, or the server can't create the stream as configured; -EAGAIN after another failure, such
 * as a server that does not answer or a JetStream without a leader: a later call may succeed.
 */
int wf_bus_stream_ensure(jsCtx *js, const struct wf_bus_stream_opts *opts, char *ret_error);

/*
 * Return in @ret_name (WF_BUS_LEADER_BYTES) the name of the server that leads the stream @stream.
 * Return: 0; -ENOENT if the stream has no leader, because the server is not part of a cluster or
 * an election is going on, or if its name is too long; -EAGAIN if the server does not answer.
 */
int wf_bus_stream_leader(jsCtx *js, const char *stream, char *ret_name);

#endif
