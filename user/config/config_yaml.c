// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_yaml.c - reads a YAML file into struct wf_config and rejects everything unknown.
 *
 * libyaml parses the file into a tree of nodes with line numbers; the table of keys decides what
 * each node may be. The depth is bounded by the names of keys: a document with endless nesting or
 * aliases is rejected at its first unknown name.
 */
#include "config/config_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "config/config_value.h"

enum {
	FILE_MAX_BYTES = 1 << 20,
	KEYS_MAX = 128,
	PLACE_BYTES = 256,
};

struct loader {
	struct wf_config *config;	   /* borrowed */
	const char *path;		   /* borrowed */
	yaml_document_t doc;		   /* owned */
	size_t seen_lines[KEYS_MAX];	   /* line where each key was set, by index; 0: not set */
	struct wf_config_error *ret_error; /* borrowed */
};

/* Format "file:line" of @node in @place. Return: @place. */
static const char *place_of(const struct loader *loader, const yaml_node_t *node, char *place)
{
	snprintf(place, PLACE_BYTES, "%s:%zu", loader->path, node->start_mark.line + 1);
	return place;
}

static const char *scalar_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static bool is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*scalar_of(node) || !strcmp(scalar_of(node), "~") ||
		!strcmp(scalar_of(node), "null"));
}

static const char *what_is(const yaml_node_t *node)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (node->type == YAML_MAPPING_NODE)
		return "a map";
	return is_null(node) ? "nothing" : "a single value";
}

static int refuse_type(struct loader *loader, const struct wf_config_key *key,
		       const yaml_node_t *node)
{
	char place[PLACE_BYTES];
	char expected[256];

	return wf_config_refuse(loader->ret_error, "%s: %s: %s: expected %s",
				place_of(loader, node, place), key->name, what_is(node),
				wf_config_expects(key, expected, sizeof(expected)));
}

/*
 * Return true if @node is a scalar that may be a value of @key: texts may be quoted; numbers and
 * truth values must be plain.
 */
static bool is_scalar_for(const struct wf_config_key *key, const yaml_node_t *node)
{
	bool plain = node->type == YAML_SCALAR_NODE &&
		     node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (node->type != YAML_SCALAR_NODE || is_null(node))
		return false;
	/* Reject a NUL in a value: only the part before it would be used. */
	if (strlen(scalar_of(node)) != node->data.scalar.length)
		return false;
	switch (key->type) {
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
	case WF_CONFIG_SWITCH:
	case WF_CONFIG_SHARE:
	case WF_CONFIG_PORTS:
		return plain;
	case WF_CONFIG_CHOICE:
	case WF_CONFIG_TEXT:
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_VERDICTS:
	case WF_CONFIG_LATER:
		break;
	}
	return true;
}

static int load_scalar(struct loader *loader, const struct wf_config_key *key,
		       const yaml_node_t *node)
{
	char at[PLACE_BYTES];
	char place[PLACE_BYTES + 64];
	const char *text;

	if (!is_scalar_for(key, node))
		return refuse_type(loader, key, node);
	text = scalar_of(node);
	snprintf(place, sizeof(place), "%s: %s", place_of(loader, node, at), key->name);
	return wf_config_assign(loader->config, key, place, &text, 1, loader->ret_error);
}

/*
 * Format one entry as text, owned by the caller: "item", or "key=value" of a map. Return: 0 on
 * success; -EINVAL if the entry is rejected; -ENOMEM.
 */
static int entry_text(struct loader *loader, const struct wf_config_key *key, size_t index,
		      const yaml_node_t *list, char **ret_text)
{
	const yaml_node_t *item;
	const yaml_node_t *value;

	if (!wf_config_type_is_map(key->type)) {
		item = yaml_document_get_node(&loader->doc, list->data.sequence.items.start[index]);
		if (!is_scalar_for(key, item))
			return refuse_type(loader, key, list);
		*ret_text = strdup(scalar_of(item));
		return *ret_text ? 0 : -ENOMEM;
	}
	item = yaml_document_get_node(&loader->doc, list->data.mapping.pairs.start[index].key);
	value = yaml_document_get_node(&loader->doc, list->data.mapping.pairs.start[index].value);
	if (!is_scalar_for(key, item) || !is_scalar_for(key, value))
		return refuse_type(loader, key, list);
	return asprintf(ret_text, "%s=%s", scalar_of(item), scalar_of(value)) < 0 ? -ENOMEM : 0;
}

static int load_list(struct loader *loader, const struct wf_config_key *key,
		     const yaml_node_t *node)
{
	bool is_map = wf_config_type_is_map(key->type);
	char at[PLACE_BYTES];
	char place[PLACE_BYTES + 64];
	char **items = NULL;
	size_t count;
	size_t done = 0;
	int err = 0;

	if (node->type != (is_map ? YAML_MAPPING_NODE : YAML_SEQUENCE_NODE))
		return refuse_type(loader, key, node);
	if (is_map)
		count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	else
		count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);

	items = calloc(count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (; done < count; done++) {
		err = entry_text(loader, key, done, node, &items[done]);
		if (err)
			break;
	}
	snprintf(place, sizeof(place), "%s: %s", place_of(loader, node, at), key->name);
	if (!err)
		err = wf_config_assign(loader->config, key, place, (const char *const *)items,
				       count, loader->ret_error);
	while (done-- > 0)
		free(items[done]);
	free(items);
	return err;
}

