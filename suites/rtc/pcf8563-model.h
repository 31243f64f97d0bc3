/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcf8563-model.h - model of NXP's PCF8563 real-time clock
 *
 * Written from the datasheet, Rev. 11; section numbers below are its. Not
 * modelled: the EXT_CLK test mode (8.9), the power-on reset override (8.11.1),
 * and the countdown timer (8.8), which the Python model has.
 *
 * Bits that the datasheet calls unused, and those which must be written as 0
 * but "could be either" when read, are all read as 1.
 */
#ifndef PCF8563_MODEL_H
#define PCF8563_MODEL_H

#include <roadtest/model.h>

/* 8.2 */
enum {
	PCF8563_CONTROL_1 = 0x00,
	PCF8563_CONTROL_2 = 0x01,
	PCF8563_SECONDS = 0x02,
	PCF8563_MINUTES = 0x03,
	PCF8563_HOURS = 0x04,
	PCF8563_DAYS = 0x05,
	PCF8563_WEEKDAYS = 0x06,
	PCF8563_MONTHS = 0x07,
	PCF8563_YEARS = 0x08,
	PCF8563_MINUTE_ALARM = 0x09,
	PCF8563_HOUR_ALARM = 0x0a,
	PCF8563_DAY_ALARM = 0x0b,
	PCF8563_WEEKDAY_ALARM = 0x0c,
	PCF8563_CLKOUT = 0x0d,
	PCF8563_TIMER_CONTROL = 0x0e,
	PCF8563_TIMER = 0x0f,
};

#define PCF8563_STOP 0x20	/* 8.3.1 */
#define PCF8563_TI_TP 0x10	/* 8.3.2 */
#define PCF8563_AF 0x08
#define PCF8563_TF 0x04
#define PCF8563_AIE 0x02
#define PCF8563_TIE 0x01
#define PCF8563_VL 0x80		/* 8.4.1 */
#define PCF8563_C 0x80		/* 8.4.6 */
#define PCF8563_AE 0x80		/* 8.6 */
#define PCF8563_FE 0x80		/* 8.7 */
#define PCF8563_TE 0x80		/* 8.8.1 */

/* struct pcf8563 - the chip; it runs from power-on */
struct pcf8563 {
	struct road_regmap map;
	struct road_timer second;
};

int pcf8563_init(struct pcf8563 *chip);
void pcf8563_deinit(struct pcf8563 *chip);
/* Begin the next second in @ns; the chip is attached. */
void pcf8563_run(struct pcf8563 *chip, uint64_t ns);
/*
 * The seven registers from SECONDS on, in their order, as they stand in the
 * datasheet (BCD). The bits that are not used stay as they are.
 */
void pcf8563_set(struct pcf8563 *chip, const uint8_t time[7]);
void pcf8563_get(struct pcf8563 *chip, uint8_t time[7]);

#endif /* PCF8563_MODEL_H */
