// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Real-time clocks for tests in C; built on the public API alone
 */
#include <roadtest/rtc.h>

#include "class-device.h"
#include "machine.h"

#include <fcntl.h>
#include <poll.h>

#define BELOW "rtc/rtc*"

int road_rtc_path(struct road_device *device, char *buf, size_t size)
{
	return class_path(device, BELOW, buf, size);
}

int road_rtc_read(struct road_device *device, const char *attr, char *buf,
		  size_t size)
{
	return class_read(device, BELOW, attr, buf, size);
}

int road_rtc_write(struct road_device *device, const char *attr,
		   const char *value)
{
	return class_write(device, BELOW, attr, value);
}

int road_rtc_open(struct road_device *device)
{
	char node[64];
	int ret = class_node(device, BELOW, node, sizeof(node));

	return ret ? ret :
		     road_open(road_device_machine(device), node, O_RDONLY, 0);
}

int road_rtc_get_time(struct road_machine *machine, int fd,
		      struct rtc_time *time)
{
	struct rtc_time tm = {};
	int ret = road_ioctl(machine, fd, RTC_RD_TIME, &tm, sizeof(tm));

	if (!ret)
		*time = tm;
	return ret;
}

int road_rtc_set_time(struct road_machine *machine, int fd,
		      const struct rtc_time *time)
{
	struct rtc_time tm = *time;

	return road_ioctl(machine, fd, RTC_SET_TIME, &tm, sizeof(tm));
}

int road_rtc_get_alarm(struct road_machine *machine, int fd,
		       struct rtc_wkalrm *alarm)
{
	struct rtc_wkalrm wkalrm = {};
	int ret = road_ioctl(machine, fd, RTC_WKALM_RD, &wkalrm,
			     sizeof(wkalrm));

	if (!ret)
		*alarm = wkalrm;
	return ret;
}

int road_rtc_set_alarm(struct road_machine *machine, int fd,
		       const struct rtc_wkalrm *alarm)
{
	struct rtc_wkalrm wkalrm = *alarm;

	return road_ioctl(machine, fd, RTC_WKALM_SET, &wkalrm, sizeof(wkalrm));
}

int road_rtc_enable_alarm(struct road_machine *machine, int fd, bool on)
{
	return road_ioctl_int(machine, fd, on ? RTC_AIE_ON : RTC_AIE_OFF, 0);
}

int road_rtc_voltage_low(struct road_machine *machine, int fd,
			 unsigned int *flags)
{
	/* A driver that returns 0 and fills in nothing shall show. */
	unsigned int value = 0xa5a5a5a5;
	int ret = road_ioctl(machine, fd, RTC_VL_READ, &value, sizeof(value));

	if (!ret)
		*flags = value;
	return ret;
}

int road_rtc_wait(struct road_machine *machine, int fd, int timeout_ms,
		  unsigned int *flags)
{
	struct road_pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t data;	/* unsigned long of a guest of 64 bits */
	ssize_t n = road_poll(machine, &pollfd, 1, timeout_ms);

	if (n <= 0)
		return n;
	n = road_read(machine, fd, &data, sizeof(data));
	if (n < 0)
		return n;
	if (n != sizeof(data))
		return machine_error(machine, -ROAD_ESHORT,
				     "a read of the clock's device gave %zd of %zu bytes",
				     n, sizeof(data));
	*flags = data & 0xff;
	return data >> 8;
}
