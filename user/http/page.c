// SPDX-License-Identifier: BSD-2-Clause
/*
 * page.c - the files of the dashboard, which the assembler includes, so that nothing needs to be
 * installed and the server opens no file.
 */
#include "http/page.h"

#include <string.h>

#define EMBED(name, file)                                               \
	__asm__(".pushsection .rodata\n" #name ":\n"                    \
		".incbin \"" file "\"\n" #name "_end:\n"                \
		".popsection\n");                                       \
	extern const char name[] __attribute__((visibility("hidden"))); \
	extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(web_html, "user/http/web/index.html");
EMBED(web_css, "user/http/web/weft.css");
EMBED(web_health, "user/http/web/health.js");
EMBED(web_load, "user/http/web/load.js");
EMBED(web_js, "user/http/web/weft.js");
EMBED(web_endpoints, "user/http/web/endpoints.js");
EMBED(web_policy, "user/http/web/policy.js");
EMBED(web_fleet, "user/http/web/fleet.js");
EMBED(web_fleet_css, "user/http/web/fleet.css");
EMBED(web_icon, "user/http/web/icon.svg");

static const struct wf_page pages[] = {
	{"/", "text/html; charset=utf-8", web_html, web_html_end},
	{"/weft.css", "text/css; charset=utf-8", web_css, web_css_end},
	{"/health.js", "text/javascript; charset=utf-8", web_health, web_health_end},
	{"/load.js", "text/javascript; charset=utf-8", web_load, web_load_end},
	{"/weft.js", "text/javascript; charset=utf-8", web_js, web_js_end},
	{"/endpoints.js", "text/javascript; charset=utf-8", web_endpoints, web_endpoints_end},
	{"/policy.js", "text/javascript; charset=utf-8", web_policy, web_policy_end},
	{"/fleet.js", "text/javascript; charset=utf-8", web_fleet, web_fleet_end},
	{"/fleet.css", "text/css; charset=utf-8", web_fleet_css, web_fleet_css_end},
	{"/icon.svg", "image/svg+xml", web_icon, web_icon_end},
};

const struct wf_page *wf_page_find(const char *path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strcmp(pages[i].path, path))
			return &pages[i];
	return NULL;
}
