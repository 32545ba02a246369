/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interface.h - the state of the interfaces of a live capture.
 *
 * The state is checked several times a second. An interface that is gone, or whose BPF program was
 * detached, is not captured any more. If no interface is left, the capture ends, and weft_wait()
 * returns -ENODEV. If others are left, the capture goes on, and weft_wait() returns -ENODEV when it
 * ends.
 */
#ifndef WEFT_INTERFACE_H
#define WEFT_INTERFACE_H

#include <stdint.h>

#include <weft/api.h>
#include <weft/source.h>
#include <weft/table.h>

WEFT_BEGIN_DECLS

struct weft;

#define WEFT_INTERFACE_STATES(X)                                                               \
	X(WEFT_INTERFACE_UP, 0, "up", "the interface is up and has a link")                    \
	X(WEFT_INTERFACE_NO_CARRIER, 1, "no_carrier", "the interface is up, but has no link")  \
	X(WEFT_INTERFACE_DOWN, 2, "down", "the interface is set down")                         \
	X(WEFT_INTERFACE_DETACHED, 3, "detached", "another process detached the BPF programs") \
	X(WEFT_INTERFACE_GONE, 4, "gone",                                                      \
	  "the interface was deleted, or moved to another network namespace")

/** State of an interface. EVE: interface.state. The last two are final. */
enum weft_interface_state { WEFT_INTERFACE_STATES(WEFT_TABLE_ENUM) };
#define WEFT_INTERFACE_STATE_COUNT (0 WEFT_INTERFACE_STATES(WEFT_TABLE_COUNT))

/** weft_interface_state_name() - return the name of @state in WEFT_INTERFACE_STATES. Static, never
 * NULL. Thread: any.
 */
const char *weft_interface_state_name(enum weft_interface_state state);

/**
 * struct weft_interface - an interface that was added to a handle
 * @name:     its name when it was added; lent for the call
 * @since_ns: time of the last change of @state, in ns since 1970; 0: no change yet
 * @mode:     how it is captured: WEFT_MODE_TAP or WEFT_MODE_HOST; before weft_start(): the
 *            requested mode
 */
struct weft_interface {
	const char *name;
	enum weft_interface_state state;
	uint64_t since_ns;
	enum weft_mode mode;
};

/**
 * weft_interfaces_each() - call @fn for each interface, in the order in which they were added
 *
 * Thread: any. Memory: none.
 */
typedef void (*weft_interface_fn)(const struct weft_interface *interface, void *ctx);
void weft_interfaces_each(const struct weft *weft, weft_interface_fn fn, void *ctx);

/**
 * weft_interface_name() - return the name that an interface had when it was added
 * @number: the member interface of struct weft_flow
 *
 * Return: NULL if there is no such interface; valid until weft_free(). Thread: any. Memory: none.
 */
const char *weft_interface_name(const struct weft *weft, uint8_t number);

WEFT_END_DECLS

#endif
