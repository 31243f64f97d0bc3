// SPDX-License-Identifier: LGPL-2.1-or-later
/* test-guest-mem.c - of lib/virtio/guest-mem.c */
#include "unit.h"
#include "virtio/guest-mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEM_SIZE 0x10000
#define ADDR 0x100000

static struct guest_mem mem;
static struct road_error error;
static int fd;

static void setup(void)
{
	gm_init(&mem);
	fd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(ftruncate(fd, MEM_SIZE), 0);
}

static void teardown(void)
{
	gm_clear(&mem);
	close(fd);
	err_clear(&error);
}

static void check_refused(uint64_t addr, uint64_t size, uint64_t offset,
			  int file, const char *message)
{
	unsigned int num = mem.num_regions;

	CHECK_INT(gm_add(&mem, addr, size, offset, file, &error),
		  -ROAD_EPROTO);
	CHECK_HAS(err_message(&error), message);
	CHECK_INT(mem.num_regions, num);
	err_clear(&error);
}

static void an_address_is_found_at_its_offset_in_the_file(void)
{
	uint8_t *p;

	setup();
	CHECK_INT(gm_add(&mem, ADDR, 0x4000, 0x2000, fd, &error), 0);
	CHECK_INT(pwrite(fd, "x", 1, 0x2123), 1);
	p = gm_ptr(&mem, ADDR + 0x123, 1);
	CHECK(p && *p == 'x');
	p[1] = 'y';
	CHECK_INT(pread(fd, p + 2, 1, 0x2124), 1);
	CHECK_INT(p[2], 'y');
	teardown();
}

static void only_what_lies_in_one_region_has_a_pointer(void)
{
	static const struct {
		uint64_t addr, len;
		bool valid;
	} cases[] = {
		{ ADDR, 0x1000, true },
		{ ADDR, 0x1001, false },	/* into the next region */
		{ ADDR - 1, 1, false },
		{ ADDR - 1, 2, false },
		{ ADDR + 0xfff, 1, true },
		{ ADDR + 0xfff, 2, false },
		{ ADDR + 0x1000, 0x1000, true },
		{ ADDR + 0x1fff, 1, true },
		{ ADDR + 0x2000, 0, false },
		{ ADDR + 0x2000, 1, false },
		{ ADDR, 0, true },
		{ ADDR, UINT64_MAX, false },
		{ ADDR + 1, UINT64_MAX - ADDR, false },
		{ ADDR + 0x800, UINT64_MAX - ADDR - 0x7ff, false },
		{ 0, 1, false },
		{ 0, ADDR + 1, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, UINT64_MAX, false },
	};

	setup();
	CHECK(!gm_ptr(&mem, ADDR, 1));
	CHECK_INT(gm_add(&mem, ADDR, 0x1000, 0, fd, &error), 0);
	CHECK_INT(gm_add(&mem, ADDR + 0x1000, 0x1000, 0x8000, fd, &error), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool valid = gm_ptr(&mem, cases[i].addr, cases[i].len);

		if (valid != cases[i].valid)
			UNIT_FAIL("0x%" PRIx64 "+0x%" PRIx64 ": %d",
				  cases[i].addr, cases[i].len, valid);
	}
	gm_clear(&mem);
	CHECK(!gm_ptr(&mem, ADDR, 1));
	teardown();
}

static void sizes_that_lie_are_refused(void)
{
	setup();
	check_refused(ADDR, 0, 0, fd, "out of range");
	check_refused(ADDR, MEM_SIZE + 1, 0, fd, "beyond the end");
	check_refused(ADDR, MEM_SIZE, 16, fd, "beyond the end");
	check_refused(ADDR, 1, MEM_SIZE, fd, "beyond the end");
	check_refused(ADDR, UINT64_MAX, 0, fd, "out of range");
	check_refused(ADDR, 0x1000, UINT64_MAX - 0xfff, fd, "out of range");
	check_refused(ADDR, 1ULL << 63, 1ULL << 63, fd, "out of range");
	check_refused(UINT64_MAX - 10, 0x1000, 0, fd, "out of range");
	CHECK_INT(gm_add(&mem, ADDR, MEM_SIZE, 0, fd, &error), 0);
	teardown();
}

static void a_file_that_cannot_be_mapped_is_refused(void)
{
	int fds[2], null = open("/dev/null", O_RDWR);

	setup();
	CHECK_INT(pipe(fds), 0);
	check_refused(ADDR, 0x1000, 0, fds[0], "beyond the end");
	check_refused(ADDR, 0x1000, 0, null, "beyond the end");
	check_refused(ADDR, 0x1000, 0, -1, strerror(EBADF));
	close(fds[0]);
	close(fds[1]);
	close(null);
	teardown();
}

static void regions_may_not_overlap(void)
{
	setup();
	CHECK_INT(gm_add(&mem, ADDR, 0x1000, 0, fd, &error), 0);
	check_refused(ADDR, 0x1000, 0, fd, "overlaps");
	check_refused(ADDR + 0xff0, 0x10, 0, fd, "overlaps");
	check_refused(ADDR - 0x10, 0x20, 0, fd, "overlaps");
	check_refused(ADDR - 0x10, 0x2000, 0, fd, "overlaps");
	CHECK_INT(gm_add(&mem, ADDR - 0x1000, 0x1000, 0, fd, &error), 0);
	CHECK_INT(gm_add(&mem, ADDR + 0x1000, 0x1000, 0, fd, &error), 0);
	teardown();
}

static void there_is_an_end_to_regions(void)
{
	setup();
	for (unsigned int i = 0; i < GM_MAX_REGIONS; i++)
		CHECK_INT(gm_add(&mem, ADDR + 0x1000 * i, 0x1000, 0, fd,
				 &error), 0);
	check_refused(0, 0x1000, 0, fd, "more than 8");
	teardown();
}

/* Rings and structs are accessed in place, aligned by guest address. */
static void a_region_keeps_the_alignment_of_addresses(void)
{
	setup();
	check_refused(ADDR, 0x1000, 1, fd, "aligned");
	check_refused(ADDR + 4, 0x1000, 0, fd, "aligned");
	CHECK_INT(gm_add(&mem, ADDR + 0x10, 0x1000, 0x20, fd, &error), 0);
	teardown();
}

#define TEST(name) { #name, name }

static const struct unit_test tests[] = {
	TEST(an_address_is_found_at_its_offset_in_the_file),
	TEST(only_what_lies_in_one_region_has_a_pointer),
	TEST(sizes_that_lie_are_refused),
	TEST(a_file_that_cannot_be_mapped_is_refused),
	TEST(regions_may_not_overlap),
	TEST(there_is_an_end_to_regions),
	TEST(a_region_keeps_the_alignment_of_addresses),
};

UNIT_MAIN(tests)
