// SPDX-License-Identifier: BSD-2-Clause
/*
 * guard.c - checks the headers Host, Origin and Authorization.
 */
#include "http/wire/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { NAME_BYTES = 256, PORT_DIGITS_MAX = 5 };

/* Return true if @text is empty or ":PORT". */
static bool is_port(const char *text)
{
	size_t digits;

	if (!*text)
		return true;
	digits = strspn(text + 1, "0123456789");
	return *text == ':' && digits && digits <= PORT_DIGITS_MAX && !text[1 + digits];
}

/*
 * Copy the name of NAME, NAME:PORT, [IPV6] or [IPV6]:PORT, without brackets. Return: false if @host
 * has no such form.
 */
static bool read_name(const char *host, char ret_name[NAME_BYTES])
{
	bool is_ipv6 = *host == '[';
	const char *begin = host + is_ipv6;
	size_t chars = strcspn(begin, is_ipv6 ? "]" : ":");
	const char *end = begin + chars;

	if (!chars || chars >= NAME_BYTES || (is_ipv6 && *end != ']'))
		return false;
	memcpy(ret_name, begin, chars);
	ret_name[chars] = '\0';
	return is_port(end + is_ipv6);
}

/* Return true if both texts are the same IPv4 or IPv6 address. */
static bool is_same_addr(const char *a, const char *b)
{
	struct in6_addr addr_a, addr_b;

	if (inet_pton(AF_INET6, a, &addr_a) == 1 && inet_pton(AF_INET6, b, &addr_b) == 1)
		return !memcmp(&addr_a, &addr_b, sizeof(addr_a));
	return inet_pton(AF_INET, a, &addr_a) == 1 && inet_pton(AF_INET, b, &addr_b) == 1 &&
	       !memcmp(&addr_a, &addr_b, sizeof(struct in_addr));
}

bool wf_guard_is_host(const char *host, const char *local, char *const *names, size_t names_count)
{
	char name[NAME_BYTES];

	if (!read_name(host, name))
		return false;
	if (!strcasecmp(name, "localhost") || is_same_addr(name, local))
		return true;
	for (size_t i = 0; i < names_count; i++)
		if (!strcasecmp(name, names[i]) || is_same_addr(name, names[i]))
			return true;
	return false;
}

bool wf_guard_is_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t chars = strlen(schemes[i]);

		if (!strncasecmp(origin, schemes[i], chars))
			return !strcasecmp(origin + chars, host);
	}
	return false;
}

/*
 * Return true if the @chars characters at @given equal @token. The time depends on the lengths
 * only.
 */
static bool is_equal(const char *given, size_t chars, const char *token)
{
	unsigned char difference = 0;

	if (chars != WF_GUARD_TOKEN_CHARS || strlen(token) != WF_GUARD_TOKEN_CHARS)
		return false;
	for (size_t i = 0; i < WF_GUARD_TOKEN_CHARS; i++)
		difference |= (unsigned char)(given[i] ^ token[i]);
	return !difference;
}

bool wf_guard_is_token(const char *authorization, const char *token)
{
	static const char scheme[] = "Bearer ";
	const char *given;

	if (strncasecmp(authorization, scheme, strlen(scheme)))
		return false;
	given = authorization + strlen(scheme);
	given += strspn(given, " ");
	return is_equal(given, strlen(given), token);
}

/* Move @list to its next name. Return: the length of the name; 0 at the end. */
static size_t next_name(const char **list)
{
	*list += strspn(*list, ", \t");
	return strcspn(*list, ", \t");
}

bool wf_guard_has_name(const char *list, const char *name)
{
	size_t chars;

	for (; (chars = next_name(&list)) > 0; list += chars)
		if (chars == strlen(name) && !memcmp(list, name, chars))
			return true;
	return false;
}

bool wf_guard_has_token_name(const char *list, const char *prefix, const char *token)
{
	size_t prefix_chars = strlen(prefix);
	size_t chars;

	for (; (chars = next_name(&list)) > 0; list += chars)
		if (chars > prefix_chars && !memcmp(list, prefix, prefix_chars) &&
		    is_equal(list + prefix_chars, chars - prefix_chars, token))
			return true;
	return false;
}
