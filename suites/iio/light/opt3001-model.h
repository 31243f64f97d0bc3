/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * opt3001-model.h - model of TI's OPT3001 ambient light sensor
 *
 * Written from the datasheet SBOS681C: register map in section 7.6, operating
 * modes in 7.4, interrupt reporting in 7.4.2. Section numbers below are its.
 */
#ifndef OPT3001_MODEL_H
#define OPT3001_MODEL_H

#include <roadtest/model.h>

/* 7.6.1, table 6 */
enum {
	OPT3001_RESULT = 0x00,
	OPT3001_CONFIG = 0x01,
	OPT3001_LOW_LIMIT = 0x02,
	OPT3001_HIGH_LIMIT = 0x03,
	OPT3001_MANUFACTURER = 0x7e,
	OPT3001_DEVICE = 0x7f,
};

/* 7.6.1.1.2, fields of the configuration register */
#define OPT3001_RN 0xf000
#define OPT3001_CT 0x0800
#define OPT3001_M 0x0600
#define OPT3001_M_SHUTDOWN 0x0000
#define OPT3001_M_SINGLE 0x0200
#define OPT3001_M_CONTINUOUS 0x0400	/* 0x0600 means the same */
#define OPT3001_OVF 0x0100
#define OPT3001_CRF 0x0080
#define OPT3001_FH 0x0040
#define OPT3001_FL 0x0020
#define OPT3001_L 0x0010
#define OPT3001_POL 0x0008
#define OPT3001_ME 0x0004
#define OPT3001_FC 0x0003

/* 7.6.1.1.3: both high bits of the exponent select end-of-conversion mode */
#define OPT3001_EOC 0xc000

/*
 * struct opt3001 - the chip
 * @raw: the light that falls on it, as the result register would show it
 * @never_ends: a conversion that is started does not end
 * @conversions: that have ended so far
 */
struct opt3001 {
	struct road_regmap map;
	struct road_timer timer;
	uint16_t raw;
	bool never_ends;
	unsigned int conversions;
	unsigned int faults_high, faults_low;	/* in a row */
};

int opt3001_init(struct opt3001 *chip);
void opt3001_deinit(struct opt3001 *chip);
/* Power-on. */
void opt3001_reset(struct opt3001 *chip);

#endif /* OPT3001_MODEL_H */
