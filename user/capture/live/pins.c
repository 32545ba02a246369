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
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/hook/iface_lock.h"

#define BPFFS	    "/sys/fs/bpf"
#define BPFFS_MAGIC 0xcafe4a11

static int take_lock(struct wf_pins *pins, const char *ifname)
{
	int fd = wf_iface_lock_take((int)if_nametoindex(ifname));

	if (fd == -EBUSY)
		wf_error("capture: %s: another weft process is using this interface", ifname);
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
 * Unlink all pins in @dir. A directory outside of bpffs is never changed. Return: number of pins;
 * -EINVAL if @dir is not in a BPF file system; other negative errno.
 */
static int clear_dir(const char *dir)
{
	struct dirent *entry;
	struct statfs fs;
	DIR *handle;
	int count = 0;

	if (statfs(dir, &fs) || (unsigned long)fs.f_type != BPFFS_MAGIC)
		return -EINVAL;
	handle = opendir(dir);
	if (!handle)
		return -errno;
	while ((entry = readdir(handle)))
		if (entry->d_name[0] != '.' && !unlinkat(dirfd(handle), entry->d_name, 0))
			count++;
	closedir(handle);
	return count;
}

/* Lock the directory, so that it has only one owner, even across network namespaces. */
static int lock_dir(struct wf_pins *pins)
{
	pins->dir_fd = open(pins->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pins->dir_fd < 0)
		return -errno;
	if (!flock(pins->dir_fd, LOCK_EX | LOCK_NB))
		return 0;
	close(pins->dir_fd);
	pins->dir_fd = -1;
	return -EBUSY;
}

/* Log that the pin directory can't be made, with a remedy. */
static void tell_no_pin_dir(const char *dir, int err)
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
 * Make and lock the directory. Return: 0; -EBUSY if another weft process has locked it; other
 * negative errno.
 */
static int take_dir(struct wf_pins *pins)
{
	int err = make_dirs(pins->dir);

	if (!err)
		return lock_dir(pins);
	tell_no_pin_dir(pins->dir, err);
	return err;
}

/*
 * Take the default directory of @ifname. If a weft process in another network namespace uses it for
 * an interface of the same name, take a directory whose name contains the number of this namespace.
 */
static int take_default_dir(struct wf_pins *pins, const char *ifname)
{
	struct stat netns;
	int err;

	snprintf(pins->dir, sizeof(pins->dir), BPFFS "/weft/%s", ifname);
	err = take_dir(pins);
	if (err != -EBUSY || stat("/proc/self/ns/net", &netns))
		return err;
	snprintf(pins->dir, sizeof(pins->dir), BPFFS "/weft/%s@%llu", ifname,
		 (unsigned long long)netns.st_ino);
	wf_info("capture: %s: maps are pinned in %s, because a weft process in another network "
		"namespace uses the same name",
		ifname, pins->dir);
	return take_dir(pins);
}

/* Take the directory @dir, or the default one if it is NULL, and remove stale pins from it. */
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
	stale = clear_dir(pins->dir);
	if (stale < 0)
		wf_error("capture: %s: the pin directory must be in a BPF file system, such "
			 "as " BPFFS "; to mount one: mount -t bpf bpf DIRECTORY",
			 pins->dir);
	else if (stale)
		wf_info("capture: %s: replaced %d stale pins of a killed weft process", ifname,
			stale);
	return stale < 0 ? stale : 0;
}

static void tell_no_bpffs(int err)
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
	pins->lock_fd = pins->dir_fd = -1;
	err = take_lock(pins, ifname);
	if (err)
		goto close;
	/* A directory that the user names may be in a bpffs at another place. */
	err = dir ? 0 : mount_bpffs();
	if (err) {
		tell_no_bpffs(err);
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
	char path[PATH_MAX + 32];
	int err;

	snprintf(path, sizeof(path), "%s/%s", pins->dir, name);
	err = bpf_obj_pin(fd, path);
	if (err)
		wf_error("capture: can't pin %s: %s", path, strerror(-err));
	return err;
}

void wf_pins_close(struct wf_pins *pins)
{
	if (pins->dir[0]) {
		clear_dir(pins->dir);
		rmdir(pins->dir);
		/* Remove the parent if it is empty; rmdir() fails while it has other entries. */
		rmdir(BPFFS "/weft");
	}
	pins->dir[0] = 0;
	if (pins->dir_fd >= 0)
		close(pins->dir_fd);
	if (pins->lock_fd >= 0)
		close(pins->lock_fd);
	pins->lock_fd = pins->dir_fd = -1;
}
