// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * driver-find.c - find the driver of a chip in a kernel's source
 *
 * The drivers below the subsystem's folder are read, and the one is taken that
 * fits best: by the compatible if one was given, else by the names of its file
 * and of its chips. A driver that is split into files is the one that
 * registers with the I2C bus.
 */
#include "new.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Files (".c") or folders below ROOT/FOLDER, as paths below ROOT, sorted. */
static void walk(const char *root, const char *folder, bool folders,
		 struct strings *out)
{
	char *full = text("%s/%s", root, folder);
	struct dirent **entries = NULL;
	int num = scandir(full, &entries, NULL, alphasort);

	for (int i = 0; i < num; i++) {
		const char *name = entries[i]->d_name;
		bool is_dir = entries[i]->d_type == DT_DIR;
		char *path = text("%s/%s", folder, name);

		if (*name != '.' && is_dir)
			walk(root, path, folders, out);
		if (*name != '.' && is_dir == folders &&
		    (folders || ends_with(name, ".c")))
			strings_add(out, text("%s", path));
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(full);
}

/* "rtc-pcf8563" and "bmp280-i2c" are files of these chips. */
bool driver_file_fits(const char *file, const char *chip)
{
	size_t len = strlen(file), tail = strlen(chip);
	char *head;
	bool fits;

	if (near_same(file, chip))
		return true;
	if (len <= tail)
		return false;
	if (strchr("-_", file[len - tail - 1]) &&
	    near_same(file + len - tail, chip))
		return true;
	head = text("%.*s", (int)tail, file);
	fits = strchr("-_", file[tail]) && near_same(head, chip);
	free(head);
	return fits;
}

static bool names_fit(const struct driver *driver, const char *chip)
{
	for (size_t i = 0; i < driver->compatibles.num; i++)
		if (near_same(compatible_chip(driver->compatibles.items[i]),
			      chip))
			return true;
	for (size_t i = 0; i < driver->ids.num; i++)
		if (near_same(driver->ids.items[i], chip))
			return true;
	return false;
}

/* How well a driver fits; 0: not at all. */
static int fit(const struct driver *driver, const struct driver_wish *wish)
{
	const char *compatible = wish->compatible;
	int points = 0;

	/* Better than "there is none" if nothing else fits. */
	if (!driver->i2c && !driver->spi && !driver->platform)
		return !compatible && near_same(driver->name, wish->chip);
	if (compatible && strings_have(&driver->compatibles, compatible))
		points += 32;
	else if (compatible && strings_have(&driver->ids,
					    compatible_chip(compatible)))
		points += 16;
	else if (compatible && (driver->compatibles.num || driver->ids.num))
		return 0;	/* without a table: it may be in another file */
	if (driver_file_fits(driver->name, wish->chip))
		points += near_same(driver->name, wish->chip) ? 6 : 4;
	if (names_fit(driver, wish->chip))
		points += 3;
	/* Of several that fit, the one that can be tested. */
	return points && driver->i2c ? points + 8 : points;
}

/* Everything by which a driver might have been meant. */
static void add_names(const struct driver *driver, struct strings *names)
{
	if (!driver->i2c && !driver->spi && !driver->platform)
		return;
	strings_add(names, text("%s", driver->name));
	for (size_t i = 0; i < driver->compatibles.num; i++)
		strings_add(names, text("%s", compatible_chip(
					driver->compatibles.items[i])));
	for (size_t i = 0; i < driver->ids.num; i++)
		strings_add(names, text("%s", driver->ids.items[i]));
}

static void add_matches(const struct driver *driver, struct strings *matches)
{
	for (size_t i = 0; i < driver->compatibles.num; i++)
		strings_add(matches, text("%s", driver->compatibles.items[i]));
}

/* drivers/SUBSYSTEM, or SUBSYSTEM at the top (sound/soc/codecs). */
static char *subsystem_folder(const struct driver_wish *wish)
{
	static const char *const tops[] = { "drivers/", "" };

	for (size_t i = 0; i < 2; i++) {
		char *folder = text("%s%s", tops[i], wish->subsystem);
		char *full = text("%s/%s", wish->root, folder);
		bool there = is_directory(full);

		free(full);
		if (there)
			return folder;
		free(folder);
	}
	return NULL;
}

static void no_subsystem(const struct driver_wish *wish)
{
	struct strings folders = { 0 };

	cli_error("%s has no folder drivers/%s", wish->root, wish->subsystem);
	walk(wish->root, "drivers", true, &folders);
	for (size_t i = 0; i < folders.num; i++)
		memmove(folders.items[i],
			folders.items[i] + strlen("drivers/"),
			strlen(folders.items[i] + strlen("drivers/")) + 1);
	near_suggest(wish->subsystem, &folders);
	strings_deinit(&folders);
}

static bool has_bus(const char *root, const char *path)
{
	struct driver driver = { 0 };
	bool has = driver_read(&driver, root, path) &&
		   (driver.i2c || driver.spi || driver.platform);

	driver_deinit(&driver);
	return has;
}

/* It may be in another folder, which the names of files tell. */
static void suggest_elsewhere(const struct driver_wish *wish)
{
	struct strings files = { 0 }, commands = { 0 };

	walk(wish->root, "drivers", false, &files);
	for (size_t i = 0; i < files.num && commands.num < 5; i++) {
		const char *path = files.items[i] + strlen("drivers/");
		const char *base = strrchr(files.items[i], '/') + 1;
		char *name = text("%.*s", (int)strlen(base) - 2, base);
		char *command = text("roadtest new %.*s%s", (int)(base - path),
				     path, wish->chip);

		if (driver_file_fits(name, wish->chip) &&
		    !strings_have(&commands, command) &&
		    has_bus(wish->root, files.items[i])) {
			cli_remedy("there is %s: %s", files.items[i], command);
			strings_add(&commands, text("%s", command));
		}
		free(command);
		free(name);
	}
	strings_deinit(&commands);
	strings_deinit(&files);
}

/* @matches: compatibles of drivers that have the name of the chip. */
static void no_driver(const struct driver_wish *wish, const char *folder,
		      const struct strings *names,
		      const struct strings *matches)
{
	cli_error("no driver in %s is for %s", folder,
		  wish->compatible ? wish->compatible : wish->chip);
	near_suggest(wish->compatible ? compatible_chip(wish->compatible) :
					wish->chip, names);
	if (!wish->compatible)
		suggest_elsewhere(wish);
	for (size_t i = 0; i < matches->num; i++)
		cli_remedy("that of %s is for %s", wish->chip,
			   matches->items[i]);
	cli_remedy("or name its source: --driver %s/FILE.c", folder);
}

static bool find_below(struct driver *best, const struct driver_wish *wish,
		       const char *folder)
{
	struct strings files = { 0 }, names = { 0 }, matches = { 0 };
	int most = 0;

	walk(wish->root, folder, false, &files);
	for (size_t i = 0; i < files.num; i++) {
		struct driver driver;
		int points;

		if (!driver_read(&driver, wish->root, files.items[i]))
			continue;
		add_names(&driver, &names);
		if (wish->compatible && (driver_file_fits(driver.name, wish->chip) ||
					 names_fit(&driver, wish->chip)))
			add_matches(&driver, &matches);
		points = fit(&driver, wish);
		if (points > most) {
			struct driver old = *best;

			*best = driver;
			driver = old;
			most = points;
		}
		driver_deinit(&driver);
	}
	if (!most)
		no_driver(wish, folder, &names, &matches);
	strings_deinit(&files);
	strings_deinit(&names);
	strings_deinit(&matches);
	return most;
}

/* A name as it is seen from the kernel's source, if it is in there. */
static bool find_given(struct driver *driver, const struct driver_wish *wish)
{
	char *full = realpath(wish->file, NULL);
	char *root = realpath(wish->root, NULL);
	const char *path = full ? full : wish->file;
	bool ok;

	if (full && root && starts_with(full, root) &&
	    full[strlen(root)] == '/')
		path = full + strlen(root) + 1;
	ok = driver_read(driver, wish->root, path);
	if (!ok)
		cli_error("--driver %s: %m", wish->file);
	free(full);
	free(root);
	return ok;
}

/* The driver of the same chips on the other bus, in the same folder: the path,
 * or NULL. "bmp280-spi" has "bmp280-i2c". */
char *driver_i2c_sibling(const struct driver *driver, const char *root)
{
	size_t slash = strrchr(driver->path, '/') ?
			       strrchr(driver->path, '/') - driver->path : 0;
	char *folder = text("%.*s", (int)slash, driver->path);
	size_t head = strcspn(driver->name, "-_");
	struct strings files = { 0 };
	char *found = NULL;

	walk(root, folder, false, &files);
	for (size_t i = 0; i < files.num && !found; i++) {
		struct driver other;

		if (!driver_read(&other, root, files.items[i]))
			continue;
		if (other.i2c && strcmp(other.path, driver->path) &&
		    !strncmp(other.name, driver->name, head) &&
		    strchr("-_", other.name[head]))
			found = text("%s", other.path);
		driver_deinit(&other);
	}
	strings_deinit(&files);
	free(folder);
	return found;
}

bool driver_find(struct driver *driver, const struct driver_wish *wish)
{
	char *folder;
	bool ok;

	*driver = (struct driver){ 0 };
	if (!wish->subsystem) {
		cli_error("\"%s\" is not SUBSYSTEM/CHIP, such as hwmon/lm75",
			  wish->chip);
		suggest_elsewhere(wish);
		return false;
	}
	if (wish->file)
		return find_given(driver, wish);
	folder = subsystem_folder(wish);
	if (!folder) {
		no_subsystem(wish);
		return false;
	}
	ok = find_below(driver, wish, folder);
	free(folder);
	return ok;
}
