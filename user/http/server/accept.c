// SPDX-License-Identifier: BSD-2-Clause
/*
 * accept.c - accepts connections, and closes older ones in favour of new ones at the limit.
 *
 * The socket is opened by listen.c and not by libwebsockets, so that it exists before the agent
 * gives up its privileges, and so that the limit of connections is weft's.
 */
#include "http/server/accept.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server/server.h"
#include "http/server/slots.h"

enum { BATCH = 32, PAUSE_MS = 100 };

/* Pass an accepted socket to libwebsockets, which closes it on failure. */
static void adopt(struct wf_http *http, int fd)
{
	struct lws *wsi;

	if (!wf_slots_make_room(http)) {
		close(fd);
		return;
	}
	wsi = lws_adopt_socket_vhost(http->vhost, fd);
	if (wsi)
		wf_slots_add(http, wsi);
}

/*
 * Accept at most BATCH of the connections that wait. Return: 0; negative errno, such as -EMFILE if
 * no descriptor is left.
 */
static int accept_some(struct wf_http *http)
{
	for (int i = 0; i < BATCH; i++) {
		int fd = accept4(http->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			adopt(http, fd);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR && errno != ECONNABORTED)
			return -errno;
	}
	return 0;
}

int wf_accept_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		       size_t len)
{
	struct wf_http *http = wf_http_of(wsi);

	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		if (!accept_some(http))
			break;
		/* The socket stays readable, so the loop pauses instead of trying again at once. */
		lws_rx_flow_control(wsi, 0);
		lws_set_timer_usecs(wsi, PAUSE_MS * 1000);
		break;
	case LWS_CALLBACK_TIMER:
		lws_rx_flow_control(wsi, 1);
		break;
	default:
		break;
	}
	return 0;
}
