/*
 * The init of a kernel that cannot mount the host's root: says on the console what the kernel before left it, and resets the machine,
 * with which QEMU ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
	struct utsname kernel;
	int device;

	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) || mount("sysfs", "/sys", "sysfs", 0, NULL)
	    || mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL) || uname(&kernel)) {
		printf("\nluo-found: init fails %s\n", strerrorname_np(errno));
	} else {
		printf("\nluo-release: %s\n", kernel.release);
		printf("luo-kho: %s\n", access("/sys/kernel/debug/kho", F_OK) ? strerrorname_np(errno) : "there");
		device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);
		printf("luo-found: %s\n", device >= 0 ? "device" : strerrorname_np(errno));
	}

	fflush(stdout);
	sleep(1);
	reboot(RB_AUTOBOOT);
	return 1;
}
