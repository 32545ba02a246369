// SPDX-License-Identifier: BSD-2-Clause
/*
 * pins.c - makes and clears pin directories on bpffs, under the lock of the interface.
 */
#include "capture/live/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/hook/iface_lock.h"

#define BPFFS	       "/sys/fs/bpf"
#define BPFFS_MAGIC    0xcafe4a11
#define DEFAULT_PARENT BPFFS "/weft"

enum {
	UNUSED_SEC = 10, /* a directory that changed less than this time ago may be in use */
	/* maximum number of times that a directory is made which another weft process removes */
	TRIES_MAX = 100,
};

static int take_lock(struct wf_pins *pins, const char *ifname)
{
	int fd = wf_iface_lock_take((int)if_nametoindex(ifname));

	if (fd == -EBUSY)
		wf_error("capture: %s: another weft process is using this interface", ifname);
	else if (fd < 0)
		wf_error("capture: %s: can't lock the interface: %s", ifname, strerror(-fd));
	if (fd < 0)
		return fd;
	pins->lock_fd = fd;
	return 0;
}

static int mount_bpffs(void)
{
	struct statfs fs;

	if (!statfs(BPFFS, &fs) && (unsigned long)fs.f_type == BPFFS_MAGIC)
		return 0;
	if (!mount("bpf", BPFFS, "bpf", 0, "mode=0700")) {
		wf_info("capture: mounted bpffs at " BPFFS);
		return 0;
	}
	return -errno;
}

