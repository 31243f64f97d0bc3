// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * image.c - a kernel that somebody else has built: `--kernel IMAGE`
 *
 * A machine wants a directory as bundle.c makes it. For an image one is made
 * in the cache, of links to the image, its modules and the bindings; nothing
 * is copied.
 *
 *	images/KEY	its name is the hash of all that is in it
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct image {
	char *path;		/* of the program */
	char *dir;		/* where it is */
	char *release;		/* 6.12.1 */
	char *config;		/* its .config */
	char *modules;		/* has lib/modules/RELEASE; NULL: none needed */
	char *include;		/* has dt-bindings; NULL: not found */
};

/* Lines that the image prints about itself; NULL if it prints nothing. */
static char *image_says(const struct image *image, const char *option)
{
	/* What is no kernel may complain. */
	char *argv[] = { "sh", "-c", "exec \"$0\" \"$1\" 2>/dev/null",
			 image->path, (char *)option, NULL };
	int status;
	char *said = process_output_status(argv, &status);
	char *whole = said && *said ? text("%s\n", said) : NULL;

	free(said);
	return whole;
}

static bool config_has(const char *config, const char *line)
{
	char *whole = text("\n%s\n", line);
	bool has = strstr(config, whole);

	free(whole);
	return has;
}

/* Ask it. A kernel for UML is a program, and prints its configuration. */
static bool image_ask(struct image *image)
{
	image->config = image_says(image, "--showconfig");
	if (image->config && config_has(image->config, "CONFIG_UML=y"))
		image->release = image_says(image, "--version");
	if (image->release)
		image->release[strcspn(image->release, "\n")] = '\0';
	if (!image->release) {
		cli_error("%s is no kernel for User Mode Linux (\"%s --showconfig\" does not say CONFIG_UML=y)",
			  image->path, image->path);
		cli_remedy("build one with \"make ARCH=um linux modules\", or let \"roadtest kernel --source TREE\" do it");
	}
	return image->release;
}

/* @from/@sub, if @probe is in it; else NULL. */
static char *place(const char *from, const char *sub, const char *probe)
{
	char *path = text("%s/%s", from, sub);
	char *whole = text("%s/%s", path, probe);

	if (!file_exists(whole)) {
		free(path);
		path = NULL;
	}
	free(whole);
	return path;
}

/* Where `make modules_install INSTALL_MOD_PATH=...` may have put them. */
static bool image_find_modules(struct image *image)
{
	static const char *const places[] = { "modules", ".", "..", NULL };
	char *build = text("%s/Makefile", image->dir);
	char *probe = text("lib/modules/%s/modules.dep", image->release);
	bool found;

	for (size_t i = 0; places[i] && !image->modules; i++)
		image->modules = place(image->dir, places[i], probe);
	found = image->modules || !strstr(image->config, "=m\n");
	if (!found) {
		cli_error("there are no modules for %s (release %s)",
			  image->path, image->release);
		cli_remedy("make -C %s ARCH=um modules_install INSTALL_MOD_PATH=%s/modules",
			   file_exists(build) ? image->dir : "BUILD_DIRECTORY",
			   image->dir);
	}
	free(probe);
	free(build);
	return found;
}

/* In a directory of our own, in the tree of the source, or named by the link
 * "source" of a build elsewhere. */
static void image_find_include(struct image *image)
{
	image->include = place(image->dir, "include", "dt-bindings");
	if (!image->include)
		image->include = place(image->dir, "source/include",
				       "dt-bindings");
}

static char *image_info(const struct image *image)
{
	bool check = config_has(image->config, "CONFIG_KASAN=y") ||
		     config_has(image->config, "CONFIG_PROVE_LOCKING=y");

	return text("release=%s\nflavour=%s\nsource=%s\n", image->release,
		    check ? "check" : "fast", image->path);
}

static bool write_into(const char *dir, const char *name, const char *content)
{
	char *path = text("%s/%s", dir, name);
	bool ok = file_write(path, content);

	free(path);
	return ok;
}

static bool make_link(const char *target, const char *dir, const char *name)
{
	char *path = text("%s/%s", dir, name);
	bool ok = !target ? make_directories(path) : !symlink(target, path);

	if (!ok)
		cli_error("can't make the link %s: %m", path);
	free(path);
	return ok;
}

/* Whatever has the name is complete. */
static bool image_make(const struct image *image, const char *info,
		       const char *dir)
{
	char *temp = text("%s.%d", dir, getpid());
	bool ok;

	if (is_directory(dir)) {
		free(temp);
		return true;
	}
	ok = make_directories(temp) && write_into(temp, "info", info) &&
	     write_into(temp, "config", image->config) &&
	     make_link(image->path, temp, "linux") &&
	     make_link(image->modules, temp, "modules") &&
	     make_link(image->include, temp, "include") &&
	     /* Another run may have been faster. */
	     (!rename(temp, dir) || is_directory(dir));
	remove_tree(temp);
	free(temp);
	return ok;
}

/* Return: the directory, to be freed; NULL after a message. */
static char *image_directory(const struct image *image)
{
	char *info = image_info(image);
	char *all = text("%s\n%s\n%s\n%s", info,
			 image->modules ? image->modules : "",
			 image->include ? image->include : "", image->config);
	char *cache = cache_dir(), *hash = hash_text(all);
	char *dir = text("%s/images/%s", cache, hash);

	if (!image_make(image, info, dir)) {
		free(dir);
		dir = NULL;
	}
	free(hash);
	free(cache);
	free(all);
	free(info);
	return dir;
}

char *image_use(const char *path)
{
	struct image image = { .path = realpath(path, NULL) };
	char *dir = NULL;

	if (!image.path || access(image.path, X_OK)) {
		cli_error("%s: %m", path);
	} else {
		image.dir = text("%.*s",
				 (int)(strrchr(image.path, '/') - image.path),
				 image.path);
		if (image_ask(&image) && image_find_modules(&image)) {
			image_find_include(&image);
			dir = image_directory(&image);
		}
	}
	free(image.path);
	free(image.dir);
	free(image.release);
	free(image.config);
	free(image.modules);
	free(image.include);
	return dir;
}
