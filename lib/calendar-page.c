// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calendar's shared page
 *
 * Layout and rules: include/uapi/linux/um_timetravel.h (Linux 6.12). The clock
 * is written by whoever runs, which RUNNING_ID names; the guest panics when it
 * finds that it set the clock out of turn. All times are those of the
 * calendar, and the guest's are the same since it starts at 0.
 *
 * The guest holds the descriptor: the size is sealed, or it could take the
 * memory away under us. What it writes is read once and then checked.
 */
#include "calendar-page.h"

#include <errno.h>
#include <fcntl.h>
#include <roadtest/model.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHM_VERSION 2
#define SHM_CAPA_TIME_SHARE (1U << 0)
#define SHM_FLAG_REQ_RUN (1U << 0)
#define SHM_NUM_CLIENTS 2

union shm_client {
	struct {
		uint32_t capa;
		uint32_t flags;
		uint64_t req_time;
		uint64_t name;
	};
	char reserve[128];
};

struct cal_page_shm {
	union {
		struct {
			uint32_t version;
			uint32_t len;
			uint64_t free_until;
			uint64_t current_time;
			uint16_t running_id;
			uint16_t max_clients;
		};
		char header[4096];
	};
	union shm_client clients[SHM_NUM_CLIENTS];
};

/* The other side is a process of its own: no access may be left out. */
#define shm_get(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define shm_set(field, value) \
	__atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

int cal_page_init(struct cal_page *page, bool offered)
{
	const size_t size = sizeof(*page->shm);
	void *shm;

	page->shm = NULL;
	page->fd = memfd_create("roadtest-calendar",
				MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (page->fd < 0)
		return -errno;
	if (ftruncate(page->fd, size) ||
	    fcntl(page->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	shm = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, page->fd, 0);
	if (shm == MAP_FAILED)
		return -errno;
	page->shm = shm;
	page->shm->version = offered ? SHM_VERSION : 0;
	page->shm->len = size;
	page->shm->running_id = CAL_PAGE_GUEST;
	page->shm->max_clients = SHM_NUM_CLIENTS;
	/* Else the guest sends its requests as messages while we run. */
	page->shm->clients[0].capa = SHM_CAPA_TIME_SHARE;
	return 0;
}

void cal_page_close_fd(struct cal_page *page)
{
	if (page->fd >= 0)
		close(page->fd);
	page->fd = -1;
}

void cal_page_deinit(struct cal_page *page)
{
	cal_page_close_fd(page);
	if (page->shm)
		munmap(page->shm, sizeof(*page->shm));
	page->shm = NULL;
}

bool cal_page_is_taken(const struct cal_page *page)
{
	return page->shm && shm_get(page->shm->clients[CAL_PAGE_GUEST].capa) &
				    SHM_CAPA_TIME_SHARE;
}

void cal_page_run(struct cal_page *page, uint64_t now, uint64_t free_until)
{
	shm_set(page->shm->current_time, now);
	shm_set(page->shm->free_until, free_until);
	shm_set(page->shm->running_id, CAL_PAGE_GUEST);
}

void cal_page_wait(struct cal_page *page)
{
	shm_set(page->shm->running_id, 0);
}

void cal_page_set_time(struct cal_page *page, uint64_t now)
{
	shm_set(page->shm->current_time, now);
}

void cal_page_set_free_until(struct cal_page *page, uint64_t time)
{
	shm_set(page->shm->free_until, time);
}

uint64_t cal_page_time(const struct cal_page *page)
{
	return shm_get(page->shm->current_time);
}

uint64_t cal_page_request(const struct cal_page *page)
{
	const union shm_client *guest = &page->shm->clients[CAL_PAGE_GUEST];

	if (!(shm_get(guest->flags) & SHM_FLAG_REQ_RUN))
		return ROAD_NEVER;
	return shm_get(guest->req_time);
}
