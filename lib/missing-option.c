// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * missing-option.c - which option of the kernel would make a file
 *
 * A file that is not there may be none of the driver's: what its subsystem
 * offers to userspace are options of their own, and a kernel for tests has no
 * more of them than somebody asked for. The table is what Kconfig and Makefiles
 * of Linux 6.12 say.
 */
#include "missing-option.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* @pattern as of fnmatch(), where '*' takes '/' too. The more special first:
 * of the rows that match, the first whose option is off is told. */
static const struct {
	const char *pattern, *option;
} options[] = {
	{ "*/dev/rtc[0-9]*", "RTC_CLASS" },
	{ "*/dev/rtc[0-9]*", "RTC_INTF_DEV" },
	{ "*/proc/driver/rtc", "RTC_INTF_PROC" },
	{ "*/class/rtc/*", "RTC_CLASS" },
	{ "*/rtc/rtc*/*", "RTC_INTF_SYSFS" },
	{ "*/bus/nvmem/*", "NVMEM" },
	{ "*/bus/nvmem/*/nvmem", "NVMEM_SYSFS" },
	{ "*/bus/nvmem/*_nvram*", "RTC_NVMEM" },
	{ "*/dev/input/event*", "INPUT_EVDEV" },
	{ "*/dev/input/js*", "INPUT_JOYDEV" },
	{ "*/dev/input/m*", "INPUT_MOUSEDEV" },
	{ "*/dev/uinput", "INPUT_UINPUT" },
	{ "*/class/leds/*", "LEDS_CLASS" },
	{ "*/leds/*/trigger", "LEDS_TRIGGERS" },
	{ "*/leds/*/delay_o*", "LEDS_TRIGGER_TIMER" },
	{ "*/leds/*/brightness_hw_changed", "LEDS_BRIGHTNESS_HW_CHANGED" },
	{ "*/leds/*/multi_in*", "LEDS_CLASS_MULTICOLOR" },
	{ "*/leds/*/flash_*", "LEDS_CLASS_FLASH" },
	{ "*/bus/iio/*", "IIO" },
	{ "*/dev/iio:device*", "IIO_BUFFER" },
	{ "*/iio:device*/buffer*", "IIO_BUFFER" },
	{ "*/iio:device*/scan_elements*", "IIO_BUFFER" },
	{ "*/iio:device*/trigger*", "IIO_TRIGGER" },
	{ "*/iio_sysfs_trigger*", "IIO_SYSFS_TRIGGER" },
	{ "*/iio/triggers*", "IIO_CONFIGFS" },
	{ "*/iio/triggers*", "IIO_SW_TRIGGER" },
	{ "*/dev/gpiochip*", "GPIO_CDEV" },
	{ "*/class/gpio/*", "GPIO_SYSFS" },
	{ "*/dev/i2c-*", "I2C_CHARDEV" },
	{ "*/dev/spidev*", "SPI_SPIDEV" },
	{ "*/class/pwm/*", "PWM" },
	{ "*/dev/watchdog*", "WATCHDOG_CORE" },
	{ "*/watchdog/watchdog*/pretimeout_*", "WATCHDOG_PRETIMEOUT_GOV" },
	{ "*/watchdog/watchdog*/*", "WATCHDOG_SYSFS" },
	{ "*/class/hwmon/*", "HWMON" },
	{ "*/class/thermal/*", "THERMAL" },
	{ "*/thermal_zone*/hwmon*", "THERMAL_HWMON" },
	{ "*/class/power_supply/*", "POWER_SUPPLY" },
	{ "*/power_supply/*/hwmon*", "POWER_SUPPLY_HWMON" },
	{ "*/class/regulator/*", "REGULATOR" },
	{ "*/class/backlight/*", "BACKLIGHT_CLASS_DEVICE" },
	{ "*/class/extcon/*", "EXTCON" },
	{ "*/class/typec/*", "TYPEC" },
	{ "*/dev/video*", "VIDEO_DEV" },
	{ "*/dev/media*", "MEDIA_CONTROLLER" },
	{ "*/dev/v4l-subdev*", "VIDEO_V4L2_SUBDEV_API" },
	{ "*/dev/cec*", "CEC_CORE" },
	{ "*/dev/snd/*", "SND" },
	{ "*/dev/fb[0-9]*", "FB_DEVICE" },
	{ "*/dev/ptp*", "PTP_1588_CLOCK" },
	{ "*/dev/tpm*", "TCG_TPM" },
	{ "*/dev/hwrng", "HW_RANDOM" },
	{ "*/dev/rfkill", "RFKILL" },
	{ "*/sys/power/pm_test", "PM_SLEEP_DEBUG" },
	{ "*/sys/power/*", "PM_SLEEP" },
	{ "*/power/wakeup*", "PM_SLEEP" },
	{ "*/power/runtime_*", "PM" },
	{ "*/sys/kernel/debug/*", "DEBUG_FS" },
	{ "*/sys/kernel/config/*", "CONFIGFS_FS" },
};

#define NUM_OPTIONS (sizeof(options) / sizeof(options[0]))

/* Of a line "CONFIG_NAME=value" of the config the rows that are on. */
static void option_seen(const char *line, bool *on)
{
	const char *name = line + strlen("CONFIG_");
	size_t i, len;

	if (strncmp(line, "CONFIG_", strlen("CONFIG_")))
		return;
	len = strcspn(name, "=");
	for (i = 0; name[len] && i < NUM_OPTIONS; i++)
		if (strlen(options[i].option) == len &&
		    !strncmp(name, options[i].option, len))
			on[i] = true;
}

static bool read_config(const char *dir, bool *on)
{
	char *path, *line = NULL;
	size_t size = 0;
	FILE *f = NULL;

	if (asprintf(&path, "%s/config", dir) >= 0) {
		f = fopen(path, "re");
		free(path);
	}
	if (!f)
		return false;
	while (getline(&line, &size, f) > 0)
		option_seen(line, on);
	free(line);
	fclose(f);
	return true;
}

const char *missing_option(const char *dir, const char *file)
{
	bool matches[NUM_OPTIONS], on[NUM_OPTIONS] = {}, any = false;
	size_t i;

	for (i = 0; i < NUM_OPTIONS; i++) {
		matches[i] = !fnmatch(options[i].pattern, file, 0);
		any |= matches[i];
	}
	if (!any || !read_config(dir, on))
		return NULL;
	for (i = 0; i < NUM_OPTIONS; i++)
		if (matches[i] && !on[i])
			return options[i].option;
	return NULL;
}