static int load_key(struct loader *loader, const yaml_node_t *name_node, const char *name,
		    const yaml_node_t *value)
{
	char place[PLACE_BYTES];
	const struct wf_config_key *key;
	size_t *seen_line;

	key = wf_config_key_find(place_of(loader, name_node, place), name, loader->ret_error);
	if (!key)
		return -EINVAL;

	seen_line = &loader->seen_lines[key - wf_config_keys()];
	if (*seen_line)
		return wf_config_refuse(loader->ret_error,
					"%s: %s: the key was already set in line %zu", place, name,
					*seen_line);
	*seen_line = name_node->start_mark.line + 1;
	if (wf_config_type_is_list(key->type))
		return load_list(loader, key, value);
	return load_scalar(loader, key, value);
}

static bool is_section(const char *name)
{
	size_t chars = strlen(name);

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (!strncmp(key->name, name, chars) && key->name[chars] == '.')
			return true;
	return false;
}

/*
 * Load the keys of a section. @section: "", "name." or "name.name."; the recursion depth is bounded
 * by the dots in the names of keys.
 */
static int load_section(struct loader *loader, const yaml_node_t *map, const char *section)
{
	char place[PLACE_BYTES];
	char name[128];

	if (is_null(map))
		return 0;
	if (map->type != YAML_MAPPING_NODE)
		return wf_config_refuse(
			loader->ret_error, "%s: %.*s%s%s: expected a map of keys and values",
			place_of(loader, map, place), *section ? (int)strlen(section) - 1 : 0,
			section, *section ? ": " : "", what_is(map));

	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&loader->doc, pair->key);
		yaml_node_t *value = yaml_document_get_node(&loader->doc, pair->value);
		int err;

		if (key->type != YAML_SCALAR_NODE)
			return wf_config_refuse(
				loader->ret_error,
				"%s: the name of a key is missing or not plain text",
				place_of(loader, key, place));
		snprintf(name, sizeof(name) - 1, "%s%s", section, scalar_of(key));
		if (is_section(name)) {
			strcat(name, ".");
			err = load_section(loader, value, name);
		} else {
			err = load_key(loader, key, name, value);
		}
		if (err)
			return err;
	}
	return 0;
}

static int refuse_syntax(const struct loader *loader, const yaml_parser_t *parser)
{
	/* libyaml sets no problem text when memory allocation fails. */
	if (!parser->problem)
		return -ENOMEM;
	return wf_config_refuse(loader->ret_error, "%s:%zu: invalid YAML: %s%s%s", loader->path,
				parser->problem_mark.line + 1, parser->problem,
				parser->context ? " " : "", parser->context ? parser->context : "");
}

/* Reject a second document, because its values would be ignored. */
static int refuse_second_document(struct loader *loader, yaml_parser_t *parser)
{
	yaml_document_t second;
	yaml_node_t *root;
	char place[PLACE_BYTES];
	int err = 0;

	if (!yaml_parser_load(parser, &second))
		return refuse_syntax(loader, parser);
	root = yaml_document_get_root_node(&second);
	if (root)
		err = wf_config_refuse(
			loader->ret_error,
			"%s: the file has a second YAML document; only one is allowed",
			place_of(loader, root, place));
	yaml_document_delete(&second);
	return err;
}

static int load_document(struct loader *loader, const char *text, size_t bytes)
{
	yaml_parser_t parser;
	yaml_node_t *root;
	int err;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
	if (!yaml_parser_load(&parser, &loader->doc)) {
		err = refuse_syntax(loader, &parser);
		goto delete_parser;
	}
	root = yaml_document_get_root_node(&loader->doc);
	err = root ? load_section(loader, root, "") : 0;
	if (!err && root)
		err = refuse_second_document(loader, &parser);
	yaml_document_delete(&loader->doc);
delete_parser:
	yaml_parser_delete(&parser);
	return err;
}

/* Read @file, which may be a pipe, so that only reading shows whether it exceeds the limit. */
static int load_file(struct loader *loader, FILE *file)
{
	char *text = malloc(FILE_MAX_BYTES + 1);
	size_t bytes = text ? fread(text, 1, FILE_MAX_BYTES + 1, file) : 0;
	int err = text ? 0 : -ENOMEM;

	if (!err && ferror(file))
		err = wf_config_refuse(loader->ret_error, "%s: %s", loader->path, strerror(errno));
	else if (bytes > FILE_MAX_BYTES)
		err = wf_config_refuse(loader->ret_error,
				       "%s: the file is larger than the limit of %d bytes",
				       loader->path, FILE_MAX_BYTES);
	if (!err)
		err = load_document(loader, text, bytes);
	free(text);
	return err;
}

int wf_config_load(struct wf_config *config, const char *path, struct wf_config_error *ret_error)
{
	struct loader loader = {.config = config, .path = path, .ret_error = ret_error};
	struct stat stat;
	FILE *file;
	int err;

	file = fopen(path, "re");
	if (!file) {
		err = -errno;
		wf_config_refuse(ret_error, "%s: %s", path, strerror(-err));
		return err;
	}
	if (fstat(fileno(file), &stat) || S_ISDIR(stat.st_mode))
		err = wf_config_refuse(ret_error, "%s: not a regular file", path);
	else
		err = load_file(&loader, file);
	fclose(file);
	if (err == -ENOMEM)
		wf_config_refuse(ret_error, "%s: out of memory", path);
	return err;
}
