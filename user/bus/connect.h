/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect.h - connections to NATS servers: addresses, TLS, credentials.
 *
 * wf_bus_open() checks the options and reads the files, which may be readable for root only. It
 * does not use libnats, which creates threads, so it can be called before privileges are dropped.
 * wf_bus_connect() makes a connection, as often as needed. libnats does not reconnect a lost
 * connection, because it would send messages that were published meanwhile before the caller could
 * repeat earlier ones. The caller makes a new connection instead.
 */
#ifndef WF_BUS_CONNECT_H
#define WF_BUS_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

#include <nats/nats.h>

#include "bus/urls.h"

enum {
	WF_BUS_CONNECT_MS = 2000, /* maximum time to connect to one server */
	WF_BUS_WRITE_MS = 5000,	  /* maximum time for which a server may accept no bytes */
};

struct wf_bus;

/**
 * struct wf_bus_opts - the servers, and how to connect to them
 * @url:  the servers, as wf_bus_urls_parse() reads them
 * @name: name of the connection, which NATS servers show in their reports
 * @tls_ca_file: certificates of the authorities that sign the servers' certificates
 * @tls_cert_file, @tls_key_file: certificate and key of this client
 * @credentials_file: JWT and seed of the user, as `nsc` writes them
 * @key_prefix: prefix of the keys that set the files, such as "sinks.nats.", for messages; NULL:
 * they have no keys
 *
 * A file that is NULL is not used. Connections are encrypted if a URL begins with tls:// or if a
 * TLS file is given.
 */
struct wf_bus_opts {
	const char *url;
	const char *name;
	const char *tls_ca_file;
	const char *tls_cert_file;
	const char *tls_key_file;
	const char *credentials_file;
	const char *key_prefix;
};

/*
 * Check @opts and read its files. @ret_error receives the reason of a failure
 * (WF_BUS_ERROR_BYTES). Return: 0; -EINVAL if an option is wrong; -ENOMEM; errors of reading a
 * file. Memory: copies of the files, at most 1 MiB each.
 */
int wf_bus_open(const struct wf_bus_opts *opts, struct wf_bus **ret_bus, char *ret_error);

/*
 * Connect to one of the servers. @ret_error receives the reason of a failure (WF_BUS_ERROR_BYTES),
 * without passwords. Return: 0; -EINVAL if libnats rejects the options, such as a certificate
 * that cannot be parsed; -EACCES if the server rejects the user; -EAGAIN if no server can be
 * reached, or another error occurs. Thread: any, one at a time. Waits at most WF_BUS_CONNECT_MS for
 * each server and, if none can be reached, WF_BUS_PROBE_MS again for each address of each server.
 * Resolving names has no limit of time.
 */
int wf_bus_connect(struct wf_bus *bus, natsConnection **ret_connection, char *ret_error);

/*
 * Connect to the server that is called @name, if it is one of several servers of @bus and not the
 * one of @connection. Return: 0; -EALREADY if @connection is to this server; -ENOENT if the server
 * is not found, or @bus has one server; errors of wf_bus_connect(). Thread: as wf_bus_connect().
 * Waits at most WF_BUS_FIND_MS for the search and WF_BUS_CONNECT_MS for the connection, besides
 * resolving names.
 */
int wf_bus_connect_named(struct wf_bus *bus, const char *name, natsConnection *connection,
			 natsConnection **ret_connection);

/*
 * Write the text of the libnats status @status to @ret_error (WF_BUS_ERROR_BYTES), with the details
 * that libnats keeps for the calling thread.
 */
void wf_bus_error(natsStatus status, char *ret_error);

/*
 * Write HOST:PORT of the server of @connection, which may be one that another server has named;
 * "a server" if it is not known. @ret_text: WF_BUS_ERROR_BYTES.
 */
void wf_bus_server_text(natsConnection *connection, char *ret_text);

/* Return the servers of @bus without users and passwords. */
const char *wf_bus_servers(const struct wf_bus *bus);

/*
 * Free @bus. If no other struct wf_bus uses libnats, wait at most 5 s until the threads of libnats
 * have ended, unless @bus uses TLS. All connections of @bus must be destroyed before. NULL is
 * allowed.
 */
void wf_bus_close(struct wf_bus *bus);

#endif
