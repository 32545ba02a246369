// SPDX-License-Identifier: BSD-2-Clause
/*
 * report_privileges.c - the privileges of the agent as JSON and in words.
 */
#include "agent/privileges/report_privileges.h"

#include <cap-ng.h>
#include <stdio.h>

/* Write the name of the capability @cap, such as "CAP_NET_ADMIN". Return: number of characters. */
static size_t name_capability(unsigned int cap, char *buf, size_t buf_bytes)
{
	const char *name = capng_capability_to_name(cap);
	size_t used = (size_t)snprintf(buf, buf_bytes, "CAP_%s", name ? name : "?");

	for (size_t i = 0; i < used && i < buf_bytes; i++)
		if (buf[i] >= 'a' && buf[i] <= 'z')
			buf[i] = (char)(buf[i] - 'a' + 'A');
	return used;
}

const char *wf_capabilities_text(uint64_t capabilities, char *buf, size_t buf_bytes)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int cap = 0; cap < 64; cap++) {
		if (!(capabilities >> cap & 1) || used >= buf_bytes)
			continue;
		if (used)
			used += (size_t)snprintf(buf + used, buf_bytes - used, ", ");
		if (used < buf_bytes)
			used += name_capability(cap, buf + used, buf_bytes - used);
	}
	return buf;
}

/* Return the name of the kept privilege, or of the kept capabilities. */
static const char *what_of(const struct wf_kept *kept, char *buf, size_t buf_bytes)
{
	return kept->capabilities ? wf_capabilities_text(kept->capabilities, buf, buf_bytes)
				  : kept->what;
}

void wf_kept_text(const struct wf_kept *kept, char *buf, size_t buf_bytes)
{
	char names[WF_CAPABILITIES_TEXT_BYTES];

	snprintf(buf, buf_bytes, "not given up: %s: %s", what_of(kept, names, sizeof(names)),
		 kept->why);
}

static json_t *capabilities_new(uint64_t capabilities)
{
	json_t *list = json_array();
	char name[64];

	for (unsigned int cap = 0; cap < 64; cap++) {
		if (!(capabilities >> cap & 1))
			continue;
		name_capability(cap, name, sizeof(name));
		json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *kept_new(const struct wf_privileges *privileges)
{
	json_t *list = json_array();
	char names[WF_CAPABILITIES_TEXT_BYTES];

	for (size_t i = 0; i < privileges->kept_count; i++) {
		const struct wf_kept *kept = &privileges->kept[i];

		json_array_append_new(list, json_pack("{ssss}", "what",
						      what_of(kept, names, sizeof(names)), "why",
						      kept->why));
	}
	return list;
}

json_t *wf_privileges_report(const struct wf_privileges *privileges)
{
	const struct wf_account *account = &privileges->account;

	return json_pack("{sssIsssIsosbsbso}", "user", account->user, "uid",
			 (json_int_t)account->uid, "group", account->group, "gid",
			 (json_int_t)account->gid, "capabilities",
			 capabilities_new(privileges->capabilities), "no_new_privs",
			 privileges->no_new_privs, "seccomp", privileges->has_seccomp, "kept",
			 kept_new(privileges));
}
