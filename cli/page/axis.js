// SPDX-License-Identifier: LGPL-2.1-or-later
// axis.js - from virtual time to a place, and back. Drivers sleep for a second
// between transfers of microseconds: with `skip` a long gap in which nothing
// happens gets little room, and is marked as a break.

class Axis {
  constructor(events, begin, end, skip) {
    const times = [...new Set([begin, end,
      ...events.map((e) => e.time), ...events.map((e) => e.end)])].sort((a, b) => a - b);
    const gaps = times.slice(1).map((t, i) => t - times[i]);
    const busy = gaps.filter((gap) => gap <= 1e6).reduce((sum, gap) => sum + gap, 0);
    const room = Math.max(busy / 12, 20e3);
    this.times = times;
    this.places = [0];
    this.breaks = [];           // [time, time]
    gaps.forEach((gap, i) => {
      const long = skip && gap > 3 * room;
      if (long) this.breaks.push([times[i], times[i + 1]]);
      this.places.push(this.places[i] + (long ? room : gap));
    });
    this.length = Math.max(this.places[this.places.length - 1], 1);
  }

  static between(value, from, to) {
    let low = 0, high = from.length - 1;
    if (value <= from[0]) return to[0];
    if (value >= from[high]) return to[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle] <= value) low = middle;
      else high = middle;
    }
    const part = (value - from[low]) / (from[high] - from[low] || 1);
    return to[low] + part * (to[high] - to[low]);
  }

  place(time) { return Axis.between(time, this.times, this.places); }

  time(place) { return Axis.between(place, this.places, this.times); }
}
