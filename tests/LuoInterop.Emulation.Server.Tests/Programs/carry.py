"""Carries a text through two kexecs, and adds to it in each kernel."""
import ctypes
import fcntl
import os
import struct

TOKEN = 7
NAME = b"carry"
CREATE_SESSION, RETRIEVE_SESSION, PRESERVE_FD, RETRIEVE_FD, FINISH = 0xBA00, 0xBA01, 0xBA40, 0xBA41, 0xBA42
SYS_REBOOT, SYS_KEXEC_FILE_LOAD = 169, 320
NO_INITRAMFS = 4
libc = ctypes.CDLL(None, use_errno=True)


def system_call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def session_call(device, request):
    call = bytearray(struct.pack("=Ii64s", 72, 0, NAME))
    fcntl.ioctl(device, request, call)
    return struct.unpack_from("=i", call, 4)[0]


def command_line():
    with open("/proc/cmdline") as file:
        return file.read().strip()


def keep_and_jump(device, file, following):
    session = session_call(device, CREATE_SESSION)
    fcntl.ioctl(session, PRESERVE_FD, struct.pack("=IiQ", 16, file, TOKEN))
    line = f"{command_line()} luo_stage={following}".encode()
    kernel = os.open(os.environ["LUO_KERNEL"], os.O_RDONLY)
    system_call(SYS_KEXEC_FILE_LOAD, kernel, -1, ctypes.c_long(len(line) + 1), line, ctypes.c_long(NO_INITRAMFS))
    os.close(kernel)
    system_call(SYS_REBOOT, ctypes.c_uint(0xFEE1DEAD), 672274793, 0x45584543, None)


stages = [word[len("luo_stage="):] for word in command_line().split() if word.startswith("luo_stage=")]
stage = int(stages[-1]) if stages else 1
device = os.open("/dev/liveupdate", os.O_RDWR)
if stage == 1:
    file = os.memfd_create("carried")
    os.write(file, b"kernel 1")
    keep_and_jump(device, file, 2)
session = session_call(device, RETRIEVE_SESSION)
call = bytearray(struct.pack("=IiQ", 16, 0, TOKEN))
fcntl.ioctl(session, RETRIEVE_FD, call)
file = struct.unpack_from("=i", call, 4)[0]
text = os.pread(file, 256, 0) + f", kernel {stage}".encode()
fcntl.ioctl(session, FINISH, struct.pack("=II", 8, 0))
os.close(session)
os.pwrite(file, text, 0)
if stage == 2:
    keep_and_jump(device, file, 3)
print(text.decode())
