// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * report-html.c - results as one page of HTML that needs nothing else
 *
 * The page is made from the files of page/: in its template stand places for
 * the style, the scripts and the results as JSON, which the scripts read.
 * Nothing of a test becomes markup.
 */
#include "reports.h"

#include <string.h>

/* Made from page/ by the build. */
#include "page-html.h"
#include "style-css.h"
#include "axis-js.h"
#include "events-js.h"
#include "list-js.h"
#include "picture-js.h"
#include "timeline-js.h"

/* Classes before the script that uses them at its end. */
static const char *const scripts[] = {
	page_axis_js, page_events_js, page_picture_js, page_timeline_js,
	page_list_js,
};

static bool put_place(FILE *out, const char *place,
		      const struct results *results)
{
	if (starts_with(place, "@STYLE@"))
		return fputs(page_style_css, out) >= 0;
	if (starts_with(place, "@DATA@"))
		return report_json(out, results);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		fputs(scripts[i], out);
	return true;
}

bool report_html(FILE *out, const struct results *results)
{
	const char *rest = page_page_html, *place;

	/* Only a line of its own is a place. */
	while ((place = strstr(rest, "\n@"))) {
		fwrite(rest, 1, place + 1 - rest, out);
		if (!put_place(out, place + 1, results))
			return false;
		rest = place + 1 + strcspn(place + 1, "\n");
	}
	return fputs(rest, out) >= 0;
}
