// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guest-loop - read a two-byte register COUNT times through i2c-dev
 *
 *	guest-loop ADDRESS COUNT
 *
 * Runs in the guest, static. As init (with bench/bare, which has no agent) it
 * takes its arguments from the kernel's command line, mounts devtmpfs itself
 * and powers the guest off.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

static int loop(unsigned int addr, unsigned int count)
{
	unsigned char reg = 0, value[2];
	struct i2c_msg msgs[2] = {
		{ .addr = addr, .len = 1, .buf = &reg },
		{ .addr = addr, .flags = I2C_M_RD, .len = 2, .buf = value },
	};
	struct i2c_rdwr_ioctl_data rdwr = { .msgs = msgs, .nmsgs = 2 };
	int fd = open("/dev/i2c-0", O_RDWR);

	if (fd < 0) {
		perror("/dev/i2c-0");
		return 1;
	}
	while (count--) {
		if (ioctl(fd, I2C_RDWR, &rdwr) != 2) {
			perror("I2C_RDWR");
			return 1;
		}
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = 2;

	if (getpid() == 1)
		mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	/* UML puts arguments of its own behind ours. */
	if (argc >= 3)
		ret = loop(strtoul(argv[1], NULL, 0),
			   strtoul(argv[2], NULL, 0));
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return ret;
}
