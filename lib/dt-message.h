/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dt-message.h - what cpp and dtc said, in terms of the test's own file
 */
#ifndef LIB_DT_MESSAGE_H
#define LIB_DT_MESSAGE_H

#include "devicetree.h"

#include <stdio.h>

/* With the fragment's number: the file name that cpp and dtc are given. It
 * needs no quoting, whatever the test's file is called. */
#define DT_FRAGMENT_MARK "road-fragment-"

/* Write @output of a tool to @out, with the test's files and their lines of
 * source, and without what tells nothing. */
void dt_message_rewrite(const struct dt *dt, FILE *out, const char *output);

#endif /* LIB_DT_MESSAGE_H */
