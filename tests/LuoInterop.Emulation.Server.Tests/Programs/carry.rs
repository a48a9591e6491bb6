//! Carries a text through two kexecs, and adds to it in each kernel. The standard library is all it needs.
use std::ffi::{c_char, c_int, c_long, c_ulong, CString};
use std::fs::{self, File, OpenOptions};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

const CREATE_SESSION: c_ulong = 0xba00;
const RETRIEVE_SESSION: c_ulong = 0xba01;
const PRESERVE_FD: c_ulong = 0xba40;
const RETRIEVE_FD: c_ulong = 0xba41;
const FINISH: c_ulong = 0xba42;
const SYS_REBOOT: c_long = 169;
const SYS_KEXEC_FILE_LOAD: c_long = 320;
const NO_INITRAMFS: c_long = 4;
const TOKEN: u64 = 7;

extern "C" {
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    fn memfd_create(name: *const c_char, flags: u32) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
}

#[repr(C)]
struct Named {
    size: u32,
    fd: c_int,
    name: [u8; 64],
}

#[repr(C)]
struct Tokened {
    size: u32,
    fd: c_int,
    token: u64,
}

#[repr(C)]
struct Plain {
    size: u32,
    reserved: u32,
}

fn check(what: &str, result: c_long) {
    if result < 0 {
        panic!("{what}: {}", std::io::Error::last_os_error());
    }
}

fn session_call(device: &File, request: c_ulong) -> File {
    let mut call = Named { size: 72, fd: 0, name: [0; 64] };
    call.name[..5].copy_from_slice(b"carry");
    check("ioctl", unsafe { ioctl(device.as_raw_fd(), request, &mut call) } as c_long);
    unsafe { File::from_raw_fd(call.fd) }
}

fn command_line() -> String {
    fs::read_to_string("/proc/cmdline").unwrap().trim().to_string()
}

fn keep_and_jump(device: &File, file: &File, next: u32) {
    let session = session_call(device, CREATE_SESSION);
    let mut call = Tokened { size: 16, fd: file.as_raw_fd(), token: TOKEN };
    check("PRESERVE_FD", unsafe { ioctl(session.as_raw_fd(), PRESERVE_FD, &mut call) } as c_long);
    let line = CString::new(format!("{} luo_stage={next}", command_line())).unwrap();
    let length = line.as_bytes_with_nul().len() as c_long;
    let kernel = File::open(std::env::var("LUO_KERNEL").unwrap()).unwrap();
    check("kexec_file_load", unsafe {
        syscall(SYS_KEXEC_FILE_LOAD, kernel.as_raw_fd() as c_long, -1 as c_long, length, line.as_ptr(), NO_INITRAMFS)
    });
    drop(kernel);
    check("reboot", unsafe { syscall(SYS_REBOOT, 0xfee1dead as c_long, 672274793 as c_long, 0x45584543 as c_long, 0 as c_long) });
}

fn main() {
    let line = command_line();
    let stage = line.split_whitespace().filter_map(|word| word.strip_prefix("luo_stage=")).last().map_or(1, |word| word.parse().unwrap());
    let device = OpenOptions::new().read(true).write(true).open("/dev/liveupdate").unwrap();
    if stage == 1 {
        let name = CString::new("carried").unwrap();
        let fd = unsafe { memfd_create(name.as_ptr(), 0) };
        check("memfd_create", fd as c_long);
        let file = unsafe { File::from_raw_fd(fd) };
        file.write_all_at(b"kernel 1", 0).unwrap();
        keep_and_jump(&device, &file, 2);
    }
    let session = session_call(&device, RETRIEVE_SESSION);
    let mut call = Tokened { size: 16, fd: 0, token: TOKEN };
    check("RETRIEVE_FD", unsafe { ioctl(session.as_raw_fd(), RETRIEVE_FD, &mut call) } as c_long);
    let file = unsafe { File::from_raw_fd(call.fd) };
    let mut buffer = [0u8; 256];
    let length = file.read_at(&mut buffer, 0).unwrap();
    let mut end = Plain { size: 8, reserved: 0 };
    check("FINISH", unsafe { ioctl(session.as_raw_fd(), FINISH, &mut end) } as c_long);
    drop(session);
    let text = format!("{}, kernel {stage}", std::str::from_utf8(&buffer[..length]).unwrap());
    file.write_all_at(text.as_bytes(), 0).unwrap();
    if stage == 2 {
        keep_and_jump(&device, &file, 3);
    }
    println!("{text}");
}
