// SPDX-License-Identifier: BSD-2-Clause
/*
 * urls.c - parses the list of NATS servers in the configuration.
 */
#include "bus/urls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WF_BUS_PORT "4222" /* the default of libnats */

/* Return the part of @url after the scheme, all of it if it has none; NULL: an unknown scheme. */
static const char *after_scheme(const char *url, bool *ret_is_tls)
{
	const char *colon = strstr(url, "://");

	*ret_is_tls = !strncasecmp(url, "tls://", 6);
	if (!colon)
		return url;
	return *ret_is_tls || !strncasecmp(url, "nats://", 7) ? colon + 3 : NULL;
}

/* Return the beginning of the port in @host, after its colon; NULL if there is no port. */
static const char *port_of(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : NULL;
	const char *colon = strchr(end ? end : host, ':');

	return colon ? colon + 1 : NULL;
}

static bool port_is_valid(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	return end != text && !*end && strspn(text, "0123456789") == strlen(text) && port >= 1 &&
	       port <= 65535;
}

/* Return what is wrong with the host and port @host; NULL if nothing is. */
static const char *host_error(const char *host)
{
	const char *port = port_of(host);
	size_t length = port ? (size_t)(port - 1 - host) : strlen(host);

	/* Of an address without brackets, it is unclear which colon begins the port. */
	if (*host != '[' && port && strchr(port, ':'))
		return "an IPv6 address is written in brackets: [ADDRESS]:PORT";
	if (!length)
		return "the host is missing";
	if (strpbrk(host, " \t\r\n/?#"))
		return "a host and port have no spaces, slashes, '?' or '#'";
	if (*host == '[' && host[length - 1] != ']')
		return "an IPv6 address ends with ']'";
	if (port && !port_is_valid(port))
		return "the port is not a number from 1 to 65535";
	return NULL;
}

/* Add @url to @urls. Return what is wrong with it; NULL if nothing is. */
static const char *add_url(struct wf_bus_urls *urls, const char *url)
{
	bool is_tls;
	const char *host = after_scheme(url, &is_tls), *at, *error;
	size_t len = strlen(urls->servers);

	if (!host)
		return "the scheme is neither nats:// nor tls://";
	at = strrchr(host, '@');
	if (at)
		host = at + 1;
	error = host_error(host);
	if (error)
		return error;
	if (urls->count == WF_BUS_URLS_MAX)
		return "there are more than 16 servers";
	urls->is_tls |= is_tls;
	urls->url[urls->count++] = url;
	snprintf(urls->servers + len, sizeof(urls->servers) - len, "%s%s%s", len ? "," : "", host,
		 port_of(host) ? "" : ":" WF_BUS_PORT);
	return NULL;
}

int wf_bus_urls_parse(const char *text, struct wf_bus_urls *ret_urls, char *ret_error)
{
	char *rest = ret_urls->text, *url;
	const char *error;

	*ret_urls = (struct wf_bus_urls){.count = 0};
	if (strlen(text) >= sizeof(ret_urls->text)) {
		snprintf(ret_error, WF_BUS_ERROR_BYTES, "the URLs have more than %zu characters",
			 sizeof(ret_urls->text) - 1);
		return -EINVAL;
	}
	strcpy(ret_urls->text, text);
	while ((url = strsep(&rest, ",")) != NULL) {
		int number = ret_urls->count + 1;

		error = add_url(ret_urls, url);
		if (error) {
			/* The URL itself is not printed, because it may contain a password. */
			snprintf(ret_error, WF_BUS_ERROR_BYTES,
				 "URL %d: %s; expected nats://HOST:PORT or tls://HOST:PORT", number,
				 error);
			return -EINVAL;
		}
	}
	return 0;
}

char *wf_bus_urls_split(char *server, const char **ret_port)
{
	char *colon = strrchr(server, ':');
	char *end = *server == '[' ? strchr(server, ']') : NULL;

	*colon = '\0';
	*ret_port = colon + 1;
	if (!end)
		return server;
	*end = '\0';
	return server + 1;
}
