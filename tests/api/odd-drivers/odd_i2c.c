// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * odd_i2c.c - the I2C half of odd_core.c, with aliases for I2C names only, and a
 * driver that can't be bound by hand (as those of DVB)
 *
 * The latter's probe fails with -EREMOTEIO if its chip has a 0 in register 0, with
 * -ENODEV if it has a 1.
 */
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/version.h>

static int split_probe(struct i2c_client *client)
{
	return 0;
}

static const struct i2c_device_id split_ids[] = {
	{ "split" },
	{ }
};
MODULE_DEVICE_TABLE(i2c, split_ids);

static struct i2c_driver split_driver = {
	.driver = { .name = "split" },
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	.probe_new = split_probe,
#else
	.probe = split_probe,
#endif
	.id_table = split_ids,
};

static int stubborn_probe(struct i2c_client *client)
{
	int id = i2c_smbus_read_byte_data(client, 0);

	return id < 0 ? id : id == 0 ? -EREMOTEIO : id == 1 ? -ENODEV : 0;
}

static const struct i2c_device_id stubborn_ids[] = {
	{ "stubborn" },
	{ }
};
MODULE_DEVICE_TABLE(i2c, stubborn_ids);

static struct i2c_driver stubborn_driver = {
	.driver = { .name = "stubborn", .suppress_bind_attrs = true },
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	.probe_new = stubborn_probe,
#else
	.probe = stubborn_probe,
#endif
	.id_table = stubborn_ids,
};

static int __init odd_init(void)
{
	int ret = i2c_add_driver(&split_driver);

	if (ret)
		return ret;
	ret = i2c_add_driver(&stubborn_driver);
	if (ret)
		i2c_del_driver(&split_driver);
	return ret;
}
module_init(odd_init);

static void __exit odd_exit(void)
{
	i2c_del_driver(&stubborn_driver);
	i2c_del_driver(&split_driver);
}
module_exit(odd_exit);
MODULE_DESCRIPTION("for roadtest's own tests");
MODULE_LICENSE("GPL");
