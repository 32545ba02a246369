/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * urls.h - parses the list of NATS servers in the configuration.
 */
#ifndef WF_BUS_URLS_H
#define WF_BUS_URLS_H

#include <stdbool.h>

enum {
	WF_BUS_URLS_MAX = 16,	  /* maximum number of servers */
	WF_BUS_URLS_BYTES = 1024, /* maximum length of the list, with its '\0' */
	WF_BUS_SERVERS_BYTES = WF_BUS_URLS_BYTES + WF_BUS_URLS_MAX * 6,
	WF_BUS_ERROR_BYTES = 512, /* size of the buffers for error texts in bus/ */
};

/**
 * struct wf_bus_urls - a list of servers; must not be moved, because @url points into @text
 * @text:    the list, cut into strings at its commas
 * @servers: HOST:PORT of each, separated by commas, for messages: without users and passwords
 * @is_tls:  true if a URL begins with tls://
 */
struct wf_bus_urls {
	char text[WF_BUS_URLS_BYTES];
	char servers[WF_BUS_SERVERS_BYTES];
	const char *url[WF_BUS_URLS_MAX];
	int count;
	bool is_tls;
};

/*
 * Read one or more of [nats://|tls://][USER:PASSWORD@]HOST[:PORT], separated by commas. @ret_error
 * receives what is wrong, without passwords (WF_BUS_ERROR_BYTES). Return: 0; -EINVAL.
 */
int wf_bus_urls_parse(const char *text, struct wf_bus_urls *ret_urls, char *ret_error);

/*
 * Cut @server, HOST:PORT or [HOST]:PORT as in wf_bus_urls.servers, into its parts. Return: the
 * host, without brackets.
 */
char *wf_bus_urls_split(char *server, const char **ret_port);

#endif
