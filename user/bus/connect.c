// SPDX-License-Identifier: BSD-2-Clause
/*
 * connect.c - connections to NATS servers: addresses, TLS, credentials.
 *
 * Certificates, keys and credentials are read once and kept in memory: when a connection is
 * made again, the process may no longer be allowed to read the files.
 */
#include "bus/connect.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/find.h"
#include "bus/probe.h"
#include "bus/secret.h"
#include "bus/urls.h"

enum {
	CLOSE_MS = 5000, /* maximum time to wait for the threads of libnats */
	/* interval between pings; a server that does not answer two of them is regarded as lost */
	PING_MS = 5000,
	PINGS_OUT_MAX = 2,
	IO_BYTES = 256 * 1024, /* size of the read buffer and of the write buffer */
};

/* Number of struct wf_bus that use libnats. All of them share its threads. */
static _Atomic unsigned int users;

struct wf_bus {
	struct wf_bus_urls urls;
	bool is_tls;
	char *name;
	char *tls_ca, *tls_cert, *tls_key;     /* contents of the files; NULL: not used */
	struct wf_bus_credentials credentials; /* jwt is NULL if they are not used */
	natsOptions *options;		       /* made by the first call of wf_bus_connect() */
};

/* ---- files ---- */

/*
 * Read the file @path into *@ret_text, unless @path is NULL. @option: name of the option that set
 * the path, without key_prefix, for the message of an error.
 */
static int read_file(const struct wf_bus_opts *opts, const char *option, const char *path,
		     char **ret_text, char *ret_error)
{
	int err = path ? wf_bus_secret_read(path, ret_text) : 0;

	if (err && opts->key_prefix)
		snprintf(ret_error, WF_BUS_ERROR_BYTES, "%s%s: %.384s: %s", opts->key_prefix,
			 option, path, strerror(-err));
	else if (err)
		snprintf(ret_error, WF_BUS_ERROR_BYTES, "%.384s: %s", path, strerror(-err));
	return err;
}

static int read_credentials(struct wf_bus *bus, const struct wf_bus_opts *opts, char *ret_error)
{
	const char *path = opts->credentials_file;
	char *text = NULL;
	int err = read_file(opts, "credentials_file", path, &text, ret_error);

	if (!text)
		return err;
	err = wf_bus_credentials_parse(text, &bus->credentials);
	wf_bus_secret_free(text);
	if (err == -EINVAL)
		snprintf(ret_error, WF_BUS_ERROR_BYTES,
			 "%s: not a credentials file: a section with the user's JWT, and one with "
			 "its seed, are expected, as nsc writes them",
			 path);
	return err;
}

static int read_files(struct wf_bus *bus, const struct wf_bus_opts *opts, char *ret_error)
{
	int err;

	if (!opts->tls_cert_file != !opts->tls_key_file) {
		snprintf(ret_error, WF_BUS_ERROR_BYTES,
			 "a certificate and its key are needed together, and only one of them is "
			 "set (tls_cert_file, tls_key_file)");
		return -EINVAL;
	}
	err = read_file(opts, "tls_ca_file", opts->tls_ca_file, &bus->tls_ca, ret_error);
	if (!err)
		err = read_file(opts, "tls_cert_file", opts->tls_cert_file, &bus->tls_cert,
				ret_error);
	if (!err)
		err = read_file(opts, "tls_key_file", opts->tls_key_file, &bus->tls_key, ret_error);
	if (!err)
		err = read_credentials(bus, opts, ret_error);
	bus->is_tls = bus->urls.is_tls || bus->tls_ca || bus->tls_cert;
	return err;
}

int wf_bus_open(const struct wf_bus_opts *opts, struct wf_bus **ret_bus, char *ret_error)
{
	struct wf_bus *bus = calloc(1, sizeof(*bus));
	int err = -ENOMEM;

	snprintf(ret_error, WF_BUS_ERROR_BYTES, "%s", strerror(ENOMEM));
	if (!bus)
		return -ENOMEM;
	bus->name = strdup(opts->name);
	if (bus->name)
		err = wf_bus_urls_parse(opts->url, &bus->urls, ret_error);
	if (!err)
		err = read_files(bus, opts, ret_error);
	if (err) {
		wf_bus_close(bus);
		return err;
	}
	*ret_bus = bus;
	return 0;
}

/* ---- connecting ---- */

void wf_bus_error(natsStatus status, char *ret_error)
{
	const char *text = natsStatus_GetText(status);
	natsStatus last = NATS_OK;
	const char *details = nats_GetLastError(&last);
	/* libnats puts the line of its source before the details: "(conn.c:2088): ..." */
	const char *end = details ? strstr(details, "): ") : NULL;

	if (end)
		details = end + 3;
	if (last != status || !details || !*details || !strcmp(details, text))
		snprintf(ret_error, WF_BUS_ERROR_BYTES, "%s", text);
	else
		snprintf(ret_error, WF_BUS_ERROR_BYTES, "%s: %s", text, details);
}

/* Give libnats a copy of the JWT, which libnats frees. */
static natsStatus give_jwt(char **ret_jwt, char **ret_error, void *ctx)
{
	const struct wf_bus *bus = ctx;

	*ret_jwt = strdup(bus->credentials.jwt);
	return *ret_jwt ? NATS_OK : NATS_NO_MEMORY;
}

static natsStatus sign(char **ret_error, unsigned char **ret_signature, int *ret_length,
		       const char *nonce, void *ctx)
{
	const struct wf_bus *bus = ctx;

	return nats_Sign(bus->credentials.seed, nonce, ret_signature, ret_length);
}

