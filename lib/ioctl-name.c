// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ioctl-name.c - requests of ioctl() as the kernel's headers call them
 *
 * Those of the character devices that drivers of chips offer. The numbers are
 * ABI, so the host's headers are as good as the guest's.
 */
#include "ioctl-name.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/cec.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/gpio.h>
#include <linux/i2c.h>
#include <linux/i2c-dev.h>
#include <linux/input.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <linux/rtc.h>
#include <linux/spi/spidev.h>
#include <linux/watchdog.h>

/* include/uapi/linux/iio/events.h and buffer.h, include/uapi/linux/counter.h,
 * which want headers of the kernel's own. */
#define IIO_GET_EVENT_FD_IOCTL _IOR('i', 0x90, int)
#define IIO_BUFFER_GET_FD_IOCTL _IOWR('i', 0x91, int)
#define COUNTER_ENABLE_EVENTS_IOCTL _IO(0x3e, 0x01)
#define COUNTER_DISABLE_EVENTS_IOCTL _IO(0x3e, 0x02)

#define NAMED(request) { request, #request }

static const struct {
	unsigned long request;
	const char *name;
} names[] = {
	NAMED(RTC_AIE_ON), NAMED(RTC_AIE_OFF), NAMED(RTC_UIE_ON),
	NAMED(RTC_UIE_OFF), NAMED(RTC_PIE_ON), NAMED(RTC_PIE_OFF),
	NAMED(RTC_WIE_ON), NAMED(RTC_WIE_OFF), NAMED(RTC_ALM_SET),
	NAMED(RTC_ALM_READ), NAMED(RTC_RD_TIME), NAMED(RTC_SET_TIME),
	NAMED(RTC_IRQP_READ), NAMED(RTC_IRQP_SET), NAMED(RTC_EPOCH_READ),
	NAMED(RTC_EPOCH_SET), NAMED(RTC_WKALM_SET), NAMED(RTC_WKALM_RD),
	NAMED(RTC_VL_READ), NAMED(RTC_VL_CLR), NAMED(RTC_PARAM_GET),
	NAMED(RTC_PARAM_SET),

	NAMED(GPIO_GET_CHIPINFO_IOCTL), NAMED(GPIO_GET_LINEINFO_IOCTL),
	NAMED(GPIO_GET_LINEHANDLE_IOCTL), NAMED(GPIO_GET_LINEEVENT_IOCTL),
	NAMED(GPIOHANDLE_GET_LINE_VALUES_IOCTL),
	NAMED(GPIOHANDLE_SET_LINE_VALUES_IOCTL),
	NAMED(GPIOHANDLE_SET_CONFIG_IOCTL),
	NAMED(GPIO_GET_LINEINFO_WATCH_IOCTL),
	NAMED(GPIO_GET_LINEINFO_UNWATCH_IOCTL),
	NAMED(GPIO_V2_GET_LINEINFO_IOCTL),
	NAMED(GPIO_V2_GET_LINEINFO_WATCH_IOCTL), NAMED(GPIO_V2_GET_LINE_IOCTL),
	NAMED(GPIO_V2_LINE_SET_CONFIG_IOCTL),
	NAMED(GPIO_V2_LINE_GET_VALUES_IOCTL),
	NAMED(GPIO_V2_LINE_SET_VALUES_IOCTL),

	NAMED(I2C_RETRIES), NAMED(I2C_TIMEOUT), NAMED(I2C_SLAVE),
	NAMED(I2C_SLAVE_FORCE), NAMED(I2C_TENBIT), NAMED(I2C_FUNCS),
	NAMED(I2C_RDWR), NAMED(I2C_PEC), NAMED(I2C_SMBUS),

	NAMED(SPI_IOC_RD_MODE), NAMED(SPI_IOC_WR_MODE),
	NAMED(SPI_IOC_RD_LSB_FIRST), NAMED(SPI_IOC_WR_LSB_FIRST),
	NAMED(SPI_IOC_RD_BITS_PER_WORD), NAMED(SPI_IOC_WR_BITS_PER_WORD),
	NAMED(SPI_IOC_RD_MAX_SPEED_HZ), NAMED(SPI_IOC_WR_MAX_SPEED_HZ),
	NAMED(SPI_IOC_RD_MODE32), NAMED(SPI_IOC_WR_MODE32),

	NAMED(IIO_GET_EVENT_FD_IOCTL), NAMED(IIO_BUFFER_GET_FD_IOCTL),
	NAMED(COUNTER_ENABLE_EVENTS_IOCTL), NAMED(COUNTER_DISABLE_EVENTS_IOCTL),

	NAMED(WDIOC_GETSUPPORT), NAMED(WDIOC_GETSTATUS),
	NAMED(WDIOC_GETBOOTSTATUS), NAMED(WDIOC_GETTEMP),
	NAMED(WDIOC_SETOPTIONS), NAMED(WDIOC_KEEPALIVE),
	NAMED(WDIOC_SETTIMEOUT), NAMED(WDIOC_GETTIMEOUT),
	NAMED(WDIOC_SETPRETIMEOUT), NAMED(WDIOC_GETPRETIMEOUT),
	NAMED(WDIOC_GETTIMELEFT),

	NAMED(EVIOCGVERSION), NAMED(EVIOCGID), NAMED(EVIOCGREP),
	NAMED(EVIOCSREP), NAMED(EVIOCGKEYCODE), NAMED(EVIOCGKEYCODE_V2),
	NAMED(EVIOCSKEYCODE), NAMED(EVIOCSKEYCODE_V2), NAMED(EVIOCSFF),
	NAMED(EVIOCRMFF), NAMED(EVIOCGEFFECTS), NAMED(EVIOCGRAB),
	NAMED(EVIOCREVOKE), NAMED(EVIOCGMASK), NAMED(EVIOCSMASK),
	NAMED(EVIOCSCLOCKID),

	NAMED(PPS_GETPARAMS), NAMED(PPS_SETPARAMS), NAMED(PPS_GETCAP),
	NAMED(PPS_FETCH), NAMED(PPS_KC_BIND),
	NAMED(PTP_CLOCK_GETCAPS), NAMED(PTP_EXTTS_REQUEST),
	NAMED(PTP_PEROUT_REQUEST), NAMED(PTP_ENABLE_PPS),
	NAMED(PTP_SYS_OFFSET), NAMED(PTP_PIN_GETFUNC), NAMED(PTP_PIN_SETFUNC),

	NAMED(DMA_HEAP_IOCTL_ALLOC), NAMED(DMA_BUF_IOCTL_SYNC),
	NAMED(CEC_ADAP_G_CAPS), NAMED(CEC_ADAP_G_PHYS_ADDR),
	NAMED(CEC_ADAP_S_PHYS_ADDR), NAMED(CEC_ADAP_G_LOG_ADDRS),
	NAMED(CEC_ADAP_S_LOG_ADDRS), NAMED(CEC_TRANSMIT), NAMED(CEC_RECEIVE),
	NAMED(CEC_DQEVENT), NAMED(CEC_G_MODE), NAMED(CEC_S_MODE),

	NAMED(TCGETS), NAMED(TCSETS), NAMED(TIOCGWINSZ), NAMED(TIOCMGET),
	NAMED(TIOCMSET), NAMED(FIONREAD), NAMED(FIONBIO),
};

