/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dt-fragment.h - devicetree source that a test gave
 */
#ifndef LIB_DT_FRAGMENT_H
#define LIB_DT_FRAGMENT_H

#include "error.h"

/*
 * struct dt_fragment - @text is the source with its placeholders filled in;
 * it has as many lines as the test's own. @file may be NULL. @cpp: it has
 * directives of the preprocessor.
 */
struct dt_fragment {
	char *text;
	char *file;
	int line;
	bool cpp;
};

/* Are the placeholders of @src and the variables the same set? Return: 0,
 * -ROAD_EUSAGE. */
int dt_fragment_check(const struct road_fragment *src,
		      struct road_error *error);
/* Copy @src, which was checked, with variable i as @values[i]. Return: 0,
 * -ENOMEM. */
int dt_fragment_init(struct dt_fragment *fragment,
		     const struct road_fragment *src,
		     const unsigned int *values, struct road_error *error);
void dt_fragment_deinit(struct dt_fragment *fragment);

/* Line @line of the test's file, if it is one of the fragment's: it ends with
 * a newline or NUL. Else NULL. */
const char *dt_fragment_line(const struct dt_fragment *fragment, long line);
/* Line of the test's file at which a brace opens that is not closed, 0 if all
 * are. dtc notices no sooner than in the fragment behind. */
int dt_fragment_open_brace(const struct dt_fragment *fragment);

#endif /* LIB_DT_FRAGMENT_H */
