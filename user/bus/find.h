/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - finds the server of a cluster that has a given name.
 *
 * JetStream reports the leader of a stream by the name of its server, which is none of the
 * addresses in the configuration. A server sends its name and its id in the line INFO as soon as a
 * TCP connection is made, before TLS and without credentials. The line is not trusted: whoever
 * answers can only make the caller prefer one server of its own list.
 */
#ifndef WF_BUS_FIND_H
#define WF_BUS_FIND_H

enum {
	WF_BUS_FIND_MS = 300,	     /* maximum time to wait for all servers together */
	WF_BUS_SERVER_ID_BYTES = 64, /* a longer id is not recognised */
};

/**
 * struct wf_bus_found - a server
 * @index: its number in wf_bus_urls.url, from 0
 * @id:	   its id, which differs from those of all other servers
 */
struct wf_bus_found {
	int index;
	char id[WF_BUS_SERVER_ID_BYTES];
};

/*
 * Connect to all of @servers (wf_bus_urls.servers) at the same time, and find the one that is
 * called @name. Return: 0; -ENOENT if none has answered with this name in time; -ENOMEM. Thread:
 * any. Names are resolved as the system does it, without a limit of time. Memory: 128 KiB, freed
 * before the return.
 */
int wf_bus_find(const char *servers, const char *name, struct wf_bus_found *ret_found);

#endif
