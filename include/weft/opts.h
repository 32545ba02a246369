/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - sized options: every struct begins with its size, and a member that is zero selects the
 * default.
 *
 * New members are added only at the end of a struct. WEFT_OPTS(weft_opts, opts, .workers = 2)
 * declares a struct weft_opts named opts; in C++, the macro takes no further arguments.
 */
#ifndef WEFT_OPTS_H
#define WEFT_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>
#include <weft/verdict.h>

#ifdef __cplusplus
/*
 * C++ before C++20 has no designated initialisers: set the members after the declaration. Thread:
 * any.
 */
template <typename type> inline type weft_opts_make()
{
	type opts = type();

	opts.sz = sizeof(opts);
	return opts;
}
#define WEFT_OPTS(type, name) struct type name = weft_opts_make<struct type>()
#else
#define WEFT_OPTS(type, name, ...) struct type name = {.sz = sizeof(struct type), __VA_ARGS__}
#endif

/** The value of an option that is on or off. Zero selects the default of the option. */
enum weft_switch {
	WEFT_DEFAULT = 0,
	WEFT_ON,
	WEFT_OFF,
};

/**
 * The policy by which the receiver's TCP chooses between copies of overlapping bytes; see
 * user/reassembly/README.md.
 */
enum weft_overlap {
	WEFT_OVERLAP_DEFAULT = 0, /* WEFT_OVERLAP_LINUX */
	WEFT_OVERLAP_FIRST,
	WEFT_OVERLAP_LAST,
	WEFT_OVERLAP_BSD,
	WEFT_OVERLAP_BSD_RIGHT,
	WEFT_OVERLAP_LINUX,
	WEFT_OVERLAP_OLD_LINUX,
	WEFT_OVERLAP_WINDOWS,
	WEFT_OVERLAP_WINDOWS2K3,
	WEFT_OVERLAP_VISTA,
	WEFT_OVERLAP_SOLARIS,
	WEFT_OVERLAP_HPUX,
	WEFT_OVERLAP_HPUX10,
	WEFT_OVERLAP_IRIX,
	WEFT_OVERLAP_MACOS,
};
#define WEFT_OVERLAP_COUNT (WEFT_OVERLAP_MACOS + 1)
/* Names of the policies, in the order of enum weft_overlap. */
#define WEFT_OVERLAP_NAMES                                                               \
	"default", "first", "last", "bsd", "bsd-right", "linux", "old-linux", "windows", \
		"windows2k3", "vista", "solaris", "hpux", "hpux10", "irix", "macos"

enum weft_deliver {
	WEFT_DELIVER_ARRIVAL = 0, /* bytes are delivered as soon as they are in order */
	WEFT_DELIVER_ACKED,	  /* bytes are delivered once the receiver acknowledged them */
};

enum weft_checksum {
	/* verify, but accept checksums that a local sender left to its NIC, and wrong checksums of
	 * a sender whose checksums are nearly all wrong */
	WEFT_CHECKSUM_AUTO = 0,
	WEFT_CHECKSUM_VERIFY,
	WEFT_CHECKSUM_IGNORE,
};

/** Whether connections that differ only in VLAN ids are distinguished; capture.vlan_in_key. */
enum weft_vlan_in_key {
	/* yes; a connection whose directions have different VLAN ids is reported */
	WEFT_VLAN_IN_KEY_AUTO = 0,
	WEFT_VLAN_IN_KEY_YES,
	WEFT_VLAN_IN_KEY_NO, /* VLAN ids are ignored */
};

/** An address prefix. @addr: network order, IPv4 as ::ffff:a.b.c.d; @bits: 0..128 (IPv4: 96 + n) */
struct weft_prefix {
	uint8_t addr[16];
	uint8_t bits;
};

/** Receivers with an address in @prefix use @policy. */
struct weft_overlap_rule {
	struct weft_prefix prefix;
	enum weft_overlap policy;
};

/** Connections with an address in @prefix begin with @verdict: STEER, SHUNT or PASS. */
struct weft_verdict_rule {
	struct weft_prefix prefix;
	enum weft_verdict verdict;
};

/** Selects whether each operation on a flow checks that the calling thread owns the flow. */
enum weft_performance_mode {
	WEFT_PERFORMANCE_FAST = 0,
	WEFT_PERFORMANCE_SAFE,
};

/**
 * struct weft_opts - the options of a handle
 *
 * Each entry WEFT_LIBRARY_OPTION(kind, type, member, ...) of weft/options.def defines one member,
 * in the order of the entries, with its meaning, range, unit and default. A list is a pointer and a
 * number of elements, MEMBER_count. Pointers are borrowed for the call of weft_new() only.
 */
struct weft_opts {
	size_t sz;

	/*
	 * If not 0, the memory of the process is a source of memory pressure, measured against
	 * memory_max_bytes + process_slack_bytes. If 0, it is not, because most applications also
	 * allocate memory of their own.
	 */
	uint64_t process_slack_bytes;

#define WEFT_LIBRARY_OPTION(kind, type, member, ...) type member;
#define WEFT_LIBRARY_LIST(kind, type, member, ...) \
	type *member;                              \
	size_t member##_count;
#include <weft/options.def>
};

#endif
