/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * missing-option.h - which option of the kernel would make a file
 */
#ifndef LIB_MISSING_OPTION_H
#define LIB_MISSING_OPTION_H

#include <stdbool.h>

/*
 * missing_option() - is @file missing since an option of the kernel is off?
 * @dir: of the kernel, as `roadtest kernel` makes it
 * @file: its path; may stand behind other text
 *
 * Return: name of the option, without CONFIG_; NULL if none is known.
 */
const char *missing_option(const char *dir, const char *file);

#endif /* LIB_MISSING_OPTION_H */
