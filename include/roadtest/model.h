/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * roadtest/model.h - write models of chips
 *
 * A model is a struct of your own with one of the bases below embedded in it;
 * get back to it with road_container_of(). Callbacks run in virtual time while
 * the guest waits: they may use timers and lines, and must not make guest
 * calls (those return -ROAD_EUSAGE).
 *
 * Models are strict: what the datasheet does not allow is reported with
 * road_chip_fail() and fails the test, even if the driver ignores the error.
 */
#ifndef ROADTEST_MODEL_H
#define ROADTEST_MODEL_H

#include <roadtest.h>

#ifdef __cplusplus
extern "C" {
#endif

/** road_container_of() - the struct of @type in which *@ptr is @member. */
#define road_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* ------------------------------------------------------------------------
 * Timers
 */

/**
 * struct road_timer - runs a function at a virtual time
 *
 * Embed it, road_timer_init() it once. All fields are the library's.
 */
struct road_timer {
	void (*fn)(struct road_timer *timer);
	const char *name;
	struct road_machine *machine;
	uint64_t due;
	uint64_t order;
	size_t slot;		/* in the calendar's heap, from 1; 0: not set */
	bool quiet;		/* the library's own: not in the trace */
};

/** road_timer_init() - @name is for the trace, must outlive the timer, and
 *  may be NULL. */
ROAD_API void road_timer_init(struct road_timer *timer, const char *name,
			      void (*fn)(struct road_timer *timer));
/** road_timer_set() - run it @delay_ns from now; one that is set already is
 *  moved, also from another machine. Of timers that are due at the same instant the one that was set
 *  first runs first (another seed may change the order). */
ROAD_API void road_timer_set(struct road_machine *machine,
			     struct road_timer *timer, uint64_t delay_ns);
/** road_timer_cancel() - does nothing if it is not set. */
ROAD_API void road_timer_cancel(struct road_timer *timer);
/** road_timer_pending() - is it set? */
static inline bool road_timer_pending(const struct road_timer *timer)
{
	return timer->slot != 0;
}

/* ------------------------------------------------------------------------
 * Lines: watch what the guest drives
 */

/**
 * struct road_line_watch - learn of changes of a line
 * @changed: called when the guest changes direction or level; road_now() is
 *	the time. Must not be NULL.
 */
struct road_line_watch {
	void (*changed)(struct road_line_watch *watch, unsigned int line,
			enum road_direction direction, int level);
	/* the library's: */
	struct road_machine *machine;
	struct road_line_watch *next;
	unsigned int line;
};

/** road_line_watch() - begin to watch a line. Return: 0, -ROAD_EUSAGE for a
 *  line that does not exist or a watch that watches already. */
ROAD_API int road_line_watch(struct road_machine *machine, unsigned int line,
			     struct road_line_watch *watch);
/** road_line_unwatch() - does nothing if it is not watched. May be called from
 *  a callback, for any watch: that one is not called any more. */
ROAD_API void road_line_unwatch(struct road_line_watch *watch);

/* ------------------------------------------------------------------------
 * I2C chips
 */

/** What a read or write hook returns to stretch the clock: the transfer stays
 *  open until road_i2c_release(). */
#define ROAD_I2C_HOLD 1

/**
 * struct road_i2c_ops - what a chip does on the bus
 *
 * A transaction is what stands between START and STOP: one or more messages.
 * Any hook may be NULL. Those that return int return 0 to acknowledge or
 * -errno (-ENXIO: not acknowledged); the guest sees the transfer fail.
 */
struct road_i2c_ops {
	/** Addressed, at the end of the address byte; @read is the direction
	 *  of the message that follows, @first marks the first of a
	 *  transaction. */
	int (*start)(struct road_i2c_chip *chip, bool read, bool first);
	/** @len bytes from the guest, at the end of their last bit; 0 for a
	 *  zero-length message. May return ROAD_I2C_HOLD. NULL: any write is
	 *  an error of the test. */
	int (*write)(struct road_i2c_chip *chip, const uint8_t *data,
		     size_t len);
	/** Fill in @len bytes for the guest, at the start of the first one.
	 *  May return ROAD_I2C_HOLD. NULL: any read is an error of the test. */
	int (*read)(struct road_i2c_chip *chip, uint8_t *data, size_t len);
	/** The transaction is over (STOP), also one that failed. */
	void (*stop)(struct road_i2c_chip *chip);
	/** The chip was put on the bus, by road_i2c_attach(): @chip->machine is
	 *  there, and timers can be set. What it does from power-on begins
	 *  here. */
	void (*power_on)(struct road_i2c_chip *chip);
	/** The chip was detached or the machine destroyed. */
	void (*detached)(struct road_i2c_chip *chip);
};

/**
 * struct road_i2c_chip - base of a chip on an I2C bus
 * @ops: the chip's behaviour
 * @name: for messages and the trace; must outlive the chip
 *
 * Set both with road_i2c_chip_init(). The other fields are the library's;
 * @machine, @addr and @irq_line may be read while the chip is attached. @addr
 * of a chip at ROAD_I2C_EVERY_ADDR is the address that it was last called by,
 * and @irq_line the interrupt of the node there.
 */
struct road_i2c_chip {
	const struct road_i2c_ops *ops;
	const char *name;
	struct road_machine *machine;
	struct road_i2c_chip *next;
	uint16_t addr;
	int16_t irq_line;		/* -1: no interrupt */
	uint8_t irq_type;		/* enum road_irq_type */
	bool irq_active;
	bool every_addr;
	bool irq_by_hand;		/* road_i2c_connect_irq() wired it */
	uint32_t inject_after;		/* messages until the injected error */
	uint32_t inject_count;		/* messages that fail then */
	uint32_t inject_failed;		/* messages that it has failed */
	int inject_error;
	uint64_t messages;		/* seen so far, failed ones included */
};

/** road_i2c_chip_init() - once, before it is attached. */
ROAD_API void road_i2c_chip_init(struct road_i2c_chip *chip, const char *name,
				 const struct road_i2c_ops *ops);
/** In place of an address: every one at which no other chip stands. */
#define ROAD_I2C_EVERY_ADDR 0xffff

/** road_i2c_attach() - put the chip on the bus, before or after boot. Its
 *  interrupt is taken from the devicetree node at @addr, if there is one.
 *  @addr may be ROAD_I2C_EVERY_ADDR: its interrupt is that of the node at the
 *  address which was called last; one that is asserted moves there.
 *  Return: 0; -ROAD_EUSAGE when the address is taken or not 7 bits. */
ROAD_API int road_i2c_attach(struct road_machine *machine, unsigned int addr,
			     struct road_i2c_chip *chip);
/** road_i2c_detach() - take it off the bus: its address is not acknowledged
 *  any more. Does nothing if it is not attached. */
ROAD_API void road_i2c_detach(struct road_i2c_chip *chip);
/** road_i2c_connect_irq() - wire the chip's interrupt output by hand. */
ROAD_API int road_i2c_connect_irq(struct road_i2c_chip *chip,
				  unsigned int line, enum road_irq_type type);
/** road_i2c_release() - end a transfer on which the chip stretches the clock:
 *  @status 0 or -errno; for a read @data has all its bytes, or is NULL. Return:
 *  0; -ROAD_EUSAGE when the chip holds none, or @len is another one. */
ROAD_API int road_i2c_release(struct road_i2c_chip *chip, int status,
			      const uint8_t *data, size_t len);
/** road_i2c_inject() - let messages to the chip fail without asking it.
 *  @after: messages from now on that still work; @count: how many fail then
 *  (UINT32_MAX: all, and one at least); @error: -errno, -ENXIO for a NAK of the
 *  address. What has not struck when the test ends, the chip is detached or
 *  another fault is injected fails the test; @count 0 cancels it. */
ROAD_API void road_i2c_inject(struct road_i2c_chip *chip, uint32_t after,
			      uint32_t count, int error);

/** road_irq_assert() - drive the chip's interrupt line to its active level.
 *  The polarity is the devicetree's. No-op without a line. */
ROAD_API void road_irq_assert(struct road_i2c_chip *chip);
ROAD_API void road_irq_deassert(struct road_i2c_chip *chip);

/**
 * road_chip_fail() - the driver did what the chip forbids
 *
 * The transfer in progress fails, and the test fails with this message as
 * soon as the guest waits again; only the first one counts. Return:
 * -EREMOTEIO, to be returned from the hook.
 */
ROAD_API int road_chip_fail(struct road_i2c_chip *chip, const char *fmt, ...)
	ROAD_PRINTF(2, 3);

/**
 * road_machine_raise() - carry an exception of another language through
 * @payload: e.g. a PyObject; @payload_free frees it if nobody takes it
 * @message: copied
 *
 * Like road_chip_fail(); the function that runs the guest returns
 * -ROAD_EMODEL, and road_machine_take() hands the payload out.
 */
ROAD_API int road_machine_raise(struct road_machine *machine, void *payload,
				void (*payload_free)(void *payload),
				const char *message);
/** road_machine_take() - the payload of the model error that was reported
 *  last, now the caller's; NULL if it has none. */
ROAD_API void *road_machine_take(struct road_machine *machine);

/* ------------------------------------------------------------------------
 * Register maps
 */

/** enum road_reg_access - what the guest may do with a register */
enum road_reg_access {
	ROAD_RW,
	ROAD_RO,	/* a write is an error of the test */
	ROAD_WO,	/* a read is an error of the test */
};

/**
 * struct road_reg_field - a named run of bits
 * @name: NULL ends a table of them
 * @msb, @lsb: bit numbers, inclusive
 */
struct road_reg_field {
	const char *name;
	uint8_t msb, lsb;
};

/**
 * struct road_reg_desc - one register, from the datasheet
 * @addr: register address (pointer byte); ROAD_PAGED() of one page
 * @name: NULL ends a table of registers
 * @reset: value after power-on and road_regmap_reset()
 * @access: see enum road_reg_access
 * @width: bytes, 1 to 4; 0: the map's
 * @writable: bits that a write changes; 0: all. The others keep their value.
 * @w1c: bits that a write of 1 clears
 * @rc: bits that a read clears
 * @reserved: bits that must be written as 0: else an error of the test
 * @fields: named bits; may be NULL
 */
struct road_reg_desc {
	uint32_t addr;
	const char *name;
	uint32_t reset;
	enum road_reg_access access;
	uint8_t width;
	uint32_t writable;
	uint32_t w1c;
	uint32_t rc;
	uint32_t reserved;
	const struct road_reg_field *fields;
};

/**
 * ROAD_PAGED() - the register at @addr of one page (or bank) of a chip that has
 * several behind the same addresses
 *
 * In the table, and wherever a register's address is an argument. A register
 * without stands on every page, the one that selects the page for instance.
 * @page: 0 to 254; road_regmap_set_page() selects it.
 */
#define ROAD_PAGED(page, addr) (((page) + 1U) << 16 | (addr))

struct road_regmap;

/** struct road_reg - a register of a live map */
struct road_reg {
	const struct road_reg_desc *desc;
	uint32_t value;
};

/**
 * struct road_regmap_config - shape and behaviour of a register map
 * @regs: table that ends with a NULL name
 * @width: bytes of a register's value, 1 to 4; 0: 1
 * @addr_width: bytes of a register's address, 1 or 2 (big endian); 0: 1
 * @little_endian: byte order of values; else big endian
 * @auto_increment: a message goes on with the next register behind the last
 *	byte of one: at address + 1, or at address + width if the table has a
 *	register there and none at address + 1. Else reading on repeats the
 *	same register and writing on is an error of the test
 * @addr_mask: bits of a message's address that number the register; 0: all.
 *	The others are a command to the chip
 * @increment_mask: bits of the address, outside @addr_mask; a message that
 *	sets one of them asks for @auto_increment
 * @command: called with the address of each write message as it was sent,
 *	before it selects a register; may be NULL. 0: select it; 1: the command
 *	was all (values behind it are an error of the test); -errno or
 *	road_chip_fail().
 * @before_read: called before a register's value goes out; may change
 *	reg->value. May be NULL. 0, -errno or road_chip_fail().
 * @after_write: called when the guest wrote; reg->value is the new value by
 *	the access rules, @old the one before, @written what was sent. May
 *	change reg->value. May be NULL.
 * @after_read: called when the value went out and read-to-clear was applied
 *	to it; may be NULL.
 * @power_on: as in struct road_i2c_ops; may be NULL.
 */
struct road_regmap_config {
	const struct road_reg_desc *regs;
	uint8_t width;
	uint8_t addr_width;
	bool little_endian;
	bool auto_increment;
	uint32_t addr_mask;
	uint32_t increment_mask;
	int (*command)(struct road_regmap *map, uint32_t sent);
	int (*before_read)(struct road_regmap *map, struct road_reg *reg);
	int (*after_write)(struct road_regmap *map, struct road_reg *reg,
			   uint32_t old, uint32_t written);
	int (*after_read)(struct road_regmap *map, struct road_reg *reg);
	void (*power_on)(struct road_regmap *map);
};

/**
 * struct road_regmap - base of a chip that is a map of registers
 *
 * A write message is the register's address, then values; a read message
 * gives values from the last address on (which a STOP keeps). An unknown
 * register, a width that it does not have, a write to a read-only one are
 * errors of the test.
 */
struct road_regmap {
	struct road_i2c_chip chip;
	const struct road_regmap_config *config;
	struct road_reg *regs;
	size_t num_regs;
	uint32_t pointer;		/* address that a read starts at */
	bool pointer_valid;
	bool increment;			/* the last address asked for it */
	bool auto_increment;		/* @config's, until it was set */
	bool little_endian;
	unsigned int page;
};

/** road_regmap_init() - Return: 0, -ROAD_ENOMEM, or -ROAD_EUSAGE for a table with
 *  a width outside 1 to 4 or an address that stands there twice. */
ROAD_API int road_regmap_init(struct road_regmap *map, const char *name,
			      const struct road_regmap_config *config);
/** road_regmap_deinit() - detach and free. */
ROAD_API void road_regmap_deinit(struct road_regmap *map);
/** road_regmap_reset() - all registers to their reset value; the pointer is
 *  invalid until written; auto-increment and byte order are @config's; the page
 *  is 0. */
ROAD_API void road_regmap_reset(struct road_regmap *map);
/** road_regmap_set_auto_increment(), road_regmap_set_little_endian() - for a
 *  chip that has a bit for it: what comes next on the bus goes by it. Nothing
 *  else of the config may change while the map lives. */
ROAD_API void road_regmap_set_auto_increment(struct road_regmap *map, bool on);
ROAD_API void road_regmap_set_little_endian(struct road_regmap *map, bool on);
/** road_regmap_set_page() - what comes next on the bus is of this page, 0 to
 *  254; see ROAD_PAGED(). */
ROAD_API void road_regmap_set_page(struct road_regmap *map, unsigned int page);
/** road_regmap_reg() - the register at @addr; NULL if there is none. */
ROAD_API struct road_reg *road_regmap_reg(struct road_regmap *map,
					  uint32_t addr);
/** road_regmap_get(), road_regmap_set() - for models and tests: no hooks, no
 *  access rules, not in the trace. An unknown @addr is a bug of the caller:
 *  get gives 0, set does nothing. */
ROAD_API uint32_t road_regmap_get(struct road_regmap *map, uint32_t addr);
ROAD_API void road_regmap_set(struct road_regmap *map, uint32_t addr,
			      uint32_t value);
/** road_regmap_update() - set the bits of @mask to those of @value. */
ROAD_API void road_regmap_update(struct road_regmap *map, uint32_t addr,
				 uint32_t mask, uint32_t value);

#ifdef __cplusplus
}
#endif

#endif /* ROADTEST_MODEL_H */
