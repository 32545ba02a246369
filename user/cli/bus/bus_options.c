// SPDX-License-Identifier: BSD-2-Clause
/*
 * bus_options.c - reads the options of commands that use NATS.
 */
#include "cli/bus/bus_options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bus/names.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "config/config_unit.h"

int wf_bus_options_get(const struct wf_options *options, const char *command,
		       struct wf_bus_opts *ret_opts, const char **ret_stream)
{
	const char *const *own = options->own;

	if (options->args_count > 0) {
		wf_say_error("%s: unexpected argument '%s'", command, options->args[0]);
		return WF_EXIT_USAGE;
	}
	if (!own[WF_BUS_OPTION_NATS] || !*own[WF_BUS_OPTION_NATS]) {
		wf_say_error("%s: no server is given; use --nats nats://HOST:4222", command);
		return WF_EXIT_USAGE;
	}
	*ret_stream = own[WF_BUS_OPTION_STREAM] ? own[WF_BUS_OPTION_STREAM] : "WEFT";
	if (!wf_bus_stream_is(*ret_stream)) {
		wf_say_error("%s: --stream: '%s' is not a name of a stream; expected are 1 to %d "
			     "letters, digits, '_' or '-'",
			     command, *ret_stream, WF_BUS_STREAM_CHARS_MAX);
		return WF_EXIT_USAGE;
	}
	*ret_opts = (struct wf_bus_opts){
		.url = own[WF_BUS_OPTION_NATS],
		.tls_ca_file = own[WF_BUS_OPTION_TLS_CA],
		.tls_cert_file = own[WF_BUS_OPTION_TLS_CERT],
		.tls_key_file = own[WF_BUS_OPTION_TLS_KEY],
		.credentials_file = own[WF_BUS_OPTION_CREDENTIALS],
	};
	return 0;
}

int wf_bus_option_number(const char *command, const char *name, const char *text, const char *unit,
			 uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t number;
	char *suffix;

	if (!text)
		return 0;
	errno = 0;
	number = strtoull(text, &suffix, 10);
	if (!errno && suffix != text && *text != '-' && *text != '+' &&
	    (!*suffix || wf_config_unit_convert(unit, suffix, &number)) && number >= min &&
	    number <= max) {
		*value = number;
		return 0;
	}
	wf_say_error("%s: --%s: '%s' is not valid; expected is %" PRIu64 " to %" PRIu64 " %s%s",
		     command, name, text, min, max, unit, wf_config_unit_examples(unit));
	return -EINVAL;
}
