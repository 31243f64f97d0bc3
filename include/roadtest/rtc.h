/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * roadtest/rtc.h - test drivers of real-time clocks
 *
 * Built on roadtest.h alone: ioctls of the character device, attributes in
 * sysfs. Devices are found by their parent: the number in rtcN is nobody's
 * promise. Structures and flags are those of linux/rtc.h.
 *
 * All functions run the guest. They return 0 or an error, the errno of class
 * and driver among them, unless they say otherwise.
 */
#ifndef ROADTEST_RTC_H
#define ROADTEST_RTC_H

#include <linux/rtc.h>
#include <roadtest.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * road_rtc_path() - sysfs directory of the RTC of a bound device
 * @buf: "/sys/bus/i2c/devices/0-0051/rtc/rtc0"
 *
 * Return: 0; -ROAD_ENODEVICE when it has no RTC (not bound?); -ROAD_ESIZE.
 */
ROAD_API int road_rtc_path(struct road_device *device, char *buf, size_t size);
/** road_rtc_read() - an attribute, such as "since_epoch", without its
 *  newline. */
ROAD_API int road_rtc_read(struct road_device *device, const char *attr,
			   char *buf, size_t size);
/** road_rtc_write() - write an attribute. */
ROAD_API int road_rtc_write(struct road_device *device, const char *attr,
			    const char *value);

/** road_rtc_open() - open the character device, which can be open once
 *  (-EBUSY). Return: a guest descriptor, for the functions below and for
 *  road_close(), or an error. */
ROAD_API int road_rtc_open(struct road_device *device);

/** road_rtc_get_time() - RTC_RD_TIME. -EINVAL when the driver knows the time
 *  to be invalid. */
ROAD_API int road_rtc_get_time(struct road_machine *machine, int fd,
			       struct rtc_time *time);
/** road_rtc_set_time() - RTC_SET_TIME. -EINVAL when it is no date, -ERANGE
 *  when the RTC can't hold it. */
ROAD_API int road_rtc_set_time(struct road_machine *machine, int fd,
			       const struct rtc_time *time);
/** road_rtc_get_alarm() - RTC_WKALM_RD. -EINVAL when it has no alarm. */
ROAD_API int road_rtc_get_alarm(struct road_machine *machine, int fd,
				struct rtc_wkalrm *alarm);
/** road_rtc_set_alarm() - RTC_WKALM_SET. -EINVAL when it has no alarm. */
ROAD_API int road_rtc_set_alarm(struct road_machine *machine, int fd,
				const struct rtc_wkalrm *alarm);
/** road_rtc_enable_alarm() - RTC_AIE_ON or RTC_AIE_OFF. */
ROAD_API int road_rtc_enable_alarm(struct road_machine *machine, int fd,
				   bool on);
/** road_rtc_voltage_low() - RTC_VL_READ. @flags: RTC_VL_DATA_INVALID and the
 *  like, 0 when all is well. */
ROAD_API int road_rtc_voltage_low(struct road_machine *machine, int fd,
				  unsigned int *flags);
/**
 * road_rtc_wait() - wait for an interrupt
 * @timeout_ms: virtual milliseconds; 0: look, and don't wait; negative: no
 *	timeout
 * @flags: RTC_IRQF with RTC_AF, RTC_UF or RTC_PF
 *
 * Return: the number of interrupts since the last call, 0 when none came, or
 * an error.
 */
ROAD_API int road_rtc_wait(struct road_machine *machine, int fd,
			   int timeout_ms, unsigned int *flags);

#ifdef __cplusplus
}
#endif

#endif /* ROADTEST_RTC_H */