/* Make each missing component of @dir. */
static int make_dirs(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/*
 * Unlink all pins. A directory outside of bpffs is never changed. Return: number of pins; -EINVAL
 * if the directory is not in a BPF file system; other negative errno.
 */
static int clear_dir(int dir_fd)
{
	struct dirent *entry;
	struct statfs fs;
	DIR *handle;
	int count = 0;
	int fd;

	if (fstatfs(dir_fd, &fs) || (unsigned long)fs.f_type != BPFFS_MAGIC)
		return -EINVAL;
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	handle = fd < 0 ? NULL : fdopendir(fd);
	if (!handle)
		return -errno;
	while ((entry = readdir(handle)))
		if (entry->d_name[0] != '.' && !unlinkat(dir_fd, entry->d_name, 0))
			count++;
	closedir(handle);
	return count;
}

/* Return the last component of the directory, its name in parent_fd. */
static const char *name_of(const struct wf_pins *pins)
{
	return strrchr(pins->dir, '/') + 1;
}

/* Open the directory. A default directory must not be a symbolic link. */
static int open_dir(struct wf_pins *pins)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	pins->dir_fd = pins->parent_fd < 0
			       ? open(pins->dir, flags)
			       : openat(pins->parent_fd, name_of(pins), flags | O_NOFOLLOW);
	return pins->dir_fd < 0 ? -errno : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Return true if the open directory no longer has its name. */
static bool is_removed(const struct wf_pins *pins)
{
	struct stat open, named;
	int err = pins->parent_fd < 0
			  ? stat(pins->dir, &named)
			  : fstatat(pins->parent_fd, name_of(pins), &named, AT_SYMLINK_NOFOLLOW);

	if (err)
		return errno == ENOENT;
	return !fstat(pins->dir_fd, &open) &&
	       (open.st_dev != named.st_dev || open.st_ino != named.st_ino);
}

/*
 * Lock the directory, so that it has only one owner, even across network namespaces. Return: 0;
 * -EBUSY if another weft process has locked it; -ENOENT if its last owner has removed it; other
 * negative errno.
 */
static int lock_dir(struct wf_pins *pins)
{
	int err = open_dir(pins);

	if (err)
		return err;
	if (flock(pins->dir_fd, LOCK_EX | LOCK_NB))
		err = -EBUSY;
	else if (is_removed(pins))
		err = -ENOENT;
	if (err)
		close_fd(&pins->dir_fd);
	return err;
}

/* Log that the pin directory can't be made, with a remedy. */
static void report_no_pin_dir(const char *dir, int err)
{
	const char *help = "";

	if (err == -EROFS)
		help = "; the BPF file system is mounted read-only: mount it for writing (mount -o "
		       "remount,rw " BPFFS "; for a container, without :ro), or name a directory "
		       "of another one with --pin";
	else if (err == -EACCES || err == -EPERM)
		help = "; make a directory for this user as root, and name it with --pin: mount -t "
		       "bpf bpf DIRECTORY && chown USER DIRECTORY (or give weft "
		       "CAP_DAC_OVERRIDE)";
	wf_error("capture: can't create the directory %s: %s%s", dir, strerror(-err), help);
}

/*
 * Make and open the parent of the default directories. pins->parent_fd changes only on success.
 * Another weft process that ends may remove the parent in between.
 */
static int make_parent(struct wf_pins *pins)
{
	int err = -ENOENT;
	int fd = -1;

	for (int i = 0; i < TRIES_MAX && err == -ENOENT; i++) {
		err = make_dirs(DEFAULT_PARENT);
		if (err)
			continue;
		fd = open(DEFAULT_PARENT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		err = fd < 0 ? -errno : 0;
	}
	if (err)
		return err;
	close_fd(&pins->parent_fd);
	pins->parent_fd = fd;
	return 0;
}

static int make_below_parent(const struct wf_pins *pins)
{
	return mkdirat(pins->parent_fd, name_of(pins), 0700) && errno != EEXIST ? -errno : 0;
}

/* Make the directory: below the parent, or with its missing parents. */
static int make_dir(struct wf_pins *pins)
{
	int err;

	if (pins->parent_fd < 0)
		return make_dirs(pins->dir);
	err = make_below_parent(pins);
	if (err != -ENOENT)
		return err;
	/* Another weft process has removed the parent, which was empty. */
	err = make_parent(pins);
	return err ? err : make_below_parent(pins);
}

/*
 * Make and lock the directory. Return: 0; -EBUSY if another weft process has locked it; other
 * negative errno.
 */
static int take_dir(struct wf_pins *pins)
{
	int err = -ENOENT;

	/* The last owner of the directory may remove it at any time before it is locked. */
	for (int i = 0; i < TRIES_MAX && err == -ENOENT; i++) {
		err = make_dir(pins);
		if (!err)
			err = lock_dir(pins);
	}
	if (err && err != -EBUSY)
		report_no_pin_dir(pins->dir, err);
	return err;
}

static int open_parent(struct wf_pins *pins)
{
	int err = make_parent(pins);

	/*
	 * An earlier run gave this directory to the user that weft changed to, and could then not
	 * remove it. Remove it, which succeeds if it is empty, and make it again.
	 */
	if (err == -EACCES && !rmdir(DEFAULT_PARENT))
		err = make_parent(pins);
	if (err)
		report_no_pin_dir(DEFAULT_PARENT, err);
	return err;
}

/* Remove the directory @name with its pins if it is not new and no process has locked it. */
static void remove_unused(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat made;

	if (fd < 0)
		return;
	/* A process that has just made its directory has not locked it yet. */
	if (!fstat(fd, &made) && time(NULL) - made.st_mtime > UNUSED_SEC &&
	    !flock(fd, LOCK_EX | LOCK_NB) && clear_dir(fd) >= 0)
		unlinkat(parent_fd, name, AT_REMOVEDIR);
	close(fd);
}

/*
 * Remove the directories IFNAME@NETNS of killed processes. No later process replaces them, because
 * a new network namespace has another number.
 */
static void remove_unused_dirs(int parent_fd)
{
	int fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *handle = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!handle)
		return;
	while ((entry = readdir(handle)))
		if (strchr(entry->d_name, '@'))
			remove_unused(parent_fd, entry->d_name);
	closedir(handle);
}

/*
 * Take the default directory of @ifname. If another weft process uses it, take a directory whose
 * name contains the number of this network namespace. The other process captures another interface
 * of this name, in another namespace or before the interface was renamed, or was given the
 * directory by --pin: the lock that the caller holds allows one process per interface.
 */
static int take_default_dir(struct wf_pins *pins, const char *ifname)
{
	struct stat netns;
	int err = open_parent(pins);

	if (err)
		return err;
	remove_unused_dirs(pins->parent_fd);
	snprintf(pins->dir, sizeof(pins->dir), DEFAULT_PARENT "/%s", ifname);
	err = take_dir(pins);
	if (err != -EBUSY || stat("/proc/self/ns/net", &netns))
		return err;
	snprintf(pins->dir, sizeof(pins->dir), DEFAULT_PARENT "/%s@%llu", ifname,
		 (unsigned long long)netns.st_ino);
	wf_info("capture: %s: maps are pinned in %s, because another weft process uses " DEFAULT_PARENT
		"/%s",
		ifname, pins->dir, ifname);
	return take_dir(pins);
}

/*
 * Take the directory @dir, or the default one if it is NULL, and remove stale pins from it. Return:
 * 0; -EINVAL if it is not in a BPF file system; other negative errno.
 */
static int make_pin_dir(struct wf_pins *pins, const char *ifname, const char *dir)
{
	int stale;
	int err;

	if (dir)
		snprintf(pins->dir, sizeof(pins->dir), "%s", dir);
	err = dir ? take_dir(pins) : take_default_dir(pins, ifname);
	if (err == -EBUSY)
		wf_error("capture: the pin directory %s is in use by another weft process; choose "
			 "another directory with --pin",
			 pins->dir);
	if (err)
		return err;
	stale = clear_dir(pins->dir_fd);
	if (stale == -EINVAL)
		wf_error("capture: %s: the pin directory must be in a BPF file system, such "
			 "as " BPFFS "; to mount one: mount -t bpf bpf DIRECTORY",
			 pins->dir);
	else if (stale < 0)
		wf_error("capture: can't read the pin directory %s: %s", pins->dir,
			 strerror(-stale));
	else if (stale)
		wf_info("capture: %s: replaced %d stale pins of a killed weft process", ifname,
			stale);
	return stale < 0 ? stale : 0;
}

static void report_no_bpffs(int err)
{
	wf_error("capture: no BPF file system is mounted at " BPFFS ", and it can't be mounted: "
		 "%s%s. Mount it as root: mount -t bpf bpf " BPFFS
		 " (for a container: on its host, "
		 "then give it to the container: docker run -v " BPFFS ":" BPFFS "), or name a "
		 "directory of a BPF file system at another place with --pin",
		 strerror(-err),
		 access(BPFFS, F_OK) ? ", because the directory does not exist and can't be made"
				     : "");
}

int wf_pins_open(struct wf_pins *pins, const char *ifname, const char *dir)
{
	int err;

	pins->dir[0] = 0;
	pins->lock_fd = pins->dir_fd = pins->parent_fd = -1;
	err = take_lock(pins, ifname);
	if (err)
		goto close;
	/* A directory that the user names may be in a bpffs at another place. */
	err = dir ? 0 : mount_bpffs();
	if (err) {
		report_no_bpffs(err);
		err = -EOPNOTSUPP;
		goto close;
	}
	err = make_pin_dir(pins, ifname, dir);
	if (!err)
		return 0;
	/*
	 * The directory may belong to another weft process, so wf_pins_close() must not clear it.
	 */
	pins->dir[0] = 0;

close:
	wf_pins_close(pins);
	return err;
}

int wf_pins_add(const struct wf_pins *pins, const char *name, int fd)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", pins->dir_fd, name);
	err = bpf_obj_pin(fd, path);
	if (err)
		wf_error("capture: can't pin %s/%s: %s", pins->dir, name, strerror(-err));
	return err;
}

static void remove_dir(struct wf_pins *pins)
{
	if (pins->dir_fd >= 0)
		clear_dir(pins->dir_fd);
	if (pins->parent_fd < 0) {
		rmdir(pins->dir);
		return;
	}
	unlinkat(pins->parent_fd, name_of(pins), AT_REMOVEDIR);
	/*
	 * Remove the parent if it is empty; rmdir() fails while it has other entries, and if weft
	 * runs as another user than root.
	 */
	rmdir(DEFAULT_PARENT);
}

void wf_pins_close(struct wf_pins *pins)
{
	if (pins->dir[0])
		remove_dir(pins);
	pins->dir[0] = 0;
	close_fd(&pins->dir_fd);
	close_fd(&pins->parent_fd);
	close_fd(&pins->lock_fd);
}
