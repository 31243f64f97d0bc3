#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write the hand-made part of the corpora of fuzz-virtq and fuzz-vhost-user.

Each seed is a session that works: the fuzzer breaks it. The layouts are those
in the comments at the top of the two targets.
"""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
WRITE, NEXT = 2, 1
I2C, GPIO, CONSOLE = 0, 1, 2


class Memory:
    """Guest memory with the rings of some queues at its start."""

    def __init__(self, base, queue_size, avail, used, queues, size):
        self.base, self.queue_size, self.avail, self.used = base, queue_size, avail, used
        self.data = bytearray(size)
        self.next_desc = [0] * queues
        self.next_avail = [0] * queues
        self.alloc = queue_size * queues

    def chain(self, queue, *buffers):
        """Make a chain available: bytes to read, or a length to write."""
        ring = queue * self.queue_size
        head = self.next_desc[queue]
        for i, buffer in enumerate(buffers):
            length = buffer if isinstance(buffer, int) else len(buffer)
            flags = (WRITE if isinstance(buffer, int) else 0) | (
                NEXT if i + 1 < len(buffers) else 0)
            if not isinstance(buffer, int):
                self.data[self.alloc:self.alloc + length] = buffer
            struct.pack_into("<QIHH", self.data, ring + 16 * (head + i),
                             self.base + self.alloc, length, flags, head + i + 1)
            self.alloc += (length + 15) // 16 * 16
        index = self.next_avail[queue]
        struct.pack_into("<H", self.data, ring + self.avail + 4 + 2 * index, head)
        struct.pack_into("<H", self.data, ring + self.avail + 2, index + 1)
        self.next_avail[queue] += 1
        self.next_desc[queue] += len(buffers)


def i2c(memory):
    memory.chain(0, struct.pack("<HHI", 0x88, 0, 1), b"\x7e", 1)
    memory.chain(0, struct.pack("<HHI", 0x88, 0, 2), 2, 1)
    memory.chain(0, struct.pack("<HHI", 0x88, 0, 0), 1)


def gpio(memory):
    memory.chain(0, struct.pack("<HHI", 2, 5, 0), 2)
    memory.chain(0, struct.pack("<HHI", 6, 5, 3), 2)
    memory.chain(0, struct.pack("<HHI", 5, 6, 1), 2)
    memory.chain(1, struct.pack("<H", 5), 1)
    memory.chain(1, struct.pack("<H", 63), 1)


def console(memory):
    for queue in (2, 2, 2, 4, 4):
        memory.chain(queue, 16)
    memory.chain(3, struct.pack("<IHH", 0xffffffff, 0, 1))
    memory.chain(3, struct.pack("<IHH", 1, 3, 1))
    memory.chain(3, struct.pack("<IHH", 1, 6, 1))
    memory.chain(5, b"hello", b"world")


DEVICES = {"i2c": (I2C, 1, i2c), "gpio": (GPIO, 2, gpio),
           "console": (CONSOLE, 6, console)}


def virtq_seed(name):
    device, queues, fill = DEVICES[name]
    memory = Memory(0x1000, 0x200, 0x100, 0x140, queues, 0x1000)
    fill(memory)
    steps = [(0, queue) for queue in range(queues)] + [(2, 0)]
    steps += [(4, 0x85), (4, 5), (5, 9), (2, 0), (8, 0), (8, 0x80)]
    data = bytes([device | 4 << 4, len(steps)])
    return data + b"".join(bytes(step) for step in steps) + bytes(memory.data[:memory.alloc])


def message(request, payload=b"", kind=0, flags=9):
    return bytes([kind]) + struct.pack("<III", request, flags, len(payload)) + payload


def vhost_seed(name):
    device, queues, fill = DEVICES[name]
    memory = Memory(0, 0x400, 0x100, 0x200, queues, 0x4000)
    fill(memory)
    stream = message(3, flags=1) + message(1, flags=1) + message(15, flags=1)
    stream += message(16, struct.pack("<Q", 1 << 3 | 1 << 5 | 1 << 9 | 1 << 14))
    stream += message(21, kind=0x21)
    stream += message(2, struct.pack("<Q", 1 << 30 | 1 << 32))
    stream += message(24, struct.pack("<III8x", 0, 8, 0), flags=1)
    stream += message(5, struct.pack("<IIQQQQ", 1, 0, 0, 0x4000, 0, 0), kind=0x11)
    for queue in range(queues):
        ring = queue * 0x400
        stream += message(8, struct.pack("<II", queue, 16))
        stream += message(10, struct.pack("<II", queue, 0))
        stream += message(9, struct.pack("<IIQQQQ", queue, 0, ring, ring + 0x200,
                                         ring + 0x100, 0))
    for queue in range(queues):
        stream += message(18, struct.pack("<II", queue, 1))
        stream += message(35, struct.pack("<II", queue, 0))
    stream += message(18, struct.pack("<II", 0, 0)) + message(18, struct.pack("<II", 0, 1))
    return bytes([device]) + struct.pack("<H", len(stream)) + stream + bytes(
        memory.data[:memory.alloc])


for device_name in DEVICES:
    for target, seed in (("virtq", virtq_seed), ("vhost-user", vhost_seed)):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        (CORPUS / target / device_name).write_bytes(seed(device_name))