/* Requests with a size or a number in them. */
static const struct {
	unsigned int type, dir, first, last;
	const char *name;
} families[] = {
	{ 'k', _IOC_WRITE, 0x00, 0x00, "SPI_IOC_MESSAGE" },
	{ 'E', _IOC_READ, 0x06, 0x06, "EVIOCGNAME" },
	{ 'E', _IOC_READ, 0x07, 0x07, "EVIOCGPHYS" },
	{ 'E', _IOC_READ, 0x08, 0x08, "EVIOCGUNIQ" },
	{ 'E', _IOC_READ, 0x09, 0x09, "EVIOCGPROP" },
	{ 'E', _IOC_READ, 0x18, 0x18, "EVIOCGKEY" },
	{ 'E', _IOC_READ, 0x19, 0x19, "EVIOCGLED" },
	{ 'E', _IOC_READ, 0x1a, 0x1a, "EVIOCGSND" },
	{ 'E', _IOC_READ, 0x1b, 0x1b, "EVIOCGSW" },
	{ 'E', _IOC_READ, 0x20, 0x3f, "EVIOCGBIT" },
	{ 'E', _IOC_READ, 0x40, 0x7f, "EVIOCGABS" },
	{ 'E', _IOC_WRITE, 0xc0, 0xff, "EVIOCSABS" },
};

static const char *ioctl_name(unsigned long request)
{
	unsigned int type = _IOC_TYPE(request), nr = _IOC_NR(request);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].request == request)
			return names[i].name;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].type == type &&
		    families[i].dir == _IOC_DIR(request) &&
		    families[i].first <= nr && nr <= families[i].last)
			return families[i].name;
	return NULL;
}

const char *ioctl_describe(unsigned long request, char buf[IOCTL_TEXT])
{
	static const char *const macros[] = { "_IO", "_IOW", "_IOR", "_IOWR" };
	unsigned int dir = _IOC_DIR(request), type = _IOC_TYPE(request);
	const char *name = ioctl_name(request);

	if (name)
		snprintf(buf, IOCTL_TEXT, "%s", name);
	else if (request > UINT32_MAX || !isgraph(type))
		snprintf(buf, IOCTL_TEXT, "0x%lx", request);
	else if (dir == _IOC_NONE)
		snprintf(buf, IOCTL_TEXT, "0x%lx _IO('%c', %lu)", request,
			 type, _IOC_NR(request));
	else
		snprintf(buf, IOCTL_TEXT, "0x%lx %s('%c', %lu, %lu)", request,
			 macros[dir], type, _IOC_NR(request),
			 _IOC_SIZE(request));
	return buf;
}
