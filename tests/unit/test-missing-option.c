// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-missing-option.c - of lib/missing-option.c */
#include "missing-option.h"
#include "unit.h"

#include <unistd.h>

static char dir[] = "/tmp/roadtest-unit-XXXXXX";

static void config_is(const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/config", dir);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		UNIT_FAIL("%s can't be written", path);
}

static void check_option(const char *file, const char *want)
{
	const char *option = missing_option(dir, file);

	CHECK_STR(option ? option : "none", want);
}

static void an_option_that_is_off_is_named(void)
{
	static const char *const files[][2] = {
		{ "open /dev/rtc0", "RTC_INTF_DEV" },
		{ "/sys/bus/i2c/devices/0-0051/rtc/rtc0/since_epoch",
		  "RTC_INTF_SYSFS" },
		{ "/sys/class/rtc/rtc0/date", "RTC_INTF_SYSFS" },
		{ "/dev/input/event3", "INPUT_EVDEV" },
		{ "/sys/class/leds/red/trigger", "LEDS_TRIGGERS" },
		{ "/sys/bus/iio/devices/iio:device0/buffer/enable",
		  "IIO_BUFFER" },
		{ "/dev/gpiochip0", "GPIO_CDEV" },
		{ "/sys/class/gpio/export", "GPIO_SYSFS" },
		{ "/dev/i2c-0", "I2C_CHARDEV" },
		{ "/dev/watchdog", "WATCHDOG_CORE" },
		{ "/sys/bus/nvmem/devices/ds1307_nvram0/nvmem",
		  "NVMEM_SYSFS" },
		{ "/sys/class/hwmon/hwmon0", "HWMON" },
		{ "/sys/bus/i2c/devices/0-0048/temp1_input", "none" },
		{ "/tmp/nothing", "none" },
	};
	size_t i;

	config_is("CONFIG_RTC_CLASS=y\nCONFIG_NVMEM=y\nCONFIG_LEDS_CLASS=m\n"
		  "CONFIG_IIO=y\n# CONFIG_HWMON is not set\n"
		  "CONFIG_GPIO_CDEV_V1=y\n");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_option(files[i][0], files[i][1]);
}

static void what_is_on_is_not_named(void)
{
	config_is("CONFIG_RTC_CLASS=y\nCONFIG_RTC_INTF_DEV=y\n"
		  "CONFIG_RTC_INTF_SYSFS=y\nCONFIG_INPUT_EVDEV=m\n");
	check_option("/dev/rtc7", "none");
	check_option("/sys/class/rtc/rtc0/date", "none");
	check_option("/dev/input/event0", "none");
	config_is("");
	check_option("/dev/rtc7", "RTC_CLASS");
}

static void without_a_config_none_is_named(void)
{
	CHECK(!missing_option("/nonexistent", "/dev/rtc0"));
}

static const struct unit_test tests[] = {
	{ "an_option_that_is_off_is_named", an_option_that_is_off_is_named },
	{ "what_is_on_is_not_named", what_is_on_is_not_named },
	{ "without_a_config_none_is_named", without_a_config_none_is_named },
};

int main(int argc, char **argv)
{
	char path[64];
	int ret;

	if (!mkdtemp(dir))
		return 1;
	ret = unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(path, sizeof(path), "%s/config", dir);
	unlink(path);
	rmdir(dir);
	return ret;
}
