/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest.h - what guest.c and guest-*.c share */
#ifndef LIB_GUEST_H
#define LIB_GUEST_H

#include "call.h"

/* Text with its NUL, for a payload. */
struct call_part guest_text(const char *text);

#define NUM_PARTS(parts) (sizeof(parts) / sizeof((parts)[0]))

#endif /* LIB_GUEST_H */
