/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.h - checks the sender of a request: the headers Host, Origin and Authorization.
 *
 * Host: a web site may let its own name resolve to the address of this server (DNS rebinding), so
 * that its scripts could read the responses. The header Host of such a request has the site's name.
 * Origin: a script of another web site may send a request, or open a WebSocket, to this server.
 * Authorization: a client that cannot read the token file must not change anything.
 *
 * Thread: any; the functions do no I/O and keep no state between calls.
 */
#ifndef WF_HTTP_WIRE_GUARD_H
#define WF_HTTP_WIRE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	WF_GUARD_ADDR_BYTES = 48,
	WF_GUARD_TOKEN_CHARS = 64, /* hexadecimal digits of a token */
};

/*
 * Return true if @host, the value of a header Host, names this server: "localhost", the address
 * @local to which the client connected, or one of @names; a port may follow.
 */
bool wf_guard_is_host(const char *host, const char *local, char *const *names, size_t names_count);

/*
 * Return true if @origin, the value of a header Origin, is "http://" or "https://" followed by
 * @host, the value of the header Host.
 */
bool wf_guard_is_origin(const char *origin, const char *host);

/*
 * Return true if @authorization, the value of a header, is the scheme Bearer, in upper or lower
 * case, and @token. The time that the comparison takes does not depend on how much of the token is
 * right.
 */
bool wf_guard_is_token(const char *authorization, const char *token);

/*
 * Return true if @list, names separated by commas, contains the name: @name for
 * wf_guard_has_name(), @prefix followed by @token for wf_guard_has_token_name(). The time does not
 * depend on how much of the token is right.
 */
bool wf_guard_has_name(const char *list, const char *name);
bool wf_guard_has_token_name(const char *list, const char *prefix, const char *token);

#endif
