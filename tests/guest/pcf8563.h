/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcf8563.h - model of NXP's PCF8563 real-time clock, for its interrupt
 *
 * Written from the datasheet (Rev. 11, table 4 and section 8.9): INT is low
 * as long as the alarm flag AF and its enable AIE are set. Time stands still
 * until the alarm goes off.
 */
#ifndef TESTS_GUEST_PCF8563_H
#define TESTS_GUEST_PCF8563_H

#include <roadtest/model.h>

#define PCF8563_STATUS_2 0x01
#define PCF8563_MINUTES 0x03
#define PCF8563_MINUTE_ALARM 0x09
#define PCF8563_AF 0x08
#define PCF8563_AIE 0x02

/*
 * struct pcf8563 - the chip
 * @hold: so many times the flag is set again as soon as it is cleared, without
 *	a glitch on the line
 * @stuck: the line stays low whatever the flag says
 */
struct pcf8563 {
	struct road_regmap map;
	unsigned int hold;
	bool stuck;
};

int pcf8563_init(struct pcf8563 *chip);
/* The alarm goes off. */
void pcf8563_ring(struct pcf8563 *chip);

#endif /* TESTS_GUEST_PCF8563_H */