static natsStatus set_security(struct wf_bus *bus, natsOptions *options)
{
	natsStatus status = NATS_OK;

	if (bus->is_tls)
		status = natsOptions_SetSecure(options, true);
	if (status == NATS_OK && bus->tls_ca)
		status = natsOptions_SetCATrustedCertificates(options, bus->tls_ca);
	if (status == NATS_OK && bus->tls_cert)
		status = natsOptions_SetCertificatesChain(options, bus->tls_cert, bus->tls_key);
	if (status == NATS_OK && bus->credentials.jwt)
		status = natsOptions_SetUserCredentialsCallbacks(options, give_jwt, bus, sign, bus);
	return status;
}

/* Set the name, the time limits and the sizes of buffers. */
static natsStatus set_behaviour(struct wf_bus *bus, natsOptions *options)
{
	natsStatus status = natsOptions_SetAllowReconnect(options, false);

	if (status == NATS_OK)
		status = natsOptions_SetName(options, bus->name);
	if (status == NATS_OK)
		status = natsOptions_SetTimeout(options, WF_BUS_CONNECT_MS);
	if (status == NATS_OK)
		status = natsOptions_SetWriteDeadline(options, WF_BUS_WRITE_MS);
	if (status == NATS_OK)
		status = natsOptions_SetPingInterval(options, PING_MS);
	if (status == NATS_OK)
		status = natsOptions_SetMaxPingsOut(options, PINGS_OUT_MAX);
	if (status == NATS_OK)
		status = natsOptions_SetIOBufSize(options, IO_BYTES);
	return status;
}

static natsStatus new_options(struct wf_bus *bus, const char **urls, int count,
			      natsOptions **ret_options)
{
	natsOptions *options;
	natsStatus status = natsOptions_Create(&options);

	if (status != NATS_OK)
		return status;
	status = natsOptions_SetServers(options, urls, count);
	if (status == NATS_OK)
		status = set_behaviour(bus, options);
	if (status == NATS_OK)
		status = set_security(bus, options);
	if (status == NATS_OK)
		*ret_options = options;
	else
		natsOptions_Destroy(options);
	return status;
}

static natsStatus make_options(struct wf_bus *bus)
{
	natsStatus status = new_options(bus, bus->urls.url, bus->urls.count, &bus->options);

	if (status == NATS_OK)
		atomic_fetch_add(&users, 1);
	return status;
}

int wf_bus_connect(struct wf_bus *bus, natsConnection **ret_connection, char *ret_error)
{
	natsStatus status = bus->options ? NATS_OK : make_options(bus);

	if (status != NATS_OK) {
		wf_bus_error(status, ret_error);
		return -EINVAL;
	}
	status = natsConnection_Connect(ret_connection, bus->options);
	if (status == NATS_OK)
		return 0;
	if (status == NATS_NO_SERVER)
		wf_bus_probe(bus->urls.servers, ret_error);
	else
		wf_bus_error(status, ret_error);
	return status == NATS_CONNECTION_AUTH_FAILED ? -EACCES : -EAGAIN;
}

/* Connect to one server of the list only. */
static natsStatus connect_one(struct wf_bus *bus, int index, natsConnection **ret_connection)
{
	natsOptions *options;
	natsStatus status = new_options(bus, &bus->urls.url[index], 1, &options);

	if (status != NATS_OK)
		return status;
	status = natsConnection_Connect(ret_connection, options);
	natsOptions_Destroy(options);
	return status;
}

int wf_bus_connect_named(struct wf_bus *bus, const char *name, natsConnection *connection,
			 natsConnection **ret_connection)
{
	char id[WF_BUS_SERVER_ID_BYTES];
	struct wf_bus_found found;
	natsStatus status;

	if (bus->urls.count < 2 || !bus->options)
		return -ENOENT;
	if (wf_bus_find(bus->urls.servers, name, &found))
		return -ENOENT;
	status = natsConnection_GetConnectedServerId(connection, id, sizeof(id));
	if (status == NATS_OK && !strcmp(id, found.id))
		return -EALREADY;
	if (status == NATS_OK)
		status = connect_one(bus, found.index, ret_connection);
	if (status == NATS_OK)
		return 0;
	return status == NATS_CONNECTION_AUTH_FAILED ? -EACCES : -EAGAIN;
}

void wf_bus_server_text(natsConnection *connection, char *ret_text)
{
	char url[WF_BUS_URLS_BYTES], error[WF_BUS_ERROR_BYTES];
	struct wf_bus_urls urls;

	/* The URL has the user and the password. */
	if (natsConnection_GetConnectedUrl(connection, url, sizeof(url)) ||
	    wf_bus_urls_parse(url, &urls, error) ||
	    snprintf(ret_text, WF_BUS_ERROR_BYTES, "%s", urls.servers) >= WF_BUS_ERROR_BYTES)
		snprintf(ret_text, WF_BUS_ERROR_BYTES, "a server");
}

const char *wf_bus_servers(const struct wf_bus *bus)
{
	return bus->urls.servers;
}

static void free_options(struct wf_bus *bus)
{
	natsOptions_Destroy(bus->options);
	/*
	 * After TLS was used, libnats 3.4 frees a table of OpenSSL 3 that OpenSSL frees again at
	 * the end of the process, so the threads of libnats are not ended if @bus used TLS.
	 */
	if (atomic_fetch_sub(&users, 1) == 1 && !bus->is_tls)
		nats_CloseAndWait(CLOSE_MS);
}

void wf_bus_close(struct wf_bus *bus)
{
	if (!bus)
		return;
	if (bus->options)
		free_options(bus);
	wf_bus_credentials_free(&bus->credentials);
	wf_bus_secret_free(bus->tls_key);
	free(bus->tls_cert);
	free(bus->tls_ca);
	free(bus->name);
	explicit_bzero(&bus->urls, sizeof(bus->urls));
	free(bus);
}
