/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_table.h - all values of a configuration, and the table of keys that describes them.
 *
 * Both are made from weft/options.def. The other config_*.c files work on any key by its
 * description, so that a new option needs no line in them.
 */
#ifndef WF_CONFIG_CONFIG_TABLE_H
#define WF_CONFIG_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/weft.h>

#include "sink/sink_opts.h"

enum wf_config_type {
	WF_CONFIG_NUMBER = 0,
	WF_CONFIG_MEBIBYTES, /* a number of MiB, kept in bytes */
	WF_CONFIG_SWITCH,
	WF_CONFIG_CHOICE,
	WF_CONFIG_SHARE,
	WF_CONFIG_TEXT,	    /* char *, owned; NULL if empty */
	WF_CONFIG_NAMES,    /* list of char *, each owned */
	WF_CONFIG_PORTS,    /* list of uint16_t */
	WF_CONFIG_PREFIXES, /* list of struct weft_prefix */
	WF_CONFIG_OVERLAPS, /* map, prefix to policy: list of struct weft_overlap_rule */
	WF_CONFIG_LATER,    /* a reserved key, which is rejected as not built in */
};

enum {
	WF_CONFIG_KEYS = 0
#define WEFT_LIBRARY_OPTION(...)   +1
#define WEFT_LIBRARY_LIST(...)	   +1
#define WEFT_INTERFACE_OPTION(...) +1
#define WEFT_INTERFACE_LIST(...)   +1
#define WEFT_SINK_OPTION(...)	   +1
#define WEFT_AGENT_OPTION(...)	   +1
#define WEFT_AGENT_LIST(...)	   +1
#define WEFT_LATER_OPTION(...)	   +1
#include <weft/options.def>
};

/**
 * struct wf_config - all values; texts and lists are owned
 * @library, @interface, @sinks: can be given to weft_new(), weft_add_interface() and
 *          wf_sink_open() as they are
 * @places: where each value was set: "FILE:LINE: key", "--option"; NULL: it is the default
 */
struct wf_config {
	struct weft_opts library;
	struct weft_interface_opts interface;
	struct wf_sink_opts sinks;
#define WEFT_AGENT_OPTION(kind, type, member, ...) type member;
#define WEFT_AGENT_LIST(kind, type, member, ...) \
	type *member;                            \
	size_t member##_count;
#include <weft/options.def>
	char *places[WF_CONFIG_KEYS];
};

/** struct wf_config_flag - the command-line option that sets a key; @name NULL: there is none */
struct wf_config_flag {
	char letter; /* 0: no short form */
	const char *name;
	const char *argument; /* NULL: the option has none and switches the key on */
	bool is_run_only;     /* `weft replay` has no such option */
};

/** struct wf_config_key - one entry of weft/options.def */
struct wf_config_key {
	const char *name;
	enum wf_config_type type;
	size_t offset;	     /* of the value in struct wf_config */
	size_t bytes;	     /* of the value */
	size_t count_offset; /* lists: of the number of entries */
	uint64_t min;
	uint64_t max;	  /* lists: of entries */
	uint64_t initial; /* NUMBER, MEBIBYTES, SWITCH, CHOICE */
	double initial_share;
	const char *initial_text;
	const char *const *choices; /* ended by NULL; the value is the index */
	const char *unit;
	struct wf_config_flag flag;
	const char *help;
	const char *details; /* of the manual */
};

/** struct wf_config_error - one line: where, what is wrong, and what is allowed */
struct wf_config_error {
	char text[512];
};

/* All keys, ended by one whose name is NULL. Static. */
const struct wf_config_key *wf_config_keys(void);

/*
 * The key called @name. NULL: there is none, or it is reserved; @ret_error tells, and names the
 * most similar key. @place: where @name was written.
 */
const struct wf_config_key *wf_config_key_find(const char *place, const char *name,
					       struct wf_config_error *ret_error);

bool wf_config_type_is_list(enum wf_config_type type);

/* Size of one entry of a list. */
size_t wf_config_element_bytes(enum wf_config_type type);

/* The value of a NUMBER, MEBIBYTES (in MiB), SWITCH or CHOICE. */
uint64_t wf_config_number(const struct wf_config *config, const struct wf_config_key *key);
void wf_config_set_number(struct wf_config *config, const struct wf_config_key *key,
			  uint64_t value);

/* Formats @ret_error; returns -EINVAL, so that a caller can return it. */
int wf_config_refuse(struct wf_config_error *ret_error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
