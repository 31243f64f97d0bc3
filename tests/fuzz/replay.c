// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * replay.c - main() for fuzz targets without a fuzzer: runs each file of the
 * directories and files that are its arguments
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	uint8_t *data = NULL;
	struct stat st;
	FILE *file;

	file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &st))
		return -1;
	/* Exactly as long as the input, so that a step too far is seen. */
	data = malloc(st.st_size ? st.st_size : 1);
	if (!data || fread(data, 1, st.st_size, file) != (size_t)st.st_size)
		return -1;
	fclose(file);
	LLVMFuzzerTestOneInput(data, st.st_size);
	free(data);
	return 0;
}

static int replay_dir(const char *path)
{
	struct dirent **entries;
	int num, ret = 0, files = 0;

	num = scandir(path, &entries, NULL, alphasort);
	if (num < 0)
		return -1;
	for (int i = 0; i < num; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path,
			 entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			/* Last, before a crash: who did it. */
			printf("%s\n", name);
			fflush(stdout);
			if (replay_file(name))
				ret = -1;
			files++;
		}
		free(entries[i]);
	}
	free(entries);
	/* An empty corpus is a mistake, not a success. */
	return files ? ret : -1;
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc < 2)
		return 2;
	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) ||
		    (S_ISDIR(st.st_mode) ? replay_dir(argv[i]) :
					   replay_file(argv[i]))) {
			fprintf(stderr, "%s: can't be replayed\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
