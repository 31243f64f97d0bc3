// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * odd_core.c - what the drivers of a chip on several buses share: the table of
 * compatibles, and no driver (as of sc16is7xx)
 */
#include <linux/mod_devicetable.h>
#include <linux/module.h>

static const struct of_device_id odd_core_of_match[] = {
	{ .compatible = "acme,split" },
	{ }
};
MODULE_DEVICE_TABLE(of, odd_core_of_match);
MODULE_DESCRIPTION("for roadtest's own tests");
MODULE_LICENSE("GPL");
