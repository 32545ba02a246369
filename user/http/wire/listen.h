/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen.h - the listening socket: parses its address and opens it.
 */
#ifndef WF_HTTP_WIRE_LISTEN_H
#define WF_HTTP_WIRE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

enum { WF_LISTEN_TEXT_BYTES = 64 };

/** struct wf_listen - a listening socket */
struct wf_listen {
	int fd;				 /* owned by the caller */
	bool is_loopback;		 /* only this host can connect */
	char text[WF_LISTEN_TEXT_BYTES]; /* ADDR:PORT with the port that is in use */
};

/*
 * Parse ADDR:PORT, [IPV6]:PORT, :PORT or PORT. The default address is 127.0.0.1. Return: 0; -EINVAL
 * if @text has another form.
 */
int wf_listen_parse(const char *text, struct sockaddr_storage *ret_addr);

/*
 * Open the socket, non-blocking. Port 0: the kernel selects a port. Return: 0; -EINVAL if @text is
 * not an address; other negative errno.
 */
int wf_listen_open(const char *text, struct wf_listen *ret_listen);

/* Write the numeric address of @addr, without port, and without scope or IPv4-mapped prefix. */
void wf_listen_addr_text(const struct sockaddr_storage *addr, char *buf, size_t bytes);

#endif
