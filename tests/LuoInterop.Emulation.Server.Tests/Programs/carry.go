// Carries a text through two kexecs, and adds to it in each kernel.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const (
	createSession   = 0xba00
	retrieveSession = 0xba01
	preserveFd      = 0xba40
	retrieveFd      = 0xba41
	finish          = 0xba42
	token           = 7
	kexecFileLoad   = 320
	memfdCreate     = 319
	noInitramfs     = 4
)

type named struct {
	size uint32
	fd   int32
	name [64]byte
}

type tokened struct {
	size  uint32
	fd    int32
	token uint64
}

type plain struct {
	size, reserved uint32
}

func check(what string, errno syscall.Errno) {
	if errno != 0 {
		fmt.Fprintln(os.Stderr, what+":", errno)
		os.Exit(1)
	}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	check("ioctl", errno)
}

func sessionCall(device int, request uintptr) int {
	call := named{size: 72}
	copy(call.name[:], "carry")
	ioctl(device, request, unsafe.Pointer(&call))
	return int(call.fd)
}

func commandLine() string {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(line))
}

func keepAndJump(device, file, next int) {
	session := sessionCall(device, createSession)
	ioctl(session, preserveFd, unsafe.Pointer(&tokened{size: 16, fd: int32(file), token: token}))
	line := append([]byte(fmt.Sprintf("%s luo_stage=%d", commandLine(), next)), 0)
	kernel, err := os.Open(os.Getenv("LUO_KERNEL"))
	if err != nil {
		panic(err)
	}
	_, _, errno := syscall.Syscall6(kexecFileLoad, kernel.Fd(), ^uintptr(0), uintptr(len(line)), uintptr(unsafe.Pointer(&line[0])), noInitramfs, 0)
	check("kexec_file_load", errno)
	kernel.Close()
	_, _, errno = syscall.Syscall6(syscall.SYS_REBOOT, 0xfee1dead, 672274793, 0x45584543, 0, 0, 0)
	check("reboot", errno)
}

func main() {
	stage := 1
	for _, word := range strings.Fields(commandLine()) {
		if strings.HasPrefix(word, "luo_stage=") {
			stage, _ = strconv.Atoi(word[len("luo_stage="):])
		}
	}
	opened, err := os.OpenFile("/dev/liveupdate", os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	device := int(opened.Fd())
	if stage == 1 {
		name := []byte("carried\x00")
		file, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name[0])), 0, 0)
		check("memfd_create", errno)
		syscall.Write(int(file), []byte("kernel 1"))
		keepAndJump(device, int(file), 2)
	}
	session := sessionCall(device, retrieveSession)
	call := tokened{size: 16, token: token}
	ioctl(session, retrieveFd, unsafe.Pointer(&call))
	file := int(call.fd)
	buffer := make([]byte, 256)
	length, _ := syscall.Pread(file, buffer, 0)
	ioctl(session, finish, unsafe.Pointer(&plain{size: 8}))
	syscall.Close(session)
	text := fmt.Sprintf("%s, kernel %d", buffer[:length], stage)
	syscall.Pwrite(file, []byte(text), 0)
	if stage == 2 {
		keepAndJump(device, file, 3)
	}
	fmt.Println(text)
}
