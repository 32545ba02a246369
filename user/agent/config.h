/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - what an operator may set: one file, --set and options, all through one table.
 *
 *   defaults  ←  wf_config_load(FILE)  ←  wf_config_set("key", "value"), in this order
 *
 * Every way in checks the same type and range and answers with the same words.
 * Thread: main, before anything starts. Memory: what the lists' maxima allow.
 */
#ifndef WF_AGENT_CONFIG_H
#define WF_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/weft.h>

enum wf_config_type {
	WF_CONFIG_UINT = 0,
	WF_CONFIG_BOOL,
	WF_CONFIG_CHOICE,
	WF_CONFIG_SHARE,
	WF_CONFIG_TEXT,
	WF_CONFIG_NAMES,    /* list of char *, each owned */
	WF_CONFIG_PORTS,    /* list of uint16_t */
	WF_CONFIG_PREFIXES, /* list of struct weft_prefix */
	WF_CONFIG_OVERLAPS, /* map, prefix to policy: list of struct weft_overlap_rule */
	WF_CONFIG_LATER,    /* a name of DESIGN that this build does not know to act on */
};

#define X_ONE(...) +1
#define X_UINT	   X_ONE
#define X_BOOL	   X_ONE
#define X_CHOICE   X_ONE
#define X_SHARE	   X_ONE
#define X_TEXT	   X_ONE
#define X_LIST	   X_ONE
#define X_LATER	   X_ONE
enum {
	WF_CONFIG_KEYS = 0
#include "agent/config.def"
};
#undef X_UINT
#undef X_BOOL
#undef X_CHOICE
#undef X_SHARE
#undef X_TEXT
#undef X_LIST
#undef X_LATER
#undef X_ONE

/** struct wf_config - all values; a list is a pointer (owned) and NAME_count */
struct wf_config {
#define X_UINT(name, field, min, max, initial, unit, help) uint64_t field;
#define X_BOOL(name, field, initial, help)		   bool field;
#define X_CHOICE(name, field, names, initial, help)	   int field;
#define X_SHARE(name, field, initial, help)		   double field;
#define X_TEXT(name, field, initial, help)		   char *field;
#define X_LIST(name, field, element, entries_max, kind, help) \
	element *field;                                       \
	size_t field##_count;
#define X_LATER(name, help)
#include "agent/config.def"
#undef X_UINT
#undef X_BOOL
#undef X_CHOICE
#undef X_SHARE
#undef X_TEXT
#undef X_LIST
#undef X_LATER
	char *places[WF_CONFIG_KEYS]; /* owned: "FILE:LINE: key", "--option"; NULL: a default */
};

/** struct wf_config_key - one line of config.def */
struct wf_config_key {
	const char *name;
	enum wf_config_type type;
	size_t offset;	     /* of the field in struct wf_config */
	size_t count_offset; /* lists: of its NAME_count */
	uint64_t min;
	uint64_t max;	  /* lists: of entries */
	uint64_t initial; /* UINT, BOOL, CHOICE */
	double initial_share;
	const char *initial_text;
	const char *const *choices; /* ended by NULL; the value is the index */
	const char *unit;
	const char *help;
};

/** struct wf_config_error - what is wrong, where, and what is allowed; one line */
struct wf_config_error {
	char text[512];
};

/* Sets every default. Return: 0; -ENOMEM. */
int wf_config_init(struct wf_config *config);
void wf_config_fini(struct wf_config *config);

/* All keys, ended by one whose name is NULL. Static. */
const struct wf_config_key *wf_config_keys(void);

/**
 * wf_config_load() - take values from the YAML file @path
 *
 * Return: 0; -EINVAL: its contents, -ENOENT, ...; @ret_error tells. @config may be
 * half changed then: only fini it.
 */
int wf_config_load(struct wf_config *config, const char *path, struct wf_config_error *ret_error);

/**
 * wf_config_set() - give one key another value
 * @place: what to call this in messages ("--overlap")
 * @text:  as on a command line: lists with commas, maps as PREFIX=POLICY,...
 *
 * Return: 0; -EINVAL, @ret_error tells; -ENOMEM.
 */
int wf_config_set(struct wf_config *config, const char *place, const char *name, const char *text,
		  struct wf_config_error *ret_error);

/* Sets from "key=value". Errors as wf_config_set(). */
int wf_config_set_pair(struct wf_config *config, const char *place, const char *pair,
		       struct wf_config_error *ret_error);

/* Checks what no single key can: combinations. Return: 0; -EINVAL, @ret_error tells. */
int wf_config_check(const struct wf_config *config, struct wf_config_error *ret_error);

/* Writes @config as YAML that wf_config_load() takes, each key explained. */
void wf_config_show(const struct wf_config *config, FILE *out);

/* Fill options from @config, from which they borrow every pointer. */
void wf_config_to_opts(const struct wf_config *config, struct weft_opts *ret_opts);
void wf_config_to_interface_opts(const struct wf_config *config,
				 struct weft_interface_opts *ret_opts);

#endif
