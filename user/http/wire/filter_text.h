/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_text.h - checks a filter expression of a client before it is compiled.
 *
 * The compiler of libpcap takes seconds for an expression of some thousand characters, and asks
 * name servers for names that it does not know. Either would block the server.
 *
 * Thread: any; the functions do no I/O and keep no state between calls.
 */
#ifndef WF_HTTP_WIRE_FILTER_TEXT_H
#define WF_HTTP_WIRE_FILTER_TEXT_H

#include <stddef.h>

/*
 * Check that @text is short, and consists of keywords about addresses and ports, numbers, numeric
 * addresses, parentheses and the operators !, & and |. Return: 0; -EINVAL, with the reason in
 * @ret_why.
 */
int wf_filter_text_check(const char *text, char *ret_why, size_t why_bytes);

#endif
