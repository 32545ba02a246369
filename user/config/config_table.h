/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_table.h - all values of a configuration, and the table of keys that describes them.
 *
 * Both are made from weft/options.def. The files that set, read and print values work on any key by
 * its description, so that a new option needs no line in them.
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
	WF_CONFIG_MEBIBYTES, /* a number of MiB, stored in bytes */
	WF_CONFIG_SWITCH,
	WF_CONFIG_CHOICE,
	WF_CONFIG_SHARE,
	WF_CONFIG_TEXT,	    /* char *, owned; NULL if empty */
	WF_CONFIG_NAMES,    /* list of char *, each owned */
	WF_CONFIG_PORTS,    /* list of uint16_t */
	WF_CONFIG_PREFIXES, /* list of struct weft_prefix */
	WF_CONFIG_OVERLAPS, /* map from prefix to policy: list of struct weft_overlap_rule */
	WF_CONFIG_VERDICTS, /* map from prefix to verdict: list of struct weft_verdict_rule */
	WF_CONFIG_LATER,    /* a reserved key: rejected, because it is not supported yet */
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
 * struct wf_config - all values; strings and lists are owned
 * @library: options for weft_new()
 * @interface: options for weft_add_interface()
 * @sinks: options for wf_sink_open()
 * @places: where each value was set, for messages: "FILE:LINE: key", "--option", "--set key" or
 *          "FILTER"; NULL: not set at the start. A reload does not change it.
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

/** struct wf_config_flag - the command-line option that sets a key; @name NULL: no option */
struct wf_config_flag {
	char letter; /* 0: no short form */
	const char *name;
	const char *argument; /* NULL: the option has no argument and switches the key on */
	bool is_run_only;     /* `weft replay` has no such option */
};

/** struct wf_config_key - one entry of weft/options.def */
struct wf_config_key {
	const char *name;
	enum wf_config_type type;
	size_t offset;	     /* offset of the value in struct wf_config */
	size_t bytes;	     /* size of the value */
	size_t count_offset; /* for lists: offset of the number of entries */
	uint64_t min;
	uint64_t max;	  /* for lists: maximum number of entries */
	uint64_t initial; /* default of a NUMBER, MEBIBYTES, SWITCH or CHOICE */
	double initial_share;
	const char *initial_text;
	/*
	 * names of the values of a CHOICE, or of the values in the entries of a map, by index;
	 * ended by NULL
	 */
	const char *const *choices;
	const char *unit;
	struct wf_config_flag flag;
	const char *help;
	const char *details; /* text for the manual */
};

/** struct wf_config_error - one line: the place, the fault, and the allowed values */
struct wf_config_error {
	char text[512];
};

/* Return the table of all keys, which is static and ends with a NULL name. */
const struct wf_config_key *wf_config_keys(void);

/*
 * Return the key called @name. NULL if there is none or it is reserved: then @ret_error contains
 * the reason, and the most similar key if one is similar. @place: where @name was written.
 */
const struct wf_config_key *wf_config_key_find(const char *place, const char *name,
					       struct wf_config_error *ret_error);

/* Return the place where @name, an existing key, was set; NULL if it has its default. */
const char *wf_config_place(const struct wf_config *config, const char *name);

bool wf_config_type_is_list(enum wf_config_type type);

/* Return true if entries are written as "prefix: value". */
bool wf_config_type_is_map(enum wf_config_type type);

/* Return the size of one entry of a list; 0 if @type is no list. */
size_t wf_config_element_bytes(enum wf_config_type type);

/* Return the value of a NUMBER, MEBIBYTES (in MiB), SWITCH or CHOICE. */
uint64_t wf_config_number(const struct wf_config *config, const struct wf_config_key *key);

/* Set the value of a NUMBER, MEBIBYTES (in MiB), SWITCH or CHOICE. */
void wf_config_set_number(struct wf_config *config, const struct wf_config_key *key,
			  uint64_t value);

/* Format the message in @ret_error. Return: always -EINVAL, for the caller to return. */
int wf_config_refuse(struct wf_config_error *ret_error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
