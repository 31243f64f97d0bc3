/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ioctl-name.h - requests of ioctl() as the kernel's headers call them
 */
#ifndef LIB_IOCTL_NAME_H
#define LIB_IOCTL_NAME_H

#include <stddef.h>

/* Room for what ioctl_describe() writes. */
#define IOCTL_TEXT 64

/* "RTC_RD_TIME"; one that has no name here as "0x80247009 _IOR('p', 9, 36)",
 * or as the number alone. Return: @buf. */
const char *ioctl_describe(unsigned long request, char buf[IOCTL_TEXT]);

#endif /* LIB_IOCTL_NAME_H */
