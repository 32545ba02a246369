/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret.h - files with keys and credentials, kept in memory and erased when freed.
 */
#ifndef WF_BUS_SECRET_H
#define WF_BUS_SECRET_H

/* The parts of a credentials file; each is owned and NULL if missing. */
struct wf_bus_credentials {
	char *jwt;  /* the signed claims of the user */
	char *seed; /* the user's private key */
};

/*
 * Read the file @path into a string of at most 1 MiB. Return: 0; -EFBIG if it is longer; -EINVAL if
 * it contains a zero byte; -ENOMEM; errors of open(2) and read(2).
 */
int wf_bus_secret_read(const char *path, char **ret_text);

/* Erase and free @text. NULL is allowed. */
void wf_bus_secret_free(char *text);

/*
 * Find the JWT and the seed in @text, the contents of a credentials file. Return: 0; -EINVAL if
 * either is missing; -ENOMEM.
 */
int wf_bus_credentials_parse(const char *text, struct wf_bus_credentials *ret_credentials);

void wf_bus_credentials_free(struct wf_bus_credentials *credentials);

#endif
