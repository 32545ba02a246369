/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - enums defined as tables: each value is one line, from which the enum and the names are
 * generated.
 *
 *   #define WEFT_COLOURS(X)                                          \
 *           X(WEFT_COLOUR_RED, 0, "red", "the colour of an error")   \
 *           X(WEFT_COLOUR_BLUE, 1, "blue", "the colour of a note")
 *
 * The columns are the constant, its value, its name (in JSON events, in labels of metrics and from
 * weft_..._name()) and its meaning. Values never change, and new lines are added at the end. This
 * header is also compiled for BPF, so it includes no other header.
 */
#ifndef WEFT_TABLE_H
#define WEFT_TABLE_H

/* WEFT_COLOURS(WEFT_TABLE_ENUM) expands to the body of the enum of the table WEFT_COLOURS. */
#define WEFT_TABLE_ENUM(constant, value, name, meaning) constant = value,

/* (0 WEFT_COLOURS(WEFT_TABLE_COUNT)) expands to the number of lines of the table WEFT_COLOURS. */
#define WEFT_TABLE_COUNT(constant, value, name, meaning) +1

#endif
