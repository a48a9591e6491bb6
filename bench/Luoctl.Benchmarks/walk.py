"""Reads a handover as luoctl does, by drgn: sessions, files and each folio of a memfd, from LUO's head on.

    walk.py IMAGE ADDRESS      a raw image of memory, and the physical address of struct luo_ser in it

Prints a line for each memory file: session, token, size, folios, dirty ones. Sources: include/linux/kho/abi/luo.h, memfd.h, block.h
and kexec_handover.h of Linux 7.3.
"""
import os
import struct
import sys

import drgn

image = os.open(sys.argv[1], os.O_RDONLY)
program = drgn.Program(drgn.Platform(drgn.Architecture.X86_64, drgn.PlatformFlags.IS_64_BIT | drgn.PlatformFlags.IS_LITTLE_ENDIAN))
program.add_memory_segment(
    0, os.fstat(image).st_size, lambda address, count, offset, physical: os.pread(image, count, offset), True)


def read(address, count):
    return program.read(address, count, True)


def text(field):
    return field.split(b"\0", 1)[0].decode("latin-1")


def blocks(address, size):
    """The entries of a chain of blocks: struct kho_block_header_ser, then entries of that size."""
    while address:
        block = read(address, 4096)
        address, count = struct.unpack_from("<QQ", block)
        for i in range(count):
            yield block[16 + i * size:16 + (i + 1) * size]


def pages(address, order):
    """The pages of a kho_vmalloc: chunks that begin with the address of the next."""
    while address:
        chunk = struct.unpack("<512Q", read(address, 4096))
        address = chunk[0]
        for page in chunk[1:]:
            if not page:
                return
            yield read(page, 4096 << order)


_, sessions, _ = struct.unpack_from("<QQQ", read(int(sys.argv[2], 0), 32), 8)
for session in blocks(sessions, 80):
    files, _ = struct.unpack_from("<QQ", session, 64)
    for file in blocks(files, 64):
        if text(file[:48]) != "memfd-v2":
            continue
        record, token = struct.unpack_from("<QQ", file, 48)
        _, size, _, _, count, first, _, _, order = struct.unpack("<QQIIQQIHH", read(record, 48))
        seen = dirty = 0
        last = -1
        for page in pages(first, order):
            for word, index in struct.iter_unpack("<QQ", page):
                if seen == count:
                    break
                if index <= last or word & ((1 << 52) - 1) == 0:
                    sys.exit(f"the folio {seen} is out of order")
                last = index
                dirty += word >> 52 & 1
                seen += 1
        print(text(session[:64]), token, size, seen, dirty)
