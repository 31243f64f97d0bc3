// SPDX-License-Identifier: LGPL-2.1-or-later
/* poweroff - the init of the bare boot */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	reboot(RB_POWER_OFF);
	return 1;
}
